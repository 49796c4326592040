//! The table for the terminal or for a page in Markdown: one row a source or a function, and the total.
//!
//! Invariant: the last line of the terminal's starts with `TOTAL` and its last word that ends in `%` is the total
//! coverage: programs look for it.

use super::layout::{Format, Layout, Rows};
use super::markdown_table::markdown;
use super::rows::{TableRow, order};
use super::text_table::text;
use crate::report::model::prepared::Report;

/// The whole table in the format that the layout asks for.
pub fn table(report: &Report, layout: Layout) -> String {
    if layout.format == Format::Total {
        return format!("{}\n", report.total().percent(layout.decimals));
    }
    let mut rows: Vec<TableRow> = match layout.rows {
        Rows::Files => report.files.iter().map(TableRow::of_file).collect(),
        Rows::Functions => report.files.iter().flat_map(TableRow::of_functions).collect(),
    };
    let all = rows.len();
    if layout.skip_covered {
        rows.retain(|row| row.ratio.ran < row.ratio.lines);
    }
    rows.sort_by(|one, other| order(layout.sort, one, other));
    let skipped = (all > rows.len()).then(|| skipped(all - rows.len(), layout.rows));
    match layout.format {
        Format::Markdown => markdown(&rows, report.total(), skipped.as_deref(), layout),
        Format::Text | Format::Total => text(&rows, report.total(), skipped.as_deref(), layout),
    }
}

fn skipped(count: usize, rows: Rows) -> String {
    let what = match (rows, count) {
        (Rows::Files, 1) => "source",
        (Rows::Files, _) => "sources",
        (Rows::Functions, 1) => "function",
        (Rows::Functions, _) => "functions",
    };
    format!("({count} {what} covered in full)")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::model::coverage::FileCoverage;
    use crate::report::model::prepared::ReportFile;
    use crate::report::terminal::layout::{Colour, Sort, SortKey};
    use crate::store::FunctionFacts;

    const LAYOUT: Layout = Layout {
        format: Format::Text,
        rows: Rows::Files,
        skip_covered: false,
        sort: Sort { key: SortKey::File, descending: false },
        show_missing: false,
        decimals: 1,
        colour: Colour::None,
    };

    fn report() -> Report {
        let file = |executable: std::ops::Range<u32>, ran: std::ops::Range<u32>| FileCoverage {
            executable: executable.collect(),
            ran: ran.collect(),
            ..FileCoverage::default()
        };
        let files = [
            ("/usr/include/h.h", file(1..4, 1..4)),
            ("a\u{1b}[1m.c", file(1..4, 1..1)),
            ("src/b.c", file(1..11, 2..10)),
        ];
        let files =
            files.map(|(name, coverage)| ReportFile { name: name.to_owned(), coverage, ..ReportFile::default() });
        Report { files: files.into(), ..Report::default() }
    }

    fn names(key: SortKey, descending: bool) -> Vec<String> {
        let layout = Layout { sort: Sort { key, descending }, ..LAYOUT };
        let text = table(&report(), layout);
        let first_words = text.lines().map(|line| line.split(' ').next().unwrap().to_owned());
        first_words.skip(2).take(3).collect()
    }

    #[test]
    fn rows_rules_and_total() {
        let layout = Layout { show_missing: true, ..LAYOUT };
        let text = table(&report(), layout);
        let expected = "\
File              Lines  Missed   Cover  Missing
------------------------------------------------
/usr/include/h.h      3       0  100.0%
a\\u{1b}[1m.c          3       3    0.0%  1-3
src/b.c              10       2   80.0%  1, 10
------------------------------------------------
TOTAL                16       5   68.8%
";
        assert_eq!(text, expected.replace("---------\n", "\n"));
        let plain = table(&report(), LAYOUT);
        assert!(
            plain.ends_with("\nTOTAL                16       5   68.8%\n") && !plain.contains("Missing"),
            "{plain}"
        );
    }

    #[test]
    fn markdown_shows_names_as_they_are() {
        let mut report = report();
        report.files[1].name = "a|`*<b>_\u{1b}.c".to_owned();
        let layout = Layout { format: Format::Markdown, show_missing: true, skip_covered: true, ..LAYOUT };
        let expected = "\
| File | Lines | Missed | Cover | Missing |
|:--|--:|--:|--:|:--|
| <code>a&#124;&#96;&#42;&lt;b&gt;&#95;\\u{1b}.c</code> | 3 | 3 | 0.0% | 1-3 |
| <code>src/b.c</code> | 10 | 2 | 80.0% | 1, 10 |
| **TOTAL** | 16 | 5 | 68.8% |  |

(1 source covered in full)
";
        assert_eq!(table(&report, layout), expected);
        assert_eq!(table(&report, Layout { format: Format::Total, decimals: 0, ..LAYOUT }), "69\n");
    }

    #[test]
    fn functions_are_rows_and_what_is_covered_may_be_left_out() {
        let mut report = report();
        let function = |start, end, name: &str| FunctionFacts { start, end, name: name.to_owned(), told: false };
        report.files[2].coverage.functions =
            [function(1, 4, "f(int)"), function(5, 6, "g"), function(40, 50, "h")].into();
        let layout = Layout { rows: Rows::Functions, show_missing: true, skip_covered: true, ..LAYOUT };
        let text = table(&report, layout);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("Function "), "{text}");
        assert!(lines[2].starts_with("src/b.c:1: f(int)") && lines[2].ends_with("4       1  75.0%  1"), "{text}");
        assert_eq!(lines[3], "(1 function covered in full)");
        assert!(lines[5].starts_with("TOTAL") && lines[5].ends_with("16       5  68.8%"), "{text}");
    }

    #[test]
    fn rows_come_in_any_order_asked_for() {
        let (a, b, h) = ("a\\u{1b}[1m.c", "src/b.c", "/usr/include/h.h");
        assert_eq!(names(SortKey::File, false), [h, a, b]);
        assert_eq!(names(SortKey::File, true), [b, a, h]);
        assert_eq!(names(SortKey::Lines, false), [h, a, b]);
        assert_eq!(names(SortKey::Lines, true), [b, h, a]);
        assert_eq!(names(SortKey::Missed, false), [h, b, a]);
        assert_eq!(names(SortKey::Cover, false), [a, b, h]);
        assert_eq!(names(SortKey::Cover, true), [h, b, a]);
    }

    #[test]
    fn colour_changes_nothing_but_colour() {
        let layout = Layout { colour: Colour::Terminal, ..LAYOUT };
        let coloured = table(&report(), layout);
        assert!(coloured.contains("\u{1b}["), "{coloured}");
        let mut plain = String::new();
        let mut pieces = coloured.split("\u{1b}[");
        plain.push_str(pieces.next().unwrap());
        pieces.for_each(|piece| plain.push_str(piece.split_once('m').unwrap().1));
        assert_eq!(plain, table(&report(), LAYOUT));
    }
}
