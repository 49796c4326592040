//! A source in the terminal: each line with whether it ran, and which processes ran it.
//!
//! Invariant: a line of the source is a line of the output, made safe for a terminal.

use super::escape::printable;
use super::layout::Colour;
use crate::report::model::colour::{Kind, parts_of_line, spans};
use crate::report::model::language::Language;
use crate::report::model::percent::Ratio;
use crate::report::model::prepared::{LineState, ReportFile};
use crate::report::model::source::{SourceState, SourceText};
use crate::store::Numbits;

/// Lines of one source that one process ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runner {
    /// Pid of the process.
    pub pid: i32,
    /// The lines that it ran.
    pub lines: Numbits,
}

/// How a source is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Showing {
    /// Whether it is coloured.
    pub colour: Colour,
    /// Lines around those that did not run, if only these are shown.
    pub around_missed: Option<u32>,
    /// Decimals of the percentage.
    pub decimals: u8,
}

/// Pids that are named for a line before the rest is only counted.
const NAMED: usize = 3;

/// The source with its lines. `lines` are those of its text, which may hold the terminal's escapes for colours already.
pub fn show(file: &ReportFile, lines: &[String], runners: &[Runner], showing: Showing) -> String {
    let (executable, ran) = (&file.coverage.executable, &file.coverage.ran);
    let Ratio { ran: hits, lines: all } = file.coverage.ratio();
    let percent = file.coverage.ratio().percent(showing.decimals);
    let mut text = format!("{}: {hits} of {all} lines ran, {percent}%\n", printable(&file.name));
    if let Some(note) = note(file.source) {
        text.push_str(&format!("  {note}\n"));
    }
    let last = executable.iter().last().unwrap_or(0).max(lines.len() as u32);
    let who: Vec<String> = (1..=last).map(|line| who(line, ran, runners)).collect();
    let who_width = who.iter().map(String::len).max().unwrap_or(0);
    let number_width = last.to_string().len();
    let mut shown_before = 0;
    for line in 1..=last {
        if showing.around_missed.is_some_and(|around| !is_near_missed(line, around, file)) {
            continue;
        }
        if line > shown_before + 1 {
            text.push_str("  ...\n");
        }
        shown_before = line;
        let (sign, code) = match file.state_of(line) {
            LineState::Ran => ('+', "32"),
            LineState::Missed => ('-', "31"),
            LineState::Excluded => ('x', "2"),
            LineState::Neither => (' ', ""),
        };
        let gutter = format!("{line:>number_width$} {sign} {:<who_width$} | ", who[line as usize - 1]);
        let source = lines.get(line as usize - 1).map_or("", String::as_str);
        let row = match showing.colour {
            Colour::Terminal if !code.is_empty() => format!("\u{1b}[{code}m{gutter}\u{1b}[0m{source}"),
            Colour::Terminal | Colour::None => gutter + source,
        };
        text.extend([row.trim_end(), "\n"]);
    }
    text
}

/// The lines of a source's text, made safe, coloured by what its language means if asked for.
pub fn lines_of(file: &ReportFile, text: &SourceText, colour: Colour) -> Vec<String> {
    let whole = String::from_utf8_lossy(text.bytes());
    let language = Language::of(&file.name).filter(|_| colour == Colour::Terminal);
    let spans = language.map_or_else(Vec::new, |language| spans(language, &whole));
    let mut start = 0;
    let mut lines = Vec::new();
    for line in whole.split_inclusive('\n') {
        let end = start + line.trim_end_matches(['\r', '\n']).len();
        let mut shown = String::with_capacity(line.len() + 16);
        for (part, kind) in parts_of_line(&spans, start..end) {
            let text = safe(&whole[part]);
            match kind {
                Some(kind) => shown.push_str(&format!("\u{1b}[{}m{text}\u{1b}[0m", escape_of(kind))),
                None => shown.push_str(&text),
            }
        }
        start += line.len();
        lines.push(shown);
    }
    lines
}

fn safe(text: &str) -> String {
    printable(&text.replace('\t', "    ")).into_owned()
}

/// The terminal's colour of a part (ECMA-48, "select graphic rendition").
fn escape_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Comment => "2",
        Kind::Text => "36",
        Kind::Number => "35",
        Kind::Keyword => "1",
        Kind::Type => "34",
        Kind::Function => "33",
        Kind::Directive => "35",
    }
}

fn note(state: SourceState) -> Option<&'static str> {
    match state {
        SourceState::Found => None,
        SourceState::Newer => Some("changed since the program was built or measured: lines may be others"),
        SourceState::Missing => Some("its text was not found; --map FROM=TO tells where sources are"),
        SourceState::Unreadable => Some("its text cannot be read"),
        SourceState::Withheld => Some("its text is not shown; --source-root DIR shows what is below DIR"),
    }
}

fn who(line: u32, ran: &Numbits, runners: &[Runner]) -> String {
    if runners.len() < 2 || !ran.contains(line) {
        return String::new();
    }
    let pids: Vec<String> =
        runners.iter().filter(|runner| runner.lines.contains(line)).map(|runner| runner.pid.to_string()).collect();
    match pids.len().saturating_sub(NAMED) {
        _ if pids.len() == runners.len() => format!("all {}", pids.len()),
        0 => pids.join(","),
        more => format!("{},+{more}", pids[..NAMED].join(",")),
    }
}

fn is_near_missed(line: u32, around: u32, file: &ReportFile) -> bool {
    let near = line.saturating_sub(around)..=line.saturating_add(around);
    file.coverage.executable.within(near).any(|line| !file.coverage.ran.contains(line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::model::coverage::FileCoverage;

    fn file() -> ReportFile {
        let lines = |lines: &[u32]| lines.iter().copied().collect();
        ReportFile {
            name: "a\n.c".to_owned(),
            coverage: FileCoverage { executable: lines(&[2, 3, 9]), ran: lines(&[2, 9]), ..FileCoverage::default() },
            excluded: lines(&[5]),
            ..ReportFile::default()
        }
    }

    const PLAIN: Showing = Showing { colour: Colour::None, around_missed: None, decimals: 0 };

    #[test]
    fn each_line_tells_whether_it_ran_and_by_whom() {
        let lines = lines_of(&file(), &SourceText::of("a\n\tb\nc\u{1b}\n\ne\n"), Colour::None);
        let runner = |pid, lines: &[u32]| Runner { pid, lines: lines.iter().copied().collect() };
        let runners = [runner(7, &[2, 9]), runner(8, &[9])];
        let expected = "\
a\\n.c: 2 of 3 lines ran, 67%
1         | a
2 + 7     |     b
3 -       | c\\u{1b}
4         |
5 x       | e
6         |
7         |
8         |
9 + all 2 |
";
        assert_eq!(show(&file(), &lines, &runners, PLAIN), expected);
    }

    #[test]
    fn a_terminal_shows_what_words_mean() {
        let named = ReportFile { name: "a.c".to_owned(), ..file() };
        let text = SourceText::of("int x; /* a\n\u{1b} */ y(\"b\u{7}\");\r\n");
        let expected = [
            "\u{1b}[34mint\u{1b}[0m x; \u{1b}[2m/* a\u{1b}[0m",
            "\u{1b}[2m\\u{1b} */\u{1b}[0m \u{1b}[33my\u{1b}[0m(\u{1b}[36m\"b\\u{7}\"\u{1b}[0m);",
        ];
        assert_eq!(lines_of(&named, &text, Colour::Terminal), expected);
        assert_eq!(lines_of(&named, &text, Colour::None), ["int x; /* a", "\\u{1b} */ y(\"b\\u{7}\");"]);
        let text = SourceText::of("x; // a\r\ny;\r\n");
        let expected = ["x; \u{1b}[2m// a\u{1b}[0m", "y;"];
        assert_eq!(lines_of(&named, &text, Colour::Terminal), expected, "a comment that ends with its line");
        let unknown = ReportFile { name: "a.txt".to_owned(), ..file() };
        assert_eq!(lines_of(&unknown, &SourceText::of("int"), Colour::Terminal), ["int"]);
    }

    #[test]
    fn only_what_is_near_a_missed_line_if_asked_for() {
        let text = show(&file(), &[], &[], Showing { around_missed: Some(1), ..PLAIN });
        assert_eq!(text, "a\\n.c: 2 of 3 lines ran, 67%\n  ...\n2 +  |\n3 -  |\n4    |\n");
        let missing = ReportFile { source: SourceState::Missing, ..file() };
        assert!(show(&missing, &[], &[], PLAIN).contains("--map"));
    }

    #[test]
    fn many_processes_are_counted() {
        let runners: Vec<Runner> = (1..=6).map(|pid| Runner { pid, lines: (1..=pid as u32).collect() }).collect();
        assert_eq!(who(2, &(1..9).collect(), &runners), "2,3,4,+2");
        assert_eq!(who(4, &(1..9).collect(), &runners), "4,5,6");
        assert_eq!(who(1, &(1..9).collect(), &runners), "all 6");
        assert_eq!(who(1, &(1..9).collect(), &runners[..1]), "");
    }
}
