//! The parts of a source's text that are coloured: what the tokens of its language are, which logos finds.
//!
//! A lexer, not a parser: it colours code whose macros no parser understands, and is faster than the disk.
//!
//! Invariant: spans come in order, do not overlap, and start and end between characters of the text.

use super::language::{Language, Word};
use logos::{Lexer, Logos};
use rayon::prelude::*;
use std::ops::Range;

/// What a part of a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Comment,
    Text,
    Number,
    Keyword,
    Type,
    Function,
    Directive,
}

/// A part of a text: where it is in bytes, and what it is.
pub(crate) type Span = (Range<usize>, Kind);

/// The parts of a line in order, coloured or not, by what is coloured of the whole text. A part that goes on in the next
/// line is one of both.
pub(crate) fn parts_of_line(
    spans: &[Span],
    line: Range<usize>,
) -> impl Iterator<Item = (Range<usize>, Option<Kind>)> + '_ {
    let first = spans.partition_point(|(span, _)| span.end <= line.start);
    let within = spans[first..].iter().take_while(move |(span, _)| span.start < line.end);
    let mut at = line.start;
    let coloured = within.map(move |(span, kind)| (span.start.max(line.start)..span.end.min(line.end), Some(*kind)));
    let end = std::iter::once((line.end..line.end, None));
    coloured.chain(end).flat_map(move |(span, kind)| {
        let plain = (at..span.start, None);
        at = span.end;
        let coloured = kind.map(|kind| (span, Some(kind)));
        Some(plain).filter(|(range, _)| !range.is_empty()).into_iter().chain(coloured)
    })
}

/// The tokens that the languages share. Anything else is skipped, character by character.
#[derive(Clone, Copy, Debug, Logos, PartialEq, Eq)]
enum Token {
    #[regex(r"//[^\n]*", allow_greedy = true)]
    #[token("/*", |lexer| skip_behind(lexer, "*/"))]
    Comment,
    #[regex(r#"(u8|[LuUbc])?"([^"\\]|\\.|\\\n)*""#)]
    #[regex(r"(u8|[LuUb])?'([^'\\\n]|\\[^\n][0-9a-zA-Z{}]*)'")]
    #[token("`", |lexer| skip_behind(lexer, "`"))]
    #[regex(r#"b?r#*""#, rust_text)]
    #[regex(r#"(u8|[LuU])?R"[^()\\ \n]*\("#, cpp_text)]
    Text,
    #[regex(r"[0-9][0-9a-zA-Z_]*(\.[0-9][0-9a-zA-Z_]*)?")]
    Number,
    #[regex(r"[A-Za-z_$\u{80}-\u{10FFFF}][0-9A-Za-z_$\u{80}-\u{10FFFF}]*")]
    Word,
    #[regex(r"#[ \t]*[a-z_]+")]
    #[regex(r"#[ \t]*include[ \t]*<[^>\n]*>")]
    #[regex(r"#!?\[[^\]\n]*\]")]
    Directive,
    #[regex(r"'[A-Za-z_]+")]
    Lifetime,
}

/// Goes on behind the next `end`, or to the end of the text.
fn skip_behind(lexer: &mut Lexer<'_, Token>, end: &str) {
    let rest = lexer.remainder();
    let found = memchr::memmem::find(rest.as_bytes(), end.as_bytes());
    lexer.bump(found.map_or(rest.len(), |at| at + end.len()));
}

/// Such as `r#"text"#`.
fn rust_text(lexer: &mut Lexer<'_, Token>) {
    let marks = lexer.slice().matches('#').count();
    skip_behind(lexer, &format!("\"{}", "#".repeat(marks)));
}

/// Such as `R"mark(text)mark"`.
fn cpp_text(lexer: &mut Lexer<'_, Token>) {
    let mark = lexer.slice().split('"').nth(1).unwrap_or_default().trim_end_matches('(');
    let end = format!("){mark}\"");
    skip_behind(lexer, &end);
}

/// About how much one thread takes at a time.
const PORTION: usize = 256 << 10;

/// The coloured parts of a text.
pub(crate) fn spans(language: Language, text: &str) -> Vec<Span> {
    let portions = portions(text);
    if let [_] = portions[..] {
        return of_portion(language, text, 0);
    }
    let of_portions = portions.into_par_iter().map(|range| of_portion(language, &text[range.clone()], range.start));
    of_portions.collect::<Vec<_>>().concat()
}

/// Cuts a text where something ends at the left margin, as functions do.
fn portions(text: &str) -> Vec<Range<usize>> {
    let end = "\n}\n";
    let mut portions = Vec::with_capacity(text.len() / PORTION + 1);
    let mut start = 0;
    while text.len() - start > PORTION {
        let wanted = start + PORTION;
        let Some(found) = memchr::memmem::find(&text.as_bytes()[wanted..], end.as_bytes()) else { break };
        let behind = wanted + found + end.len();
        portions.push(start..behind);
        start = behind;
    }
    portions.push(start..text.len());
    portions
}

fn of_portion(language: Language, text: &str, offset: usize) -> Vec<Span> {
    let mut spans = Vec::with_capacity(text.len() / 32);
    for (token, range) in Token::lexer(text).spanned() {
        let kind = match token {
            Ok(Token::Comment) => Kind::Comment,
            Ok(Token::Text) => Kind::Text,
            Ok(Token::Number) => Kind::Number,
            Ok(Token::Directive) => Kind::Directive,
            Ok(Token::Lifetime) => Kind::Type,
            Ok(Token::Word) => match language.word(&text[range.clone()]) {
                Some(Word::Keyword) => Kind::Keyword,
                Some(Word::Type) => Kind::Type,
                None if text.as_bytes().get(range.end) == Some(&b'(') => Kind::Function,
                None => continue,
            },
            Err(()) => continue,
        };
        spans.push((range.start + offset..range.end + offset, kind));
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts<'a>(name: &str, text: &'a str) -> Vec<(&'a str, Kind)> {
        let spans = spans(Language::of(name).unwrap(), text);
        spans.into_iter().map(|(range, kind)| (&text[range], kind)).collect()
    }

    #[test]
    fn tokens_have_their_kinds() {
        let text = "#include <a.h>\nint f(char *s) { /* x\n*/ return s[0] == '\\'' || g(\"\\\"//\", 0x1fUL); } // y";
        let expected = [
            ("#include <a.h>", Kind::Directive),
            ("int", Kind::Type),
            ("f", Kind::Function),
            ("char", Kind::Type),
            ("/* x\n*/", Kind::Comment),
            ("return", Kind::Keyword),
            ("0", Kind::Number),
            ("'\\''", Kind::Text),
            ("g", Kind::Function),
            ("\"\\\"//\"", Kind::Text),
            ("0x1fUL", Kind::Number),
            ("// y", Kind::Comment),
        ];
        assert_eq!(parts("a.c", text), expected);
        let text = "#[test]\nfn f<'a>(x: &'a str) { r#\"a\"b\"# }";
        let expected = [
            ("#[test]", Kind::Directive),
            ("fn", Kind::Keyword),
            ("'a", Kind::Type),
            ("'a", Kind::Type),
            ("str", Kind::Type),
            ("r#\"a\"b\"#", Kind::Text),
        ];
        assert_eq!(parts("a.rs", text), expected);
        assert_eq!(parts("a.go", "func x `a\nb`"), [("func", Kind::Keyword), ("`a\nb`", Kind::Text)]);
        assert_eq!(parts("a.cc", "R\"x(a)\")x\" b"), [("R\"x(a)\")x\"", Kind::Text)]);
    }

    #[test]
    fn a_line_has_its_part_of_what_goes_across_lines() {
        let text = "a /* b\n\nc */ 1\nd // e\r\nf\n";
        let spans = spans(Language::of("a.c").unwrap(), text);
        let parts = |line: Range<usize>| {
            parts_of_line(&spans, line).map(|(range, kind)| (&text[range], kind)).collect::<Vec<_>>()
        };
        assert_eq!(parts(0..6), [("a ", None), ("/* b", Some(Kind::Comment))]);
        assert_eq!(parts(7..7), [("", Some(Kind::Comment))]);
        assert_eq!(parts(8..14), [("c */", Some(Kind::Comment)), (" ", None), ("1", Some(Kind::Number))]);
        assert_eq!(parts(15..21), [("d ", None), ("// e", Some(Kind::Comment))]);
        assert_eq!(parts(23..24), [("f", None)]);
    }

    #[test]
    fn any_text_is_cut_between_characters() {
        for text in ["/* \u{e4}", "\"\u{e4}", "'\u{1f600}'", "R\"(", "r##\"", "\u{e4}(\u{0}#\u{202e}", "`", "\\"] {
            for (range, _) in spans(Language::of("a.c").unwrap(), text) {
                assert!(text.get(range).is_some(), "{text:?}");
            }
        }
        assert!(Language::of("a.txt").is_none() && Language::of("c").is_none());
    }

    #[test]
    fn large_texts_are_as_if_in_one_piece() {
        let text = "int f(void)\n{\n  return 1; /* \u{e4} */\n}\n".repeat(20_000);
        assert!(portions(&text).len() > 2);
        let expected = of_portion(Language::of("a.c").unwrap(), &text, 0);
        assert_eq!(spans(Language::of("a.c").unwrap(), &text), expected);
    }
}
