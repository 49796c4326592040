//! The table as columns of text, with the missing lines behind them.

use super::escape::printable;
use super::layout::{Colour, Layout};
use super::rows::TableRow;
use crate::report::model::missing::shown_ranges;
use crate::report::model::percent::{Level, Ratio};
use comfy_table::{Cell, CellAlignment, Color, ContentArrangement, Table, presets};

/// Spaces between columns.
const GAP: u16 = 2;

/// The rows, the total below them, and above it what was `skipped`.
pub(super) fn text(rows: &[TableRow], total: Ratio, skipped: Option<&str>, layout: Layout) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    match layout.colour {
        Colour::Terminal => table.enforce_styling(),
        Colour::None => table.force_no_tty(),
    };
    table.set_header([layout.rows.title(), "Lines", "Missed", "Cover"]);
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
