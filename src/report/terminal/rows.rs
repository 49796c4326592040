//! The rows of a table of coverage and their order.

use super::layout::{Sort, SortKey};
use crate::report::model::missing::ranges;
use crate::report::model::percent::Ratio;
use crate::report::model::prepared::ReportFile;
use std::cmp::Ordering;

/// A source or a function.
pub(super) struct TableRow {
    pub name: String,
    pub ratio: Ratio,
    /// The first and last line of each range that did not run.
    pub missing: Vec<(u32, u32)>,
}

impl TableRow {
    pub fn of_file(file: &ReportFile) -> TableRow {
        TableRow { name: file.name.clone(), ratio: file.coverage.ratio(), missing: file.missing() }
    }

    pub fn of_functions(file: &ReportFile) -> impl Iterator<Item = TableRow> {
        file.coverage.functions.iter().filter_map(move |function| {
            let lines = file.coverage.of_function(function);
            let (name, ratio) = (format!("{}:{}: {}", file.name, function.start, function.name), lines.ratio());
            (ratio.lines > 0).then(|| TableRow { name, ratio, missing: ranges(&lines.executable, &lines.ran) })
        })
    }
}

/// How two rows compare.
pub(super) fn order(sort: Sort, one: &TableRow, other: &TableRow) -> Ordering {
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
