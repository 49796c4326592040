//! The sources of the program as a test reads them: without their tests, and as the string literals in them.

use std::path::{Path, PathBuf};

/// A Rust file of the program.
pub struct Source {
    /// Its path from the top of the repository.
    pub path: String,
    /// Its text, without the tests at its end.
    pub code: String,
}

/// All Rust files below a folder of the repository but those that hold only tests or data for tests, sorted by path.
pub fn below(folder: &str) -> Vec<Source> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect(&top.join(folder), &mut files);
    files.sort();
    files.retain(|path| !path.to_str().unwrap().ends_with("tests.rs") && !path.ends_with("store/sample.rs"));
    files
        .iter()
        .map(|path| {
            let text = std::fs::read_to_string(path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap().to_owned();
            Source { path: path.strip_prefix(top).unwrap().to_str().unwrap().to_owned(), code }
        })
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The string literals of Rust code as they are written, but each in one line: a line that goes on after a `\` is joined,
/// and any other end of a line is written as `\n`.
pub fn literals(code: &str) -> Vec<String> {
    let mut literals = Vec::new();
    let mut rest = code;
    let mut before = ' ';
    while let Some(first) = rest.chars().next() {
        let is_word = before.is_alphanumeric() || before == '_';
        let raw = (first == 'r' && (!is_word || before == 'b')).then(|| opening_of_raw(rest)).flatten();
        let skipped = if let Some(hashes) = raw {
            let text = &rest[hashes + 2..];
            let length = text.find(&format!("\"{}", "#".repeat(hashes))).unwrap();
            literals.push(text[..length].replace('\n', "\\n"));
            2 * hashes + 3 + length
        } else if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if first == '"' {
            let (literal, length) = quoted(&rest[1..]);
            literals.push(literal);
            length + 1
        } else if first == '\'' {
            length_of_character(rest)
        } else {
            first.len_utf8()
        };
        before = first;
        rest = &rest[skipped..];
    }
    literals
}

/// How many `#` a raw string that begins here has.
fn opening_of_raw(text: &str) -> Option<usize> {
    let after = text[1..].trim_start_matches('#');
    after.starts_with('"').then_some(text.len() - 1 - after.len())
}

/// The literal whose opening quote is before `text`, and how much of it that is with the closing quote.
fn quoted(text: &str) -> (String, usize) {
    let mut literal = String::new();
    let mut rest = text;
    loop {
        let special = rest.find(['"', '\\', '\n']).unwrap();
        literal.push_str(&rest[..special]);
        let after = &rest[special + 1..];
        match rest.as_bytes()[special] {
            b'"' => return (literal, text.len() - after.len()),
            b'\n' => (literal.push_str("\\n"), rest = after).1,
            _ if after.starts_with('\n') => rest = after.trim_start(),
            _ => {
                literal.push_str(&rest[special..special + 2]);
                rest = &after[1..];
            }
        }
    }
}

/// The length of a character in quotes, or 1 for the quote of a lifetime.
fn length_of_character(text: &str) -> usize {
    let mut inside = text[1..].char_indices();
    let first = inside.next().unwrap().1;
    if first == '\\' {
        return 1 + text[3..].find('\'').unwrap() + 3;
    }
    inside.next().filter(|(_, next)| *next == '\'').map_or(1, |(at, _)| 1 + at + 1)
}

#[test]
fn literals_are_found_whatever_is_around_them() {
    let code = "fn a<'a>(x: &'a str) { b('\"', '\\'', \"one \\\n    line\", r#\"raw \"two\"\"#, b\"\\\"\"); } // \"not this\"\n\
                const C: &str = \"two\nlines\";";
    assert_eq!(literals(code), ["one line", "raw \"two\"", "\\\"", "two\\nlines"]);
}
