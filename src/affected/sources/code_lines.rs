//! The lines of a source text that mean something to its compiler: without comments, and without blank lines.
//!
//! Invariant: what may mean something is kept, as comments that document items of Rust, which are attributes.

use crate::report::Language;

/// A line with code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeLine {
    /// Its number, from 1 on.
    pub number: u32,
    /// Without comments, and without what is blank at its end unless that is within quotes.
    pub text: Vec<u8>,
    /// The same without what is in quotes.
    pub shape: Vec<u8>,
    /// Whether it begins within quotes, where blanks mean something.
    pub is_within: bool,
}

/// The lines of a text; `None` if a comment or what is in quotes has no end.
pub fn code_lines(language: Language, text: &[u8]) -> Option<Vec<CodeLine>> {
    // The comment before an import of this package is the text of a program in C.
    let keeps_all = language == Language::Go && memchr::memmem::find(text, b"import \"C\"").is_some();
    let is_c = matches!(language, Language::C | Language::Cpp);
    // A trigraph may be a backslash.
    if is_c && memchr::memmem::find(text, b"??/").is_some() {
        return None;
    }
    let mut reader = TextReader { language, keeps_all, text, at: 0, line: Line::default(), lines: Vec::new() };
    while reader.at < text.len() {
        reader.step()?;
    }
    reader.end_line(false);
    Some(reader.lines)
}

/// The line that is being read.
#[derive(Default)]
struct Line {
    ended_before: u32,
    text: Vec<u8>,
    shape: Vec<u8>,
    /// Whether it begins within quotes.
    within: bool,
    /// Whether it goes on with a directive of the line before.
    in_directive: bool,
    /// Whether the next line goes on with it.
    continues: bool,
}

struct TextReader<'t> {
    language: Language,
    keeps_all: bool,
    text: &'t [u8],
    at: usize,
    line: Line,
    lines: Vec<CodeLine>,
}

impl TextReader<'_> {
    fn rest(&self) -> &[u8] {
        &self.text[self.at..]
    }

    fn starts(&self, with: &[u8]) -> bool {
        self.rest().starts_with(with)
    }

    /// Takes what begins here: a comment, something in quotes, or a byte.
    fn step(&mut self) -> Option<()> {
        match (self.rest()[0], self.language) {
            (b'/', _) if self.starts(b"//") && !self.is_in_included_name() => self.line_comment(),
            (b'/', _) if self.starts(b"/*") => return self.block_comment(),
            (b'"', Language::C | Language::Cpp) if self.is_raw_in_c() => return self.raw_in_c(),
            (b'"', Language::Rust) => return self.quoted(b'"', true),
            (b'"', _) => self.quoted(b'"', false)?,
            (b'`', Language::Go) => return self.until(1, b"`"),
            (b'r', Language::Rust) => return self.raw_in_rust(),
            (b'\'', Language::Rust) if !self.is_character_in_rust() => self.take(1),
            (b'\'', Language::Cpp) if self.is_within_number() => self.take(1),
            (b'\'', _) => self.quoted(b'\'', false)?,
            (b'\n', _) => self.newline(false),
            (b'\\', Language::C | Language::Cpp) if self.splice().is_some() => {
                // Elsewhere than in a directive the two lines may be parts of anything, of the beginning of a comment, too.
                if !self.is_in_directive() {
                    return None;
                }
                self.line.continues = true;
                self.take(1);
            }
            _ => self.take(1),
        }
        Some(())
    }

    /// How many bytes there are up to the end of the line, if a backslash here has it go on in the next one: blanks behind it
    /// do no harm.
    fn splice(&self) -> Option<usize> {
        let behind = self.rest().strip_prefix(b"\\")?;
        let blanks = behind.iter().take_while(|byte| b" \t\r\x0b\x0c".contains(byte)).count();
        (behind.get(blanks) == Some(&b'\n')).then_some(1 + blanks)
    }

    /// Whether the name of a file that is included is open: `<a//b.h>`.
    fn is_in_included_name(&self) -> bool {
        let text = self.line.text.trim_ascii_start();
        let names = text.strip_prefix(b"#").map(<[u8]>::trim_ascii_start).filter(|text| text.starts_with(b"include"));
        names.is_some_and(|names| names.contains(&b'<') && !names.contains(&b'>'))
    }

    fn is_in_directive(&self) -> bool {
        self.line.in_directive || self.line.text.trim_ascii_start().starts_with(b"#")
    }

    /// Takes bytes that are code.
    fn take(&mut self, len: usize) {
        let bytes = &self.text[self.at..self.at + len];
        self.line.text.extend_from_slice(bytes);
        self.line.shape.extend_from_slice(bytes);
        self.at += len;
    }

    /// Takes a byte that is within quotes.
    fn take_quoted(&mut self) {
        match self.text[self.at] {
            b'\n' => self.newline(true),
            byte => {
                self.line.text.push(byte);
                self.at += 1;
            }
        }
    }

    fn newline(&mut self, within: bool) {
        self.at += 1;
        self.end_line(within);
    }

    fn end_line(&mut self, within: bool) {
        let in_directive = self.line.continues && self.is_in_directive();
        let Line { ended_before, mut text, shape, within: began_within, .. } =
            std::mem::replace(&mut self.line, Line { within, in_directive, ..Line::default() });
        self.line.ended_before = ended_before + 1;
        if !within {
            text.truncate(text.trim_ascii_end().len());
        }
        if !text.trim_ascii().is_empty() || began_within || within {
            self.lines.push(CodeLine { number: ended_before + 1, text, shape, is_within: began_within });
        }
    }

    fn line_comment(&mut self) {
        let is_kept = self.keeps_all
            || match self.language {
                Language::C | Language::Cpp => false,
                Language::Rust => self.starts(b"//!") || self.starts(b"///") && !self.starts(b"////"),
                Language::Go => {
                    [&b"//go:"[..], b"//export", b"// +build", b"//line"].iter().any(|start| self.starts(start))
                }
            };
        let is_c = matches!(self.language, Language::C | Language::Cpp);
        while let Some(byte) = self.text.get(self.at).copied() {
            if let Some(len) = self.splice().filter(|_| is_c) {
                // The comment goes on.
                self.at += len;
                self.newline(false);
            } else if byte == b'\n' {
                return;
            } else {
                self.line.text.extend(is_kept.then_some(byte));
                self.at += 1;
            }
        }
    }

    fn block_comment(&mut self) -> Option<()> {
        let documents = self.starts(b"/*!") || self.starts(b"/**") && !self.starts(b"/***") && !self.starts(b"/**/");
        let is_kept = self.keeps_all || self.language == Language::Rust && documents;
        let is_c = matches!(self.language, Language::C | Language::Cpp);
        let mut depth = 0;
        loop {
            if self.starts(b"/*") && (depth == 0 || self.language == Language::Rust) {
                (depth, self.at) = (depth + 1, self.at + 2);
            } else if self.starts(b"*/") {
                (depth, self.at) = (depth - 1, self.at + 2);
            } else {
                match *self.text.get(self.at)? {
                    // The end of the comment may be in two lines.
                    b'*' if is_c && self.text.get(self.at + 1) == Some(&b'\\') => return None,
                    b'\n' => self.newline(is_kept),
                    byte => {
                        self.line.text.extend(is_kept.then_some(byte));
                        self.at += 1;
                    }
                }
            }
            if depth == 0 {
                self.line.text.push(b' ');
                self.line.shape.push(b' ');
                return Some(());
            }
        }
    }

    /// Takes what is in quotes; where it may not go on in the next line it ends there.
    fn quoted(&mut self, quote: u8, crosses_lines: bool) -> Option<()> {
        self.take(1);
        loop {
            match self.text.get(self.at) {
                Some(byte) if *byte == quote => {
                    self.take(1);
                    return Some(());
                }
                Some(b'\\') => {
                    self.take_quoted();
                    if self.at < self.text.len() {
                        self.take_quoted();
                    }
                }
                Some(b'\n') if !crosses_lines => return Some(()),
                Some(_) => self.take_quoted(),
                None => return (!crosses_lines).then_some(()),
            }
        }
    }

    /// Takes `open` bytes and all up to an end, which is taken too.
    fn until(&mut self, open: usize, end: &[u8]) -> Option<()> {
        self.take(open);
        let len = memchr::memmem::find(self.rest(), end)?;
        let behind = self.at + len;
        while self.at < behind {
            self.take_quoted();
        }
        self.take(end.len());
        Some(())
    }

    /// The letters and digits right before this place.
    fn word_before(&self) -> &[u8] {
        let before = &self.text[..self.at];
        let len = before.iter().rev().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        &before[before.len() - len..]
    }

    fn is_raw_in_c(&self) -> bool {
        [&b"R"[..], b"LR", b"uR", b"UR", b"u8R"].contains(&self.word_before())
    }

    /// `R"delimiter(...)delimiter"`
    fn raw_in_c(&mut self) -> Option<()> {
        let open = self.rest().iter().position(|byte| *byte == b'(')?;
        let end = [b")", &self.rest()[1..open], b"\""].concat();
        self.until(open + 1, &end)
    }

    /// `r#"..."#`, or an `r` that begins something else.
    fn raw_in_rust(&mut self) -> Option<()> {
        let hashes = self.rest()[1..].iter().take_while(|byte| **byte == b'#').count();
        let is_text = [&b""[..], b"b", b"c"].contains(&self.word_before());
        if !is_text || self.rest().get(1 + hashes) != Some(&b'"') {
            self.take(1);
            return Some(());
        }
        let end = [&b"\""[..], &b"#".repeat(hashes)].concat();
        self.until(2 + hashes, &end)
    }

    /// Whether a quote begins a character rather than the name of a lifetime.
    fn is_character_in_rust(&self) -> bool {
        let Some(&first) = self.rest().get(1) else { return false };
        let len = match first {
            b'\\' => return true,
            0..0x80 => 1,
            0x80..0xe0 => 2,
            0xe0..0xf0 => 3,
            _ => 4,
        };
        self.rest().get(1 + len) == Some(&b'\'')
    }

    /// Whether a quote is one between the digits of a number.
    fn is_within_number(&self) -> bool {
        self.word_before().first().is_some_and(u8::is_ascii_digit)
            // That before the word may be one, too: 1'000'000.
            || self.word_before().first().is_some_and(u8::is_ascii_hexdigit) && {
                let word = self.word_before().len();
                self.at > word && self.text[self.at - word - 1] == b'\''
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(language: Language, text: &str) -> Option<Vec<(u32, String)>> {
        let text_of = |line: CodeLine| (line.number, String::from_utf8(line.text).unwrap());
        Some(code_lines(language, text.as_bytes())?.into_iter().map(text_of).collect())
    }

    #[track_caller]
    fn assert_lines(language: Language, text: &str, expected: &[(u32, &str)]) {
        let expected = expected.iter().map(|(number, text)| (*number, (*text).to_owned())).collect();
        assert_eq!(lines(language, text), Some(expected), "{text}");
    }

    #[test]
    fn comments_are_no_code() {
        assert_lines(
            Language::C,
            "// a\n\n  int a; // b\n/* c\n d */ int b; /* e */ /* f */\n",
            &[(3, "  int a;"), (5, "  int b;")],
        );
        assert_lines(Language::C, "#include <a//b.h> // c", &[(1, "#include <a//b.h>")]);
        assert_lines(Language::C, "// a \\\nint a;\nint b;", &[(3, "int b;")]);
        assert_lines(Language::C, "// a \\ \t\nint a;\nint b;", &[(3, "int b;")]);
        assert_lines(
            Language::C,
            "#define A \\\n  1 \\\n  2\nint b;",
            &[(1, "#define A \\"), (2, "  1 \\"), (3, "  2"), (4, "int b;")],
        );
        assert_lines(
            Language::Rust,
            "/* a /* b */ c */ x\n/// d\n//// e\n//! f\n",
            &[(1, "  x"), (2, "/// d"), (4, "//! f")],
        );
        assert_lines(Language::Go, "//go:noinline\n// a\nx\n", &[(1, "//go:noinline"), (3, "x")]);
        assert_lines(Language::Go, "// int a;\nimport \"C\"\n", &[(1, "// int a;"), (2, "import \"C\"")]);
    }

    #[test]
    fn what_is_in_quotes_is_no_comment() {
        assert_lines(Language::C, "a(\"//\\\"/*\", '\"', '\\'') /* b */", &[(1, "a(\"//\\\"/*\", '\"', '\\'')")]);
        assert_lines(Language::Cpp, "R\"x(/* )\" \n  )x\" // a", &[(1, "R\"x(/* )\" "), (2, "  )x\"")]);
        assert_lines(Language::Cpp, "1'000'0ff'00 // '", &[(1, "1'000'0ff'00")]);
        assert_lines(Language::Cpp, "u8'a' // '", &[(1, "u8'a'")]);
        assert_lines(Language::C, "#error don't // a\nint a; // b", &[(1, "#error don't // a"), (2, "int a;")]);
        assert_lines(Language::Rust, "f::<'a>('\"', '\\'', 'ä') // '", &[(1, "f::<'a>('\"', '\\'', 'ä')")]);
        assert_lines(
            Language::Rust,
            "r#\"//\"\n\n \"# br\"/*\" r#fn // a",
            &[(1, "r#\"//\""), (2, ""), (3, " \"# br\"/*\" r#fn")],
        );
        assert_lines(Language::Rust, "\"a // \\\n b\"", &[(1, "\"a // \\"), (2, " b\"")]);
        assert_lines(Language::Go, "`//\n'` '\\'' // a", &[(1, "`//"), (2, "'` '\\''")]);
        let shape = code_lines(Language::Cpp, b"f(\"{\", '}', R\"({)\"); // {").unwrap().remove(0).shape;
        assert_eq!(String::from_utf8(shape).unwrap().trim_end(), "f(\"\", '', R\"()\");");
    }

    #[test]
    fn what_has_no_end_is_not_understood() {
        for (language, text) in [
            (Language::C, "int a; /* b"),
            (Language::C, "int a; /\\\n/ b"),
            (Language::C, "int a; /* b *\\\n/"),
            (Language::C, "// a ??/\nint a;"),
            (Language::Cpp, "R\"(a"),
            (Language::Rust, "\"a"),
            (Language::Rust, "r#\"a\""),
            (Language::Rust, "/* /* */"),
            (Language::Go, "`a"),
        ] {
            assert_eq!(lines(language, text), None, "{text}");
        }
        assert_eq!(lines(Language::C, ""), Some(vec![]));
    }
}
