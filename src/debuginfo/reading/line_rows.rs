//! The rows of line tables that are of one line, just as they are there.

use super::line_program::LineProgramRun;
use super::paths::{FileTable, SourcePaths};
use super::rows::{LAST_LINE, is_discarded};
use super::survey::{Survey, opened};
use crate::debuginfo::error::{Budget, IndexError};
use crate::debuginfo::index::Svma;
use std::collections::BTreeSet;

/// A row of a line table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TableRow {
    /// Where its code begins.
    pub address: Svma,
    /// Bytes of code up to the next row, which may begin at the same address.
    pub len: u64,
    /// 0 where the debug information does not say it.
    pub column: u64,
    /// Whether it begins a statement.
    pub is_statement: bool,
    /// Whether the linker discarded its code.
    pub is_discarded: bool,
}

/// What the line tables of an image say of a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LineRows {
    /// The paths of the sources that are meant and that units name.
    pub(crate) sources: BTreeSet<String>,
    /// Those of the line, by address.
    pub(crate) rows: Vec<TableRow>,
    /// The nearest line before it that has rows.
    pub(crate) before: Option<u32>,
    /// The nearest line behind it that has rows.
    pub(crate) behind: Option<u32>,
}

impl LineRows {
    /// Looks for the rows of a line of the sources that are meant.
    ///
    /// # Errors
    /// If the budget is used up.
    pub(crate) fn find(
        survey: &Survey<'_>,
        is_meant: &dyn Fn(&str) -> bool,
        line: u32,
        budget: &mut Budget,
    ) -> Result<LineRows, IndexError> {
        let mut found = LineRows::default();
        for task in survey.tasks.iter().filter(|task| task.with_program) {
            let Some(mut unit) = opened(task.header, &survey.dwarf, &survey.tables, budget)? else { continue };
            let Some(program) = unit.line_program.take() else { continue };
            budget.spend(program.header().raw_program_buf().len())?;
            let unit = unit.unit_ref(&survey.dwarf);
            // Of each file of the unit whether it is meant.
            let (mut table, mut paths) = (FileTable::default(), SourcePaths::default());
            let mut of_unit = Vec::new();
            for index in 0..=program.header().file_names().len() as u64 {
                of_unit.push(table.resolve(index, program.header(), unit, &mut paths, budget)?);
            }
            let paths = paths.into_order();
            let is_meant: Vec<bool> = paths.iter().map(|(path, _)| is_meant(path)).collect();
            if !is_meant.contains(&true) {
                continue;
            }
            let meant = paths.into_iter().zip(&is_meant).filter(|(_, is_meant)| **is_meant);
            found.sources.extend(meant.map(|((path, _), _)| path));
            let is_of = |index: u64| {
                let file = usize::try_from(index).ok().and_then(|index| *of_unit.get(index)?);
                file.is_some_and(|file| is_meant[file.0 as usize])
            };
            found.take(LineProgramRun::start(program), is_of, line, budget)?;
        }
        found.rows.sort_unstable();
        found.rows.dedup();
        Ok(found)
    }

    /// Takes what a line program says of the line in the files that are meant.
    fn take(
        &mut self,
        mut program: LineProgramRun<'_>,
        is_meant: impl Fn(u64) -> bool,
        line: u32,
        budget: &mut Budget,
    ) -> Result<(), IndexError> {
        let mut open: Option<TableRow> = None;
        let mut is_gone = true;
        while let Some(row) = program.next(|address, before| is_gone = is_discarded(address, before)) {
            let address = Svma(row.address());
            let closed = open.take().map(|row| TableRow { len: address.0.saturating_sub(row.address.0), ..row });
            budget.spend(if closed.is_some() { size_of::<TableRow>() } else { 0 })?;
            self.rows.extend(closed);
            if row.end_sequence() {
                is_gone = true;
                continue;
            }
            let number = row.line().map_or(0, |line| line.get());
            if number == 0 || number > u64::from(LAST_LINE) || !is_meant(row.file_index()) {
                continue;
            }
            let number = number as u32;
            if number == line {
                let column = match row.column() {
                    gimli::ColumnType::LeftEdge => 0,
                    gimli::ColumnType::Column(column) => column.get(),
                };
                let (is_statement, is_discarded) = (row.is_stmt(), is_gone);
                open = Some(TableRow { address, len: 0, column, is_statement, is_discarded });
            } else if number < line && !is_gone {
                self.before = self.before.max(Some(number));
            } else if !is_gone {
                self.behind = Some(self.behind.map_or(number, |behind| behind.min(number)));
            }
        }
        Ok(())
    }
}
