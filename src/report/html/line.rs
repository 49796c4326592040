//! The lines of a source as HTML: escaped, coloured, and marked as run, missed or excluded.
//!
//! Invariants: whatever the text, what comes out has no tag but ours and no control character; a line of the text is one
//! list item.

use crate::report::model::colour::{Kind, Span, parts_of_line, spans};
use crate::report::model::language::Language;
use crate::report::model::prepared::{LineState, ReportFile};
use crate::report::terminal::escape::harmful;
use askama::filters::{Escaper, Html};
use rayon::prelude::*;
use std::borrow::Cow;
use std::ops::Range;

/// Lines of one list; the style sheet and the script know it.
pub(super) const LIST: usize = 200;

/// Characters of a line that are shown.
const MAX_COLUMNS: usize = 4_000;

/// Lines of a source that are shown.
const MAX_LINES: usize = 400_000;

/// Bytes of a source that are shown; one that has more is not coloured.
const MAX_TEXT: usize = 16 << 20;

/// A source as it is shown.
pub(super) struct Lists {
    /// The lists of lines.
    pub(super) html: String,
    /// How many lines are in them.
    pub(super) shown: usize,
    /// How many lines there are.
    pub(super) lines: usize,
}

/// The lists of lines of a text.
pub(super) fn lists(file: &ReportFile, text: &str) -> Lists {
    let language = Language::of(&file.name).filter(|_| text.len() <= MAX_TEXT);
    let spans = language.map_or_else(Vec::new, |language| spans(language, text));
    let lines = line_ranges(text);
    let shown = &lines[..lines.partition_point(|line| line.end <= MAX_TEXT).min(MAX_LINES)];
    let lists: Vec<String> = shown
        .par_chunks(LIST)
        .enumerate()
        .map(|(index, lines)| list(file, text, &spans, index * LIST + 1, lines))
        .collect();
    Lists { html: lists.concat(), shown: shown.len(), lines: lines.len() }
}

/// The lines that have code, of a source that is not there.
pub(super) fn lines_without_text(file: &ReportFile) -> String {
    let mut html = String::from("<div><ol class=bare>");
    for line in file.coverage.executable.iter().take(MAX_LINES) {
        html.push_str(&format!("<li value={line}{}>", class(file, line)));
    }
    html + "</ol></div>"
}

fn line_ranges(text: &str) -> Vec<Range<usize>> {
    let mut start = 0;
    let mut lines = Vec::with_capacity(text.len() / 24);
    for end in memchr::memchr_iter(b'\n', text.as_bytes()).chain([text.len()]) {
        lines.push(start..end);
        start = end + 1;
    }
    if lines.last().is_some_and(Range::is_empty) {
        lines.pop();
    }
    lines
}

fn class(file: &ReportFile, line: u32) -> &'static str {
    match file.state_of(line) {
        LineState::Ran => " class=h",
        LineState::Missed => " class=m",
        LineState::Excluded => " class=x",
        LineState::Neither => "",
    }
}

fn list(file: &ReportFile, text: &str, spans: &[Span], first: usize, lines: &[Range<usize>]) -> String {
    let size = lines.last().map_or(0, |last| last.end - lines[0].start);
    let mut html = String::with_capacity(size * 2);
    html.push_str(&format!("<div><ol start={first}>"));
    for (line, range) in (first as u32..).zip(lines) {
        html.push_str("<li");
        html.push_str(class(file, line));
        html.push('>');
        write_line(&mut html, text, spans, range.clone());
    }
    html + "</ol></div>\n"
}

fn write_line(html: &mut String, text: &str, spans: &[Span], line: Range<usize>) {
    let mut end = line.end;
    if text[line.clone()].ends_with('\r') {
        end -= 1;
    }
    let cut = text[line.start..end].char_indices().nth(MAX_COLUMNS).filter(|_| end - line.start > MAX_COLUMNS);
    let end = cut.map_or(end, |(at, _)| line.start + at);
    for (part, kind) in parts_of_line(spans, line.start..end) {
        let (open, close) = kind.map_or(("", ""), tags);
        html.push_str(open);
        write_text(html, &text[part]);
        html.push_str(close);
    }
    if cut.is_some() {
        html.push_str("<em>the rest of this line is not shown</em>");
    }
}

/// The tags around a coloured part; the style sheet knows them.
fn tags(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Comment => ("<i>", "</i>"),
        Kind::Text => ("<u>", "</u>"),
        Kind::Keyword => ("<b>", "</b>"),
        Kind::Number => ("<b class=n>", "</b>"),
        Kind::Type => ("<b class=t>", "</b>"),
        Kind::Function => ("<b class=f>", "</b>"),
        Kind::Directive => ("<b class=d>", "</b>"),
    }
}

fn write_text(html: &mut String, text: &str) {
    Html.write_escaped_str(html, &visible(text)).expect("invariant: writing to a string does not fail");
}

/// Shows what would not be seen, or would turn the direction of writing.
fn visible(text: &str) -> Cow<'_, str> {
    let plain = |byte: &u8| (0x20..0x7f).contains(byte) || *byte == b'\t';
    let hidden = |shown: char| shown != '\t' && harmful(shown);
    if text.as_bytes().iter().all(plain) || !text.contains(hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\0'..='\u{1f}' if hidden(character) => {
                shown.extend(char::from_u32(0x2400 + u32::from(character)));
            }
            _ if hidden(character) => shown.push_str(&format!("[U+{:04X}]", u32::from(character))),
            _ => shown.push(character),
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::model::coverage::FileCoverage;

    fn file(name: &str) -> ReportFile {
        let coverage = FileCoverage {
            executable: [1, 2].into_iter().collect(),
            ran: [1].into_iter().collect(),
            ..FileCoverage::default()
        };
        ReportFile { name: name.to_owned(), coverage, excluded: [3].into_iter().collect(), ..ReportFile::default() }
    }

    #[test]
    fn lines_are_marked_and_coloured() {
        let Lists { html, lines, .. } = lists(&file("a.c"), "int a; /* <b>\r\n& */ return 1;\n\n\n");
        assert_eq!(
            html,
            "<div><ol start=1><li class=h><b class=t>int</b> a; <i>/* &#60;b&#62;</i>\
             <li class=m><i>&#38; */</i> <b>return</b> <b class=n>1</b>;<li class=x><li></ol></div>\n"
        );
        assert_eq!(lines, 4);
        assert_eq!(lists(&file("a.txt"), "").lines, 0);
    }

    #[test]
    fn nothing_of_a_text_is_a_tag_or_hidden() {
        for name in ["a.c", "a.txt", "a.rs"] {
            let text = "</li></ol><script>alert(1)</script>\u{0}\u{1b}[1m\u{202e}\u{7f}\u{9b}\"</b>\n";
            let html = lists(&file(name), text).html;
            assert!(!html.contains("script>") && !html.contains("</li>"), "{html}");
            assert!(!html.contains(|shown: char| shown != '\n' && harmful(shown)), "{html:?}");
            assert!(html.contains("\u{2400}\u{241b}") && html.contains("[U+202E]"), "{html}");
        }
    }

    #[test]
    fn long_texts_are_cut_where_it_is_told() {
        let html = lists(&file("a.c"), &format!("\"{}\u{e4}", "\u{e4}".repeat(5_000))).html;
        assert!(html.ends_with("is not shown</em></ol></div>\n") && html.chars().count() < 5_000);
        let Lists { html, shown, lines } = lists(&file("a"), &"\n".repeat(MAX_LINES + 10));
        assert_eq!((shown, lines), (MAX_LINES, MAX_LINES + 10));
        assert_eq!(html.matches("<li").count(), MAX_LINES);
        assert_eq!(html.matches("<ol").count(), MAX_LINES / LIST);
        let Lists { html, shown, lines } = lists(&file("a.c"), &format!("1\n{}\n2", "<".repeat(MAX_TEXT)));
        assert_eq!((html.as_str(), shown, lines), ("<div><ol start=1><li class=h>1</ol></div>\n", 1, 3));
    }

    #[test]
    fn a_source_that_is_not_there_has_the_lines_with_code() {
        assert_eq!(
            lines_without_text(&file("a")),
            "<div><ol class=bare><li value=1 class=h><li value=2 class=m></ol></div>"
        );
    }
}
