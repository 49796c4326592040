//! The DWARF of an image, unit by unit: rows of its line programs and the functions it describes.
//!
//! Units are read in portions, by several threads at once, and put together in their order.
//!
//! Invariants: a unit that cannot be read costs only itself; each line program is read once, for the first unit that
//! refers to it, and each abbreviation table once.

use super::Bytes;
use gimli::{
    Abbreviations, AttributeValue, DebugAbbrev, DebugAbbrevOffset, DebugInfoOffset, Dwarf, LittleEndian, Section, Unit,
    UnitHeader,
};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::paths::{FileTable, SourcePaths};
use super::portions;
use super::rows::{self, Row, Sink};
use super::sections::DebugSections;
use super::subprograms::{Copy, Stop, Subprogram, UnitFiles};
use super::text::Text;
use crate::debuginfo::error::{Budget, IndexError};
use crate::debuginfo::shortfall::{Shortfall, Shortfalls};

type Tables = BTreeMap<usize, Option<Arc<Abbreviations>>>;

/// What the DWARF of an image, or of some of its units, says.
#[derive(Default)]
pub(crate) struct Described<'a> {
    /// In the order of the line programs, each sequence sorted.
    pub(crate) rows: Vec<Row>,
    pub(crate) subprograms: Vec<Subprogram<'a>>,
    pub(crate) copies: Vec<Copy>,
    pub(crate) paths: SourcePaths,
}

impl<'a> Described<'a> {
    /// Adds what units behind say.
    fn append(&mut self, mut behind: Described<'a>) {
        let ids = self.paths.adopt(behind.paths);
        behind.rows.iter_mut().for_each(|row| row.file = ids[row.file.0 as usize]);
        for file in behind.subprograms.iter_mut().filter_map(|subprogram| subprogram.declaration.file.as_mut()) {
            *file = ids[file.0 as usize];
        }
        self.rows.append(&mut behind.rows);
        self.subprograms.append(&mut behind.subprograms);
        self.copies.append(&mut behind.copies);
    }
}

/// A unit that is to be read.
struct Task<'a> {
    header: UnitHeader<Bytes<'a>>,
    /// Whether its line program is to be read too.
    with_program: bool,
}

/// Reads every unit of `.debug_info`.
///
/// # Errors
/// If the budget is used up.
pub(crate) fn read<'a>(
    sections: &'a DebugSections<'_>,
    text: &Text<'_>,
    budget: &mut Budget,
    shortfalls: &mut Shortfalls,
) -> Result<Described<'a>, IndexError> {
    /// Bytes of debug information that are worth handing to another thread.
    const PORTION: u64 = 64 << 10;
    let dwarf = &sections.reader();
    let headers = headers(dwarf, shortfalls);
    let tables = &abbreviation_tables(dwarf.debug_abbrev.reader().slice(), &headers);
    let tasks = tasks(&headers, tables, budget)?;
    let portions = portions::cut(tasks, PORTION, |task| task.header.length_including_self() as u64);
    let reader = |budget| UnitReader { dwarf, tables, text, budget, shortfalls: Shortfalls::default() };
    let budgets: Vec<Budget> = portions.iter().map(|_| budget.share()).collect();
    let read = portions::map(portions.into_iter().zip(budgets).collect(), |(tasks, budget)| {
        let mut reader = reader(budget);
        let described = reader.units(&tasks)?;
        Ok((described, reader.shortfalls))
    });
    let mut described = Described::default();
    for portion in read {
        let (behind, more) = portion?;
        described.append(behind);
        shortfalls.extend(&more);
    }
    let mut reader = reader(budget.share());
    reader.follow_elsewhere(&headers, &mut described)?;
    shortfalls.extend(&reader.shortfalls);
    Ok(described)
}

fn headers<'a>(dwarf: &Dwarf<Bytes<'a>>, shortfalls: &mut Shortfalls) -> Vec<UnitHeader<Bytes<'a>>> {
    let mut headers = Vec::new();
    let mut all = dwarf.units();
    loop {
        match all.next() {
            Ok(Some(header)) => headers.push(header),
            Ok(None) => return headers,
            Err(_) => {
                shortfalls.add(Shortfall::MalformedDebugInfo);
                return headers;
            }
        }
    }
}

/// Parses each abbreviation table that a unit refers to, cut off where the next one starts: honest ones do not overlap.
fn abbreviation_tables(section: &[u8], headers: &[UnitHeader<Bytes<'_>>]) -> Tables {
    let mut starts: Vec<usize> = headers.iter().map(|h| h.debug_abbrev_offset().0).collect();
    starts.sort_unstable();
    starts.dedup();
    let ends = starts.iter().skip(1).copied().chain([section.len()]);
    let ranges: Vec<(usize, usize)> = starts.iter().copied().zip(ends).collect();
    let tables = portions::map_runs(&ranges, ranges.len().div_ceil(32), |ranges| {
        let parse = |&(start, end): &(usize, usize)| {
            let bytes = section.get(start..end.min(section.len())).unwrap_or_default();
            let table = DebugAbbrev::new(bytes, LittleEndian).abbreviations(DebugAbbrevOffset(0));
            (start, table.ok().map(Arc::new))
        };
        ranges.iter().map(parse).collect::<Vec<_>>()
    });
    tables.into_iter().flatten().collect()
}

/// The units, each with whether it is the first of those that share its line program.
fn tasks<'a>(headers: &[UnitHeader<Bytes<'a>>], tables: &Tables, budget: &Budget) -> Result<Vec<Task<'a>>, IndexError> {
    let programs = portions::map_runs(headers, headers.len().div_ceil(32), |headers| {
        let mut budget = budget.share();
        let programs = headers.iter().map(|header| program_of(header, tables, &mut budget));
        let programs = programs.collect::<Result<Vec<_>, _>>()?;
        budget.settle().map(|()| programs)
    });
    let mut taken = HashSet::new();
    let mut tasks = Vec::with_capacity(headers.len());
    for (program, header) in programs.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().zip(headers) {
        tasks.push(Task { header: *header, with_program: program.is_some_and(|program| taken.insert(program)) });
    }
    Ok(tasks)
}

/// Where the line program is that a unit's first entry refers to, if it does.
fn program_of(
    header: &UnitHeader<Bytes<'_>>,
    tables: &Tables,
    budget: &mut Budget,
) -> Result<Option<usize>, IndexError> {
    let Some(Some(table)) = tables.get(&header.debug_abbrev_offset().0) else {
        return Ok(None);
    };
    let Ok(mut entries) = header.entries_raw(table, None) else { return Ok(None) };
    let Ok(Some(abbreviation)) = entries.read_abbreviation() else { return Ok(None) };
    budget.spend(abbreviation.attributes().len())?;
    let mut program = None;
    for specification in abbreviation.attributes() {
        let Ok(attribute) = entries.read_attribute(*specification) else { return Ok(None) };
        if let (gimli::DW_AT_stmt_list, AttributeValue::DebugLineRef(offset)) = (attribute.name(), attribute.value()) {
            program = Some(offset.0);
        }
    }
    Ok(program)
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
        let table = self.tables.get(&header.debug_abbrev_offset().0).cloned().flatten();
        let unit = table.and_then(|table| Unit::new_with_abbreviations(self.dwarf, header, table).ok());
        let Some(unit) = unit else {
            self.shortfalls.add(Shortfall::MalformedDebugInfo);
            return Ok(None);
        };
        let length = |name: Option<Bytes<'a>>| name.map_or(0, |name| name.len());
        self.budget.spend(length(unit.name) + length(unit.comp_dir))?;
        if let Some(program) = &unit.line_program {
            // What was read of it and about what its tables take in memory; several units may share a program.
            let header = program.header();
            let tables = header.file_names().len() * 64 + header.include_directories().len() * 32;
            self.budget.spend(header.header_length().saturating_add(tables))?;
        }
        Ok(Some(unit))
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
        let Described { rows, subprograms, copies, paths } = described;
        let files = match program {
            Some(program) if task.with_program => {
                let (budget, shortfalls) = (&mut self.budget, &mut self.shortfalls);
                let mut sink = Sink { rows, paths, text: self.text, budget, shortfalls };
                Some(rows::read(program, unit, &mut sink)?)
            }
            Some(program) => Some((program.header().clone(), FileTable::default())),
            None => None,
        };
        let mut source = UnitFiles { unit, files, paths, budget: &mut self.budget };
        match source.collect(subprograms, copies) {
            Ok(()) => {}
            Err(Stop::Damaged) => self.shortfalls.add(Shortfall::MalformedDebugInfo),
            Err(Stop::Fatal(error)) => return Err(error),
        }
        Ok(())
    }

    /// Completes the functions whose declaration is in another unit, each unit opened once per round.
    fn follow_elsewhere(
        &mut self,
        headers: &[UnitHeader<Bytes<'a>>],
        described: &mut Described<'a>,
    ) -> Result<(), IndexError> {
        const ROUNDS: usize = 8;
        let open = |s: &mut Subprogram<'a>| s.elsewhere.take();
        let mut waiting: Vec<(DebugInfoOffset, usize)> =
            described.subprograms.iter_mut().enumerate().filter_map(|(i, s)| Some((open(s)?, i))).collect();
        for _ in 0..ROUNDS {
            waiting.sort_unstable();
            let mut still = Vec::new();
            let same_unit = |a: &(DebugInfoOffset, usize), b: &(DebugInfoOffset, usize)| {
                unit_of(headers, a.0).map(|h| h.offset()) == unit_of(headers, b.0).map(|h| h.offset())
            };
            for group in waiting.chunk_by(same_unit) {
                let Some(header) = unit_of(headers, group[0].0) else {
                    continue;
                };
                let Some(mut unit) = self.open(header)? else { continue };
                let files = unit.line_program.take().map(|p| (p.header().clone(), FileTable::default()));
                let unit = unit.unit_ref(self.dwarf);
                let mut source = UnitFiles { unit, files, paths: &mut described.paths, budget: &mut self.budget };
                for (target, index) in group {
                    let Some(entry) = target.to_unit_offset(&unit.header) else {
                        continue;
                    };
                    match source.follow(entry, &mut described.subprograms[*index].declaration) {
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
