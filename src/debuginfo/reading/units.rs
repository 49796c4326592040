//! The DWARF of an image, unit by unit: rows of its line programs and the functions it describes.
//!
//! Units are read in portions, by several threads at once, and put together in their order.
//!
//! Invariants: a unit that cannot be read costs only itself; each line program is read once, for the first unit that
//! refers to it.

use super::Bytes;
use gimli::{DebugInfoOffset, Dwarf, Unit, UnitHeader, UnitRef};

use super::order::CodeOrder;
use super::paths::{FileTable, SourcePaths};
use super::portions;
use super::rows::{self, Claim, Row, Sink};
use super::subprograms::{EntryId, Functions, Stop, UnitFiles};
use super::survey::{Survey, Tables, Task, opened};
use super::text::Text;
use crate::debuginfo::error::{Budget, IndexError};
use crate::debuginfo::shortfall::{Shortfall, Shortfalls};

/// What the DWARF of an image, or of some of its units, says.
#[derive(Default)]
pub(crate) struct Described<'a> {
    /// In the order of the line programs, each sequence sorted.
    pub(crate) rows: Vec<Row>,
    /// What else tells of lines.
    pub(crate) claims: Vec<Claim>,
    pub(crate) functions: Functions<'a>,
    pub(crate) paths: SourcePaths,
}

impl<'a> Described<'a> {
    /// Adds what units behind say.
    fn append(&mut self, mut behind: Described<'a>) {
        let ids = self.paths.adopt(behind.paths);
        behind.rows.iter_mut().for_each(|row| row.file = ids[row.file.0 as usize]);
        for file in behind.functions.subprograms.iter_mut().filter_map(|s| s.declaration.file.as_mut()) {
            *file = ids[file.0 as usize];
        }
        behind.claims.iter_mut().for_each(|claim| claim.file = ids[claim.file.0 as usize]);
        self.rows.append(&mut behind.rows);
        self.claims.append(&mut behind.claims);
        self.functions.append(behind.functions);
    }
}

/// Reads the units of a survey; calls `step_done` whenever some have been read.
///
/// # Errors
/// If the budget is used up.
pub(crate) fn read<'a>(
    survey: Survey<'a>,
    text: &Text<'_>,
    budget: &mut Budget,
    shortfalls: &mut Shortfalls,
    step_done: &(dyn Fn() + Sync),
) -> Result<Described<'a>, IndexError> {
    /// Bytes of debug information that are worth handing to another thread.
    const PORTION: u64 = 64 << 10;
    let Survey { dwarf, headers, tables, tasks } = survey;
    let (dwarf, tables) = (&dwarf, &tables);
    let portions = portions::cut(tasks, PORTION, |task| task.header.length_including_self() as u64);
    let reader = |budget| UnitReader { dwarf, tables, text, budget, shortfalls: Shortfalls::default() };
    let budgets: Vec<Budget> = portions.iter().map(|_| budget.share()).collect();
    let read = portions::map(portions.into_iter().zip(budgets).collect(), |(tasks, budget)| {
        let mut reader = reader(budget);
        let described = reader.units(&tasks)?;
        step_done();
        Ok((described, reader.shortfalls))
    });
    let mut described = Described::default();
    for portion in read {
        let (behind, more) = portion?;
        described.append(behind);
        shortfalls.extend(&more);
    }
    let mut reader = reader(budget.share());
    reader.follow_elsewhere(&headers, &mut described, step_done)?;
    shortfalls.extend(&reader.shortfalls);
    let Described { functions, claims, .. } = &mut described;
    claims.extend(functions.take_heads());
    Ok(described)
}

/// Reads units, one after the other.
struct UnitReader<'d, 'a> {
    dwarf: &'d Dwarf<Bytes<'a>>,
    tables: &'d Tables,
    text: &'d Text<'d>,
    budget: Budget,
    shortfalls: Shortfalls,
}

impl<'a> UnitReader<'_, 'a> {
    fn units(&mut self, tasks: &[Task<'a>]) -> Result<Described<'a>, IndexError> {
        let mut described = Described::default();
        for task in tasks {
            self.unit(task, &mut described)?;
        }
        // Rows of no line were needed only to tell where those before them end.
        described.rows.retain(|row| row.line != 0);
        self.budget.settle()?;
        Ok(described)
    }

    /// Opens a unit; None if it is damaged.
    fn open(&mut self, header: UnitHeader<Bytes<'a>>) -> Result<Option<Unit<Bytes<'a>>>, IndexError> {
        let unit = opened(header, self.dwarf, self.tables, &mut self.budget)?;
        if unit.is_none() {
            self.shortfalls.add(Shortfall::MalformedDebugInfo);
        }
        Ok(unit)
    }

    fn unit(&mut self, task: &Task<'a>, described: &mut Described<'a>) -> Result<(), IndexError> {
        let Some(mut unit) = self.open(task.header)? else {
            return Ok(());
        };
        if unit.dwo_id.is_some() {
            self.shortfalls.add(Shortfall::SplitDwarf);
        }
        let program = unit.line_program.take();
        let unit = unit.unit_ref(self.dwarf);
        let order = self.order_of(&unit, task)?;
        let Described { rows, claims, functions, paths } = described;
        let files = match program {
            Some(program) if task.with_program => {
                let (budget, shortfalls) = (&mut self.budget, &mut self.shortfalls);
                let mut sink = Sink { rows, claims, paths, text: self.text, order, budget, shortfalls };
                Some(rows::read(program, unit, &mut sink)?)
            }
            Some(program) => Some((program.header().clone(), FileTable::default())),
            None => None,
        };
        let mut source = UnitFiles { unit, files, paths, budget: &mut self.budget };
        match source.collect(functions, claims, order) {
            Ok(()) => {}
            Err(Stop::Damaged) => self.shortfalls.add(Shortfall::MalformedDebugInfo),
            Err(Stop::Fatal(error)) => return Err(error),
        }
        Ok(())
    }

    fn order_of(&mut self, unit: &UnitRef<'_, Bytes<'a>>, task: &Task<'a>) -> Result<CodeOrder, IndexError> {
        let Ok(entry) = unit.entry(task.header.root_offset()) else { return Ok(CodeOrder::Mixed) };
        let producer = entry.attr_value(gimli::DW_AT_producer).and_then(|value| unit.attr_string(value).ok());
        let Some(producer) = producer else { return Ok(CodeOrder::Mixed) };
        self.budget.spend(producer.len())?;
        Ok(CodeOrder::of(producer.slice()))
    }

    /// Completes the functions whose declaration is in another unit, each unit opened once per round.
    fn follow_elsewhere(
        &mut self,
        headers: &[UnitHeader<Bytes<'a>>],
        described: &mut Described<'a>,
        step_done: &(dyn Fn() + Sync),
    ) -> Result<(), IndexError> {
        const ROUNDS: usize = 8;
        /// After so many units `step_done` is called.
        const UNITS: usize = 64;
        let subprograms = &mut described.functions.subprograms;
        let mut waiting: Vec<(EntryId, u32)> =
            (0..).zip(&mut *subprograms).filter_map(|(i, s)| Some((s.elsewhere.take()?, i))).collect();
        for _ in 0..ROUNDS {
            waiting.sort_unstable();
            let mut still = Vec::new();
            let same_unit = |a: &(EntryId, u32), b: &(EntryId, u32)| {
                unit_of(headers, a.0.offset()).map(|h| h.offset()) == unit_of(headers, b.0.offset()).map(|h| h.offset())
            };
            for (number, group) in waiting.chunk_by(same_unit).enumerate() {
                if number % UNITS == UNITS - 1 {
                    step_done();
                }
                let Some(header) = unit_of(headers, group[0].0.offset()) else {
                    continue;
                };
                let Some(mut unit) = self.open(header)? else { continue };
                let files = unit.line_program.take().map(|p| (p.header().clone(), FileTable::default()));
                let unit = unit.unit_ref(self.dwarf);
                let mut source = UnitFiles { unit, files, paths: &mut described.paths, budget: &mut self.budget };
                for (target, index) in group {
                    let Some(entry) = target.offset().to_unit_offset(&unit.header) else {
                        continue;
                    };
                    match source.follow(entry, &mut subprograms[*index as usize].declaration) {
                        Ok(next) => still.extend(next.map(|next| (next, *index))),
                        Err(Stop::Damaged) => self.shortfalls.add(Shortfall::MalformedDebugInfo),
                        Err(Stop::Fatal(error)) => return Err(error),
                    }
                }
            }
            waiting = still;
        }
        self.budget.settle()
    }
}

/// The unit that an offset into `.debug_info` lies in.
fn unit_of<'a>(headers: &[UnitHeader<Bytes<'a>>], offset: DebugInfoOffset) -> Option<UnitHeader<Bytes<'a>>> {
    let after = headers.partition_point(|h| h.debug_info_offset().is_some_and(|start| start <= offset));
    headers[..after].last().copied()
}
