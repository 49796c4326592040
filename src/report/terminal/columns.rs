//! Plain columns for the terminal, as wide as what is in them.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

/// Rows of cells below titles; the columns that `numbers` names by their index are aligned to the right.
pub fn columns<const N: usize>(
    titles: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
    numbers: &[usize],
) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled).force_no_tty();
    table.set_header(titles);
    table.add_rows(rows);
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((if index == 0 { 0 } else { 2 }, 0));
        if numbers.contains(&index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}
