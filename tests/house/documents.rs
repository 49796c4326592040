//! What the documents name exists: files, code items, and the links between documents.
//!
//! In code spans and blocks of ARCHITECTURE.md and CONTRIBUTING.md
//! - a word with a `/` in it, or with the ending of one of our files, is a path from the top of the repository. Words that
//!   begin with a `/` are paths of the machine, and those with a name in capitals between slashes are placeholders;
//! - (in spans) `Type`, `Type::method`, `Enum::Variant` and `function()` are code items. They are in the file that was named last
//!   before them in the same paragraph, list entry or table row.

use std::path::Path;

const ARCHITECTURE: &str = "ARCHITECTURE.md";
const CONTRIBUTING: &str = "CONTRIBUTING.md";
const README: &str = "README.md";

/// The endings of files of ours.
const ENDINGS: [&str; 5] = [".rs", ".md", ".sql", ".toml", ".py"];

fn text_of(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

fn exists(path: &str) -> bool {
    let path = path.strip_prefix("./").unwrap_or(path);
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path).exists()
}

/// A paragraph, list entry or table row of a document, or a line of a block of code, and where it begins.
#[derive(Debug, PartialEq, Eq)]
struct Block {
    line: usize,
    text: String,
    is_code: bool,
}

fn blocks(document: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let (mut is_code, mut is_open) = (false, false);
    for (line, text) in (1..).zip(document.lines().map(str::trim)) {
        let is_fence = text.starts_with("```");
        is_code ^= is_fence;
        if is_fence || text.is_empty() {
            is_open = false;
            continue;
        }
        let is_numbered = text.split_once(". ").is_some_and(|(number, _)| number.parse::<u32>().is_ok());
        let begins = is_code || is_numbered || ["- ", "| ", "#"].iter().any(|start| text.starts_with(start));
        match blocks.last_mut().filter(|_| is_open && !begins) {
            Some(block) => block.text = format!("{} {text}", block.text),
            None => blocks.push(Block { line, text: text.to_owned(), is_code }),
        }
        is_open = !is_code;
    }
    blocks
}

impl Block {
    /// What is code in it.
    fn spans(&self) -> Vec<&str> {
        if self.is_code { vec![&self.text] } else { self.text.split('`').skip(1).step_by(2).collect() }
    }
}

fn is_path(word: &str) -> bool {
    let in_capitals = |part: &str| part.len() > 1 && part.chars().all(|c| c.is_ascii_uppercase());
    let mut names = word.split('/').map(|part| part.split('.').next().unwrap_or(part));
    let is_placeholder = word.contains('/') && names.any(in_capitals);
    let is_name = word.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '.') && !word.contains(['=', ':']);
    let has_ending = || ENDINGS.iter().any(|ending| word.ends_with(ending) && word.len() > ending.len());
    is_name && !is_placeholder && (word.contains('/') || has_ending())
}

/// The parts of a code item: a type, what is in it, or a function.
fn item(span: &str) -> Option<Vec<&str>> {
    let parts: Vec<&str> = span.trim_end_matches("()").split("::").collect();
    let is_identifier = |part: &&str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic())
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let is_type =
        |part: &str| part.starts_with(|c: char| c.is_uppercase()) && part.contains(|c: char| c.is_lowercase());
    let named_like_one = is_type(parts[0]) || parts.len() > 1 || span.ends_with("()");
    (named_like_one && parts.iter().all(is_identifier)).then_some(parts)
}

/// Whether a source declares a name, as an item or as the variant of an enum.
fn declares(source: &str, name: &str) -> bool {
    const KEYWORDS: [&str; 8] = ["fn", "struct", "enum", "trait", "const", "static", "type", "mod"];
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    source.lines().any(|line| {
        let is_item = KEYWORDS.iter().any(|keyword| {
            let declared = format!("{keyword} {name}");
            line.match_indices(&declared)
                .any(|(at, _)| (at == 0 || line[..at].ends_with([' ', '('])) && ends(&line[at + declared.len()..]))
        });
        let rest = line.trim_start().strip_prefix(name);
        let is_variant =
            || rest.is_some_and(|rest| rest.trim_end() == "," || rest.starts_with(" {") || rest.starts_with('('));
        is_item || (line.starts_with("    ") && name.starts_with(|c: char| c.is_uppercase()) && is_variant())
    })
}

/// What a document says that is not so.
fn complaints(document: &str, read: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
    let mut complaints = Vec::new();
    for block in blocks(document) {
        let (line, mut file) = (block.line, None);
        for span in block.spans() {
            for word in span.split_whitespace().filter(|word| is_path(word)) {
                if !exists(word) {
                    complaints.push(format!("line {line}: no file {word}"));
                }
                file = Some(word);
            }
            let Some(parts) = item(span).filter(|_| !block.is_code) else { continue };
            match file.map(|file| (file, read(file))) {
                Some((file, Some(source))) => {
                    let unknown = parts.iter().filter(|part| !source_knows(&source, part, &parts));
                    complaints.extend(unknown.map(|part| format!("line {line}: no {part} of {span} in {file}")));
                }
                Some((file, None)) => complaints.push(format!("line {line}: {span} is in no source: {file}")),
                None => complaints.push(format!("line {line}: {span} has no file before it")),
            }
        }
    }
    complaints
}

/// Whether a part of an item is known in a source: the last is declared there, and a type before it at least extended.
fn source_knows(source: &str, part: &str, parts: &[&str]) -> bool {
    let is_extended = || source.lines().any(|line| line.starts_with("impl") && line.contains(&format!(" {part}")));
    declares(source, part) || (parts.last() != Some(&part) && is_extended())
}

fn source(path: &str) -> Option<String> {
    path.ends_with(".rs").then(|| std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).ok())?
}

#[test]
fn what_the_documents_name_exists() {
    for document in [ARCHITECTURE, CONTRIBUTING] {
        assert_eq!(complaints(&text_of(document), &source), [""; 0], "{document}");
    }
}

#[test]
fn a_wrong_name_is_found() {
    let right = "`src/supervisor/decide/step.rs` `State::step` decides: `src/supervisor/decide/action.rs` `Action::Serve`, or\n\
                 `src/supervisor/act/hear.rs` `hear()` by PTRACE_CONT, `int3`, `is_stmt`, `/proc/PID/mem`, `PID/mem`";
    assert_eq!(complaints(right, &source), [""; 0]);
    for (wrong, complaint) in [
        ("`src/supervisor/stop.rs`", "line 1: no file src/supervisor/stop.rs"),
        ("see `STYLE.md`", "line 1: no file STYLE.md"),
        ("`./tests/ruin --all`", "line 1: no file ./tests/ruin"),
        ("so:\n\n```sh\n./tests/run\n./tests/ruin\n```", "line 5: no file ./tests/ruin"),
        ("`src/supervisor/decide/step.rs`\n\n`State::step`", "line 3: State::step has no file before it"),
        (
            "`src/supervisor/decide/step.rs` `State::stop`",
            "line 1: no stop of State::stop in src/supervisor/decide/step.rs",
        ),
        (
            "`src/supervisor/decide/step.rs` `Stage::step`",
            "line 1: no Stage of Stage::step in src/supervisor/decide/step.rs",
        ),
        (
            "`src/supervisor/decide/action.rs` `Action::Server`",
            "line 1: no Server of Action::Server in src/supervisor/decide/action.rs",
        ),
        ("| a | `src/supervisor/act/hear.rs` `heard()` |", "line 1: no heard of heard() in src/supervisor/act/hear.rs"),
        ("`src/store/schema.sql` `Table`", "line 1: Table is in no source: src/store/schema.sql"),
    ] {
        assert_eq!(complaints(wrong, &source), [complaint]);
    }
}

#[test]
fn links_of_the_documents_lead_somewhere() {
    for document in [README, ARCHITECTURE, CONTRIBUTING] {
        let text = text_of(document);
        let links = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link);
        let broken: Vec<&str> = links
            .filter(|link| !link.starts_with("https://"))
            .filter(|link| match link.split_once('#') {
                Some(("", section)) => !has_section(&text, section),
                Some((file, section)) => !exists(file) || !has_section(&text_of(file), section),
                None => !exists(link),
            })
            .collect();
        assert_eq!(broken, [""; 0], "{document}");
    }
}

/// Whether a document has a heading that is linked to by this name.
fn has_section(document: &str, name: &str) -> bool {
    let anchor = |heading: &str| {
        let kept = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect::<String>()
    };
    document.lines().filter(|line| line.starts_with('#')).any(|heading| anchor(heading) == name)
}
