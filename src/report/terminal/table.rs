//! The table for the terminal or for a page in Markdown: one row a source or a function, and the total.
//!
//! Invariant: the last line of the terminal's starts with `TOTAL` and its last word that ends in `%` is the total
//! coverage: programs look for it.

use super::escape::printable;
use crate::report::model::missing::{ranges, shown_ranges};
use crate::report::model::percent::{Level, Ratio};
use crate::report::model::prepared::{Report, ReportFile};
use comfy_table::{Cell, CellAlignment, Color, ContentArrangement, Table, presets};
use std::cmp::Ordering;

/// How the table looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// What it is made of.
    pub format: Format,
    /// What a row is about.
    pub rows: Rows,
    /// Whether rows in which every line ran are left out.
    pub skip_covered: bool,
    /// The order of the rows.
    pub sort: Sort,
    /// Whether there is a column with the lines that did not run.
    pub show_missing: bool,
    /// Decimals of percentages, at most 9.
    pub decimals: u8,
    /// Whether it is coloured.
    pub colour: Colour,
}

/// What a table is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Columns of plain text.
    Text,
    /// GitHub-flavoured Markdown, as for a job summary.
    Markdown,
    /// The total percentage alone, as a number.
    Total,
}

/// What a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// One row for each source.
    Files,
    /// A function of a source.
    Functions,
}

/// An order of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// The column that is compared.
    pub key: SortKey,
    /// From the largest to the smallest.
    pub descending: bool,
}

/// A column that rows can be sorted by. Equal rows are in the order of their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortKey {
    /// The name as shown.
    File,
    /// Lines that have code.
    Lines,
    /// Lines that did not run.
    Missed,
    /// The share of lines that ran.
    Cover,
}

/// Whether to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// With the terminal's escapes.
    Terminal,
    /// Plain text without escapes.
    None,
}

/// Spaces between columns.
const GAP: u16 = 2;

struct TableRow {
    name: String,
    ratio: Ratio,
    missing: Vec<(u32, u32)>,
}

impl TableRow {
    fn of_file(file: &ReportFile) -> TableRow {
        TableRow { name: file.name.clone(), ratio: file.coverage.ratio(), missing: file.missing() }
    }

    fn of_functions(file: &ReportFile) -> impl Iterator<Item = TableRow> {
        file.coverage.functions.iter().filter_map(move |function| {
            let lines = file.coverage.of_function(function);
            let (name, ratio) = (format!("{}:{}: {}", file.name, function.start, function.name), lines.ratio());
            (ratio.lines > 0).then(|| TableRow { name, ratio, missing: ranges(&lines.executable, &lines.ran) })
        })
    }
}

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

fn title(rows: Rows) -> &'static str {
    match rows {
        Rows::Files => "File",
        Rows::Functions => "Function",
    }
}

fn markdown(rows: &[TableRow], total: Ratio, skipped: Option<&str>, layout: Layout) -> String {
    let mut text = format!("| {} | Lines | Missed | Cover |", title(layout.rows));
    let mut rule = "|:--|--:|--:|--:|".to_owned();
    if layout.show_missing {
        text.push_str(" Missing |");
        rule.push_str(":--|");
    }
    text.extend(["\n", &rule, "\n"]);
    let mut row = |name: &str, ratio: Ratio, missing: &str| {
        let (lines, missed, cover) = (ratio.lines, ratio.lines - ratio.ran, ratio.percent(layout.decimals));
        text.push_str(&format!("| {name} | {lines} | {missed} | {cover}% |"));
        text.push_str(&if layout.show_missing { format!(" {missing} |\n") } else { "\n".to_owned() });
    };
    for one in rows {
        row(&as_code(&one.name), one.ratio, &shown_ranges(&one.missing));
    }
    row("**TOTAL**", total, "");
    text.extend(skipped.map(|skipped| format!("\n{skipped}\n")));
    text
}

/// A name as code: in a table a bar ends a cell even there, and nothing but entities means a backtick.
fn as_code(name: &str) -> String {
    let name = printable(name);
    let name = name.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('|', "&#124;");
    format!("<code>{}</code>", name.replace('`', "&#96;").replace('*', "&#42;").replace('_', "&#95;"))
}

fn text(rows: &[TableRow], total: Ratio, skipped: Option<&str>, layout: Layout) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    match layout.colour {
        Colour::Terminal => table.enforce_styling(),
        Colour::None => table.force_no_tty(),
    };
    table.set_header([title(layout.rows), "Lines", "Missed", "Cover"]);
    for row in rows {
        table.add_row(cells(&printable(&row.name), row.ratio, layout));
    }
    table.add_row(cells("TOTAL", total, layout));
    for (column, index) in table.column_iter_mut().zip(0u16..) {
        let alignment = if index == 0 { CellAlignment::Left } else { CellAlignment::Right };
        column.set_cell_alignment(alignment);
        column.set_padding((if index == 0 { 0 } else { GAP }, 0));
    }
    let gaps = usize::from(GAP) * (table.column_count() - 1);
    let rule = "-".repeat(table.column_max_content_widths().into_iter().map(usize::from).sum::<usize>() + gaps);
    ruled(table.lines(), &rule, layout, rows, skipped)
}

/// Puts a rule below the titles and one above the total, and the missing lines behind their rows, where the longest of
/// them does not widen the others.
fn ruled(
    lines: impl Iterator<Item = String>,
    rule: &str,
    layout: Layout,
    rows: &[TableRow],
    skipped: Option<&str>,
) -> String {
    let mut text = String::new();
    let gap = " ".repeat(GAP.into());
    for (index, line) in lines.enumerate() {
        let missing = match index.checked_sub(1).map(|row| rows.get(row)) {
            None => "Missing".to_owned(),
            Some(Some(row)) => shown_ranges(&row.missing),
            Some(None) => String::new(),
        };
        if index == rows.len() + 1 {
            text.extend(skipped.map(|skipped| format!("{skipped}\n")));
            text.extend([rule, "\n"]);
        }
        text.push_str(line.trim_end());
        if layout.show_missing && !missing.is_empty() {
            text.extend([gap.as_str(), &missing]);
        }
        text.push('\n');
        if index == 0 {
            text.extend([rule, "\n"]);
        }
    }
    text
}

fn cells(name: &str, ratio: Ratio, layout: Layout) -> Vec<Cell> {
    let colour = match ratio.level() {
        Level::Good => Color::Green,
        Level::Fair => Color::Yellow,
        Level::Poor => Color::Red,
    };
    vec![
        Cell::new(name),
        Cell::new(ratio.lines),
        Cell::new(ratio.lines - ratio.ran),
        Cell::new(format!("{}%", ratio.percent(layout.decimals))).fg(colour),
    ]
}

fn order(sort: Sort, one: &TableRow, other: &TableRow) -> Ordering {
    let missed = |row: &TableRow| row.ratio.lines - row.ratio.ran;
    let by_name = one.name.cmp(&other.name);
    let by_key = match sort.key {
        SortKey::File => by_name,
        SortKey::Lines => one.ratio.lines.cmp(&other.ratio.lines),
        SortKey::Missed => missed(one).cmp(&missed(other)),
        SortKey::Cover => one.ratio.compare(other.ratio),
    };
    let by_key = if sort.descending { by_key.reverse() } else { by_key };
    by_key.then(by_name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::model::coverage::FileCoverage;
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
