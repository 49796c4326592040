//! What there is to read in the DWARF of an image: its units, and the sources that each of them names.
//!
//! The table of files of a unit's line program tells of all sources whose code may be in the unit. Where only some
//! sources are wanted, the units that name none of those are not read.
//!
//! Invariant: each abbreviation table is read once, each line program belongs to the first unit that refers to it.

use super::Bytes;
use gimli::{
    Abbreviations, AttributeValue, DebugAbbrev, DebugAbbrevOffset, Dwarf, LittleEndian, Section, Unit, UnitHeader,
};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::paths::{FileId, FileTable, SourcePaths};
use super::portions;
use super::sections::DebugSections;
use crate::debuginfo::error::{Budget, IndexError};
use crate::debuginfo::shortfall::{Shortfall, Shortfalls};

/// The abbreviation tables, by their place in the section.
pub(super) type Tables = BTreeMap<usize, Option<Arc<Abbreviations>>>;

/// The units that are to be read.
pub(crate) struct Survey<'a> {
    pub(super) dwarf: Dwarf<Bytes<'a>>,
    pub(super) headers: Vec<UnitHeader<Bytes<'a>>>,
    pub(super) tables: Tables,
    pub(super) tasks: Vec<Task<'a>>,
}

/// A unit that is to be read.
#[derive(Clone, Copy)]
pub(super) struct Task<'a> {
    pub(super) header: UnitHeader<Bytes<'a>>,
    /// Whether its line program is to be read too.
    pub(super) with_program: bool,
}

/// The sources that units name.
pub(crate) struct NamedSources {
    /// All of them, in order of their first use.
    pub(crate) paths: Vec<String>,
    /// Of each unit that is to be read those it names; None of one that is to be read whatever they are.
    pub(super) of_units: Vec<Option<Vec<FileId>>>,
}

impl<'a> Survey<'a> {
    /// Looks at the head of every unit of `.debug_info`; calls `step_done` whenever it has seen some of them.
    ///
    /// # Errors
    /// If the budget is used up.
    pub(crate) fn of(
        sections: &'a DebugSections<'_>,
        budget: &mut Budget,
        shortfalls: &mut Shortfalls,
        step_done: &(dyn Fn() + Sync),
    ) -> Result<Survey<'a>, IndexError> {
        let dwarf = sections.reader();
        let headers = headers(&dwarf, shortfalls, step_done);
        let tables = abbreviation_tables(dwarf.debug_abbrev.reader().slice(), &headers);
        let tasks = tasks(&headers, &tables, budget, step_done)?;
        Ok(Survey { dwarf, headers, tables, tasks })
    }

    /// The sources that the units name; calls `step_done` whenever some units have been looked at.
    ///
    /// # Errors
    /// If the budget is used up.
    pub(crate) fn named(&self, budget: &mut Budget, step_done: &(dyn Fn() + Sync)) -> Result<NamedSources, IndexError> {
        let found = portions::map_runs(&self.tasks, self.tasks.len().div_ceil(64), |tasks| {
            let (mut budget, mut paths) = (budget.share(), SourcePaths::default());
            let files = tasks.iter().map(|task| self.files_of(task, &mut paths, &mut budget));
            let files = files.collect::<Result<Vec<_>, _>>()?;
            step_done();
            budget.settle().map(|()| (paths, files))
        });
        let (mut paths, mut of_units) = (SourcePaths::default(), Vec::with_capacity(self.tasks.len()));
        for part in found {
            let (of_part, mut files) = part?;
            let ids = paths.adopt(of_part);
            files.iter_mut().flatten().flatten().for_each(|file| *file = ids[file.0 as usize]);
            of_units.append(&mut files);
        }
        let paths = paths.into_order().into_iter().map(|(path, _)| path).collect();
        Ok(NamedSources { paths, of_units })
    }

    /// The files that a unit names; None if it is damaged.
    fn files_of(
        &self,
        task: &Task<'a>,
        paths: &mut SourcePaths,
        budget: &mut Budget,
    ) -> Result<Option<Vec<FileId>>, IndexError> {
        let Some(unit) = opened(task.header, &self.dwarf, &self.tables, budget)? else { return Ok(None) };
        let mut files = Vec::new();
        if let Some(program) = &unit.line_program {
            let (mut table, header) = (FileTable::default(), program.header());
            for index in 0..=header.file_names().len() as u64 {
                files.extend(table.resolve(index, header, unit.unit_ref(&self.dwarf), paths, budget)?);
            }
        }
        Ok(Some(files))
    }

    /// Leaves out the units that name none of the sources that are wanted; false if there are no such units.
    pub(crate) fn narrow(&mut self, named: &NamedSources, wanted: &[bool]) -> bool {
        let is_wanted = |files: &Option<Vec<FileId>>| {
            files.as_ref().is_none_or(|files| files.iter().any(|file| wanted[file.0 as usize]))
        };
        let before = self.tasks.len();
        let mut units = named.of_units.iter();
        self.tasks.retain(|_| units.next().is_none_or(is_wanted));
        self.tasks.len() < before
    }
}

fn headers<'a>(
    dwarf: &Dwarf<Bytes<'a>>,
    shortfalls: &mut Shortfalls,
    step_done: &dyn Fn(),
) -> Vec<UnitHeader<Bytes<'a>>> {
    /// After so many `step_done` is called: around each header the kernel maps 64 KiB of the file.
    const UNITS: usize = 256;
    let mut headers = Vec::new();
    let mut all = dwarf.units();
    loop {
        match all.next() {
            Ok(Some(header)) => {
                headers.push(header);
                if headers.len().is_multiple_of(UNITS) {
                    step_done();
                }
            }
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
fn tasks<'a>(
    headers: &[UnitHeader<Bytes<'a>>],
    tables: &Tables,
    budget: &Budget,
    step_done: &(dyn Fn() + Sync),
) -> Result<Vec<Task<'a>>, IndexError> {
    let programs = portions::map_runs(headers, headers.len().div_ceil(32), |headers| {
        let mut budget = budget.share();
        let programs = headers.iter().map(|header| program_of(header, tables, &mut budget));
        let programs = programs.collect::<Result<Vec<_>, _>>()?;
        step_done();
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

/// Opens a unit; None if it is damaged.
///
/// # Errors
/// If the budget is used up.
pub(super) fn opened<'a>(
    header: UnitHeader<Bytes<'a>>,
    dwarf: &Dwarf<Bytes<'a>>,
    tables: &Tables,
    budget: &mut Budget,
) -> Result<Option<Unit<Bytes<'a>>>, IndexError> {
    let table = tables.get(&header.debug_abbrev_offset().0).cloned().flatten();
    let Some(unit) = table.and_then(|table| Unit::new_with_abbreviations(dwarf, header, table).ok()) else {
        return Ok(None);
    };
    let length = |name: Option<Bytes<'a>>| name.map_or(0, |name| name.len());
    budget.spend(length(unit.name) + length(unit.comp_dir))?;
    if let Some(program) = &unit.line_program {
        // What was read of it and about what its tables take in memory; several units may share a program.
        let header = program.header();
        let tables = header.file_names().len() * 64 + header.include_directories().len() * 32;
        budget.spend(header.header_length().saturating_add(tables))?;
    }
    Ok(Some(unit))
}
