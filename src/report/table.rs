//! The table for the terminal: one row a source, and the total.
//!
//! Invariant: the last line starts with `TOTAL` and its last word that ends in `%` is the total coverage: programs look
//! for it.

use super::escape::printable;
use super::merge::FileCoverage;
use super::missing::missing_ranges;
use super::percent::Ratio;
use super::prepared::{Report, ReportFile};
use comfy_table::{Cell, CellAlignment, Color, ContentArrangement, Table, presets};
use std::cmp::Ordering;

/// How the table looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The order of the rows.
    pub sort: Sort,
    /// Whether there is a column with the lines that did not run.
    pub show_missing: bool,
    /// Decimals of percentages, at most 9.
    pub decimals: u8,
    /// Whether it is coloured.
    pub colour: Colour,
}

/// An order of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// The column.
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
    /// Plain text.
    None,
}

/// Spaces between columns.
const GAP: u16 = 2;

struct Row<'a> {
    name: String,
    file: &'a FileCoverage,
    ratio: Ratio,
}

impl Row<'_> {
    fn of(file: &ReportFile) -> Row<'_> {
        Row { name: printable(&file.name).into_owned(), file: &file.coverage, ratio: file.coverage.ratio() }
    }
}

/// The table.
pub fn table(report: &Report, layout: Layout) -> String {
    let mut rows: Vec<Row<'_>> = report.files.iter().map(Row::of).collect();
    rows.sort_by(|one, other| order(layout.sort, one, other));

    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    match layout.colour {
        Colour::Terminal => table.enforce_styling(),
        Colour::None => table.force_no_tty(),
    };
    table.set_header(["File", "Lines", "Missed", "Cover"]);
    for row in &rows {
        table.add_row(cells(&row.name, row.ratio, layout));
    }
    table.add_row(cells("TOTAL", report.total(), layout));
    for (column, index) in table.column_iter_mut().zip(0u16..) {
        let alignment = if index == 0 { CellAlignment::Left } else { CellAlignment::Right };
        column.set_cell_alignment(alignment);
        column.set_padding((if index == 0 { 0 } else { GAP }, 0));
    }
    let gaps = usize::from(GAP) * (table.column_count() - 1);
    let rule = "-".repeat(table.column_max_content_widths().into_iter().map(usize::from).sum::<usize>() + gaps);
    ruled(table.lines(), &rule, layout, &rows)
}

/// Puts a rule below the titles and one above the total, and the missing lines behind their rows, where the longest of
/// them does not widen the others.
fn ruled(lines: impl Iterator<Item = String>, rule: &str, layout: Layout, rows: &[Row<'_>]) -> String {
    let mut text = String::new();
    let gap = " ".repeat(GAP.into());
    for (index, line) in lines.enumerate() {
        let missing = match index.checked_sub(1).map(|row| rows.get(row)) {
            None => "Missing".to_owned(),
            Some(Some(row)) => missing_ranges(&row.file.executable, &row.file.ran),
            Some(None) => String::new(),
        };
        if index == rows.len() + 1 {
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
    let colour = match ratio.compare(Ratio { ran: 9, lines: 10 }) {
        Ordering::Greater | Ordering::Equal => Color::Green,
        Ordering::Less if ratio.compare(Ratio { ran: 3, lines: 4 }).is_ge() => Color::Yellow,
        Ordering::Less => Color::Red,
    };
    vec![
        Cell::new(name),
        Cell::new(ratio.lines),
        Cell::new(ratio.lines - ratio.ran),
        Cell::new(format!("{}%", ratio.percent(layout.decimals))).fg(colour),
    ]
}

fn order(sort: Sort, one: &Row<'_>, other: &Row<'_>) -> Ordering {
    let missed = |row: &Row<'_>| row.ratio.lines - row.ratio.ran;
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

    const LAYOUT: Layout = Layout {
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
