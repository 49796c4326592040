//! The DWARF of an image, unit by unit: rows of its line programs and the functions it describes.
//!
//! Invariant: a unit that cannot be read costs only itself; each line program and each abbreviation table is read once.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use gimli::{
    Abbreviations, DebugAbbrev, DebugAbbrevOffset, DebugInfoOffset, Dwarf, DwarfSections, EndianSlice, LittleEndian,
    Section, SectionId, Unit, UnitHeader,
};

use super::elf::Elf;
use super::error::{Budget, IndexError};
use super::paths::{FileTable, Paths};
use super::rows::{self, Row, Sink};
use super::shortfall::{Shortfall, Shortfalls};
use super::subprograms::{Source, Stop, Subprogram};

type Bytes<'a> = EndianSlice<'a, LittleEndian>;
type Tables = BTreeMap<usize, Option<Arc<Abbreviations>>>;

/// The debug sections of an image that are needed, uncompressed.
pub(super) struct Sections<'a> {
    sections: DwarfSections<Cow<'a, [u8]>>,
    /// Their size in bytes.
    pub(super) size: usize,
}

impl<'a> Sections<'a> {
    /// Takes the sections out of an image; what cannot be read counts as missing.
    pub(super) fn load(elf: &Elf<'a>, shortfalls: &mut Shortfalls) -> Sections<'a> {
        const NEEDED: [SectionId; 9] = [
            SectionId::DebugAbbrev,
            SectionId::DebugAddr,
            SectionId::DebugInfo,
            SectionId::DebugLine,
            SectionId::DebugLineStr,
            SectionId::DebugRanges,
            SectionId::DebugRngLists,
            SectionId::DebugStr,
            SectionId::DebugStrOffsets,
        ];
        let mut size = 0;
        let load = |id: SectionId| -> Result<Cow<'a, [u8]>, std::convert::Infallible> {
            if !NEEDED.contains(&id) {
                return Ok(Cow::Borrowed(&[]));
            }
            let mut data = elf.section_data(id.name()).unwrap_or_else(|| {
                shortfalls.add(Shortfall::UnreadableSection);
                Cow::Borrowed(&[])
            });
            if matches!(id, SectionId::DebugStr | SectionId::DebugLineStr) {
                // Without this each reference to an unterminated string would search to the end of the section.
                let terminated = memchr::memrchr(0, &data).map_or(0, |last| last + 1);
                match &mut data {
                    Cow::Borrowed(data) => *data = &data[..terminated],
                    Cow::Owned(data) => data.truncate(terminated),
                }
            }
            size += data.len();
            Ok(data)
        };
        let Ok(sections) = DwarfSections::load(load);
        Sections { sections, size }
    }
}

/// What the DWARF of an image says.
#[derive(Default)]
pub(super) struct Described<'a> {
    /// In the order of the line programs, each sequence sorted.
    pub(super) rows: Vec<Row>,
    pub(super) subprograms: Vec<Subprogram<'a>>,
    pub(super) paths: Paths,
}

/// Reads every unit of `.debug_info`.
///
/// # Errors
/// If the budget is used up.
pub(super) fn read<'a>(
    sections: &'a Sections<'_>,
    budget: &mut Budget,
    shortfalls: &mut Shortfalls,
) -> Result<Described<'a>, IndexError> {
    let dwarf = sections.sections.borrow(|section| EndianSlice::new(section, LittleEndian));
    let mut headers = Vec::new();
    let mut all = dwarf.units();
    loop {
        match all.next() {
            Ok(Some(header)) => headers.push(header),
            Ok(None) => break,
            Err(_) => {
                shortfalls.add(Shortfall::MalformedDebugInfo);
                break;
            }
        }
    }
    let tables = abbreviation_tables(dwarf.debug_abbrev.reader().slice(), &headers);
    let mut reader = Reader { dwarf: &dwarf, tables, programs: HashSet::new(), budget, shortfalls };
    let mut described = Described::default();
    for header in &headers {
        reader.unit(*header, &mut described)?;
    }
    reader.follow_elsewhere(&headers, &mut described)?;
    Ok(described)
}

/// Parses each abbreviation table that a unit refers to, cut off where the next one starts: honest ones do not overlap.
fn abbreviation_tables(section: &[u8], headers: &[UnitHeader<Bytes<'_>>]) -> Tables {
    let mut tables: Tables = headers.iter().map(|h| (h.debug_abbrev_offset().0, None)).collect();
    let mut end = section.len();
    for (start, table) in tables.iter_mut().rev() {
        let bytes = section.get(*start..end).unwrap_or_default();
        *table = DebugAbbrev::new(bytes, LittleEndian).abbreviations(DebugAbbrevOffset(0)).ok().map(Arc::new);
        end = end.min(*start);
    }
    tables
}

struct Reader<'d, 'a> {
    dwarf: &'d Dwarf<Bytes<'a>>,
    tables: Tables,
    /// Offsets of the line programs that were read.
    programs: HashSet<usize>,
    budget: &'d mut Budget,
    shortfalls: &'d mut Shortfalls,
}

impl<'a> Reader<'_, 'a> {
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

    fn unit(&mut self, header: UnitHeader<Bytes<'a>>, described: &mut Described<'a>) -> Result<(), IndexError> {
        let Some(mut unit) = self.open(header)? else {
            return Ok(());
        };
        if unit.dwo_id.is_some() {
            self.shortfalls.add(Shortfall::SplitDwarf);
        }
        let program = unit.line_program.take();
        let unit = unit.unit_ref(self.dwarf);
        let files = match program {
            Some(program) if self.programs.insert(program.header().offset().0) => {
                let Described { rows, paths, .. } = described;
                let mut sink = Sink { rows, paths, budget: self.budget, shortfalls: self.shortfalls };
                Some(rows::read(program, unit, &mut sink)?)
            }
            Some(program) => Some((program.header().clone(), FileTable::default())),
            None => None,
        };
        let mut source = Source { unit, files, paths: &mut described.paths, budget: self.budget };
        match source.collect(&mut described.subprograms) {
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
                let mut source = Source { unit, files, paths: &mut described.paths, budget: self.budget };
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
        Ok(())
    }
}

/// The unit that an offset into `.debug_info` lies in.
fn unit_of<'a>(headers: &[UnitHeader<Bytes<'a>>], offset: DebugInfoOffset) -> Option<UnitHeader<Bytes<'a>>> {
    let after = headers.partition_point(|h| h.debug_info_offset().is_some_and(|start| start <= offset));
    headers[..after].last().copied()
}
