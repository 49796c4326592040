//! The functions that the debug information describes: every DW_TAG_subprogram that has code, of its own or as copies
//! that were inlined into others.
//!
//! One pass over the entries of a unit finds them. Name and declaration may stand in an entry that it refers to, of this
//! unit or, after link-time optimisation, of another; references to other units are followed after all units were read,
//! sorted by unit.
//!
//! Invariant: each entry is read once, however deep the tree; chains of references have an end.

use super::Bytes;
use super::order::CodeOrder;
use super::paths::{FileId, FileTable, SourcePaths};
use super::rows::{Claim, Evidence, LAST_LINE};
use crate::debuginfo::error::{Budget, IndexError};
use crate::debuginfo::index::Svma;
use gimli::{AttributeValue, DebugInfoOffset, LineProgramHeader, UnitOffset, UnitRef};

use std::num::{NonZeroU32, NonZeroU64};
use std::ops::Range;

type Entries<'u, 'a> = gimli::EntriesRaw<'u, Bytes<'a>>;

/// Longest name that is shown in full.
pub(crate) const LONGEST_NAME: usize = 1 << 16;

/// How many references lead from the code of a function to its name at most (instance, abstract, specification).
const LONGEST_CHAIN: usize = 16;

/// A function with code of its own, or one that an inlined copy refers to.
#[derive(Default)]
pub(crate) struct Subprogram<'a> {
    /// Which of the ranges of all subprograms are its own, sorted by start; none of one that is only inlined.
    pub(crate) ranges: Range<u32>,
    /// The entry that describes the function itself, which its copies refer to.
    pub(crate) identity: Option<EntryId>,
    /// Whether it is written inside another function.
    pub(crate) is_nested: bool,
    pub(crate) declaration: Declaration<'a>,
    /// The entry of another unit that has the rest of the declaration.
    pub(crate) elsewhere: Option<EntryId>,
}

/// An entry of `.debug_info`, by its place there, which is never 0: that is the header of the first unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct EntryId(NonZeroU64);

impl EntryId {
    fn of(offset: DebugInfoOffset) -> Option<EntryId> {
        NonZeroU64::new(offset.0 as u64).map(EntryId)
    }

    pub(crate) fn offset(self) -> DebugInfoOffset {
        DebugInfoOffset(self.0.get() as usize)
    }
}

/// Code of a function that was inlined into another. There are millions of them.
pub(crate) struct Copy {
    pub(crate) start: Svma,
    pub(crate) len: u32,
    /// The number of the function itself among the subprograms.
    pub(crate) of: u32,
}

/// The functions of some units.
#[derive(Default)]
pub(crate) struct Functions<'a> {
    pub(crate) subprograms: Vec<Subprogram<'a>>,
    /// Their ranges.
    pub(crate) ranges: Vec<(Svma, Svma)>,
    pub(crate) copies: Vec<Copy>,
    /// Where copies are entered, the number of the function itself among the subprograms, and what that tells.
    entered: Vec<(Svma, u32, Evidence)>,
}

impl<'a> Functions<'a> {
    /// The ranges of one of them.
    pub(crate) fn ranges_of(&self, subprogram: &Subprogram<'a>) -> &[(Svma, Svma)] {
        &self.ranges[subprogram.ranges.start as usize..subprogram.ranges.end as usize]
    }

    /// Adds those of units behind.
    pub(super) fn append(&mut self, mut behind: Functions<'a>) {
        let (subprograms, ranges) = (self.subprograms.len() as u32, self.ranges.len() as u32);
        for subprogram in &mut behind.subprograms {
            subprogram.ranges.start += ranges;
            subprogram.ranges.end += ranges;
        }
        behind.copies.iter_mut().for_each(|copy| copy.of += subprograms);
        behind.entered.iter_mut().for_each(|(_, of, _)| *of += subprograms);
        self.subprograms.append(&mut behind.subprograms);
        self.ranges.append(&mut behind.ranges);
        self.copies.append(&mut behind.copies);
        self.entered.append(&mut behind.entered);
    }

    /// The lines on which functions are declared whose copies are entered somewhere: their heads run there.
    pub(super) fn take_heads(&mut self) -> impl Iterator<Item = Claim> {
        std::mem::take(&mut self.entered).into_iter().filter_map(|(address, of, by)| {
            let Declaration { file, line, .. } = self.subprograms[of as usize].declaration;
            let line = line.map(NonZeroU32::get).filter(|line| *line <= LAST_LINE)?;
            Some(Claim { address, file: file?, line, by })
        })
    }
}

/// What the entries of a chain of references say of a function, the first word of each counting.
#[derive(Clone, Copy, Default)]
pub(crate) struct Declaration<'a> {
    /// DW_AT_linkage_name, still mangled, or else what `DW_AT_name` says: the name without its scope.
    name: Option<&'a [u8]>,
    is_linkage_name: bool,
    pub(crate) file: Option<FileId>,
    pub(crate) line: Option<NonZeroU32>,
}

impl<'a> Declaration<'a> {
    /// The linkage name if there is one, else the name of the source.
    pub(crate) fn name(&self) -> Option<&'a [u8]> {
        self.name
    }

    /// Whether only the name of the source is known.
    pub(crate) fn is_plain(&self) -> bool {
        !self.is_linkage_name && self.name.is_some()
    }
}

/// A unit with what its line program says of files.
pub(crate) struct UnitFiles<'u, 'a, 's> {
    pub(crate) unit: UnitRef<'u, Bytes<'a>>,
    /// None where the unit has no line program.
    pub(crate) files: Option<(LineProgramHeader<Bytes<'a>>, FileTable)>,
    pub(crate) paths: &'s mut SourcePaths,
    pub(crate) budget: &'s mut Budget,
}

/// Why reading the entries of a unit ended early.
pub(crate) enum Stop {
    /// The entries are damaged; what was found before is good.
    Damaged,
    /// The image as a whole is given up.
    Fatal(IndexError),
}

impl From<gimli::Error> for Stop {
    fn from(_: gimli::Error) -> Stop {
        Stop::Damaged
    }
}

impl From<IndexError> for Stop {
    fn from(error: IndexError) -> Stop {
        Stop::Fatal(error)
    }
}

/// The attributes of one entry that matter here.
#[derive(Default)]
struct Attributes<'a> {
    low: Option<u64>,
    high: Option<u64>,
    size: Option<u64>,
    ranges: Option<AttributeValue<Bytes<'a>>>,
    name: Option<AttributeValue<Bytes<'a>>>,
    linkage_name: Option<AttributeValue<Bytes<'a>>>,
    file: Option<u64>,
    line: Option<u64>,
    /// Where control comes in, where that is said.
    entry: Option<u64>,
    /// File and line of the call of an inlined function.
    call: Option<(u64, u64)>,
    origin: Option<AttributeValue<Bytes<'a>>>,
}

impl<'u, 'a> UnitFiles<'u, 'a, '_> {
    /// Adds the functions of the unit and the copies of functions in it, and the lines that these were called on.
    pub(crate) fn collect(
        &mut self,
        found: &mut Functions<'a>,
        calls: &mut Vec<Claim>,
        order: CodeOrder,
    ) -> Result<(), Stop> {
        let (mut copies, mut entered) = (Vec::new(), Vec::new());
        let first_call = calls.len();
        let read = self.entries(found, &mut copies, &mut entered, calls);
        calls[first_call..].iter_mut().for_each(|call| call.by = order.of_inlined());
        let mut inlined: Vec<EntryId> = copies.iter().map(|(_, of)| *of).collect();
        inlined.sort_unstable();
        inlined.dedup();
        let first = found.subprograms.len();
        let declared = inlined.iter().try_for_each(|of| {
            found.subprograms.push(self.inlined(*of)?);
            Ok(())
        });
        inlined.truncate(found.subprograms.len() - first);
        let number = |of: EntryId| inlined.binary_search(&of).ok().map(|at| (first + at) as u32);
        found.copies.extend(copies.into_iter().filter_map(|((start, end), of)| {
            let len = u32::try_from(end.0 - start.0).unwrap_or(u32::MAX);
            Some(Copy { start, len, of: number(of)? })
        }));
        found.entered.extend(entered.into_iter().filter_map(|(at, of)| Some((at, number(of)?, order.of_inlined()))));
        declared.and(read)
    }

    /// A function that an inlined copy refers to.
    fn inlined(&mut self, of: EntryId) -> Result<Subprogram<'a>, Stop> {
        let mut subprogram = Subprogram { identity: Some(of), ..Subprogram::default() };
        subprogram.elsewhere = match of.offset().to_unit_offset(&self.unit.header) {
            Some(entry) => {
                let attributes = self.entry(entry)?;
                self.declare(attributes, &mut subprogram.declaration)?
            }
            None => Some(of),
        };
        Ok(subprogram)
    }

    fn entries(
        &mut self,
        found: &mut Functions<'a>,
        copies: &mut Vec<((Svma, Svma), EntryId)>,
        entered: &mut Vec<(Svma, EntryId)>,
        calls: &mut Vec<Claim>,
    ) -> Result<(), Stop> {
        let unit = self.unit;
        let mut entries: Entries<'u, 'a> = unit.entries_raw(None)?;
        // Depth and ranges of the functions around the entry.
        let mut around: Vec<(isize, Range<usize>)> = Vec::new();
        let mut ranges = Vec::new();
        while !entries.is_empty() {
            let (depth, at) = (entries.next_depth(), entries.next_offset());
            let Some(abbreviation) = entries.read_abbreviation()? else {
                continue;
            };
            self.budget.spend(abbreviation.attributes().len())?;
            match abbreviation.tag() {
                gimli::DW_TAG_subprogram => {
                    while around.pop_if(|(around, _)| *around >= depth).is_some() {}
                    let attributes = Attributes::read(&mut entries, abbreviation.attributes(), unit)?;
                    let first = found.ranges.len();
                    self.ranges(&attributes, &mut found.ranges)?;
                    if found.ranges.len() > first {
                        let own = || at.to_debug_info_offset(&unit.header).and_then(EntryId::of);
                        let mut subprogram = Subprogram {
                            ranges: first as u32..found.ranges.len() as u32,
                            identity: self.referred(&attributes).or_else(own),
                            is_nested: !around.is_empty(),
                            ..Subprogram::default()
                        };
                        subprogram.elsewhere = self.declare(attributes, &mut subprogram.declaration)?;
                        found.subprograms.push(subprogram);
                    }
                    around.push((depth, first..found.ranges.len()));
                }
                gimli::DW_TAG_inlined_subroutine => {
                    let attributes = Attributes::read(&mut entries, abbreviation.attributes(), unit)?;
                    if let Some(of) = self.referred(&attributes) {
                        while around.pop_if(|(around, _)| *around >= depth).is_some() {}
                        self.ranges(&attributes, &mut ranges)?;
                        // Code that the linker discarded is in no function that it kept.
                        let own = around.last().map_or(&[][..], |(_, own)| &found.ranges[own.clone()]);
                        ranges.retain(|(start, _)| is_within(own, *start));
                        let entry = attributes.entry.map(Svma).filter(|entry| is_within(own, *entry));
                        if let Some((first, _)) = ranges.first() {
                            let address = entry.unwrap_or(*first);
                            entered.push((address, of));
                            calls.extend(self.call(&attributes, address)?);
                        }
                        copies.extend(ranges.drain(..).map(|range| (range, of)));
                    }
                }
                _ => entries.skip_attributes(abbreviation.attributes())?,
            }
        }
        Ok(())
    }

    /// The line that a function was called on whose copy is entered at an address.
    fn call(&mut self, attributes: &Attributes<'a>, address: Svma) -> Result<Option<Claim>, Stop> {
        let (unit, paths) = (self.unit, &mut *self.paths);
        let (Some((index, line)), Some((header, table))) = (attributes.call, &mut self.files) else {
            return Ok(None);
        };
        self.budget.spend(size_of::<Claim>())?;
        let file = table.resolve(index, header, unit, paths, self.budget)?;
        let line = u32::try_from(line).ok().filter(|line| (1..=LAST_LINE).contains(line));
        Ok(file.zip(line).map(|(file, line)| Claim { address, file, line, by: Evidence::Inlined }))
    }

    /// The entry that an entry refers to.
    fn referred(&self, attributes: &Attributes<'a>) -> Option<EntryId> {
        let offset = match attributes.origin {
            Some(AttributeValue::UnitRef(offset)) => offset.to_debug_info_offset(&self.unit.header),
            Some(AttributeValue::DebugInfoRef(offset)) => Some(offset),
            Some(_) | None => None,
        };
        offset.and_then(EntryId::of)
    }

    /// Continues the declaration of a function of another unit with an entry of this one.
    ///
    /// Returns the entry of yet another unit that it refers to, if any.
    pub(crate) fn follow(
        &mut self,
        entry: UnitOffset,
        declaration: &mut Declaration<'a>,
    ) -> Result<Option<EntryId>, Stop> {
        let attributes = self.entry(entry)?;
        self.declare(attributes, declaration)
    }

    fn entry(&mut self, offset: UnitOffset) -> Result<Attributes<'a>, Stop> {
        let unit = self.unit;
        let mut entries: Entries<'u, 'a> = unit.entries_raw(Some(offset))?;
        let Some(abbreviation) = entries.read_abbreviation()? else {
            return Ok(Attributes::default());
        };
        self.budget.spend(abbreviation.attributes().len())?;
        let attributes = Attributes::read(&mut entries, abbreviation.attributes(), unit)?;
        self.budget.spend(entries.next_offset().0 - offset.0)?;
        Ok(attributes)
    }

    /// Fills what `declaration` lacks from an entry and those of this unit that it refers to.
    fn declare(
        &mut self,
        mut attributes: Attributes<'a>,
        declaration: &mut Declaration<'a>,
    ) -> Result<Option<EntryId>, Stop> {
        for _ in 0..LONGEST_CHAIN {
            if !declaration.is_linkage_name
                && let Some(name) = self.string(attributes.linkage_name)?
            {
                (declaration.name, declaration.is_linkage_name) = (Some(name), true);
            }
            if declaration.name.is_none() {
                declaration.name = self.string(attributes.name)?;
            }
            if declaration.line.is_none() {
                let line = attributes.line.and_then(|line| u32::try_from(line).ok());
                declaration.line = line.and_then(NonZeroU32::new);
            }
            if declaration.file.is_none()
                && let Some(index) = attributes.file
            {
                let (unit, paths) = (self.unit, &mut *self.paths);
                if let Some((header, table)) = &mut self.files {
                    declaration.file = table.resolve(index, header, unit, paths, self.budget)?;
                }
            }
            match attributes.origin {
                Some(AttributeValue::UnitRef(offset)) => attributes = self.entry(offset)?,
                Some(AttributeValue::DebugInfoRef(offset)) => return Ok(EntryId::of(offset)),
                Some(_) | None => return Ok(None),
            }
        }
        Ok(None)
    }

    fn string(&mut self, value: Option<AttributeValue<Bytes<'a>>>) -> Result<Option<&'a [u8]>, Stop> {
        // What cannot be read (such as a string in a supplementary file) is a name less, no more.
        let Some(bytes) = value.and_then(|v| self.unit.attr_string(v).ok()).map(|b| b.slice()) else {
            return Ok(None);
        };
        self.budget.spend(bytes.len())?;
        Ok((!bytes.is_empty()).then_some(&bytes[..bytes.len().min(LONGEST_NAME)]))
    }

    /// Adds the ranges of an entry, sorted; none if they are damaged.
    fn ranges(&mut self, attributes: &Attributes<'a>, found: &mut Vec<(Svma, Svma)>) -> Result<(), Stop> {
        let first = found.len();
        let read = self.read_ranges(attributes, found);
        match read {
            Ok(()) => found[first..].sort_unstable(),
            Err(_) => found.truncate(first),
        }
        read
    }

    fn read_ranges(&mut self, attributes: &Attributes<'a>, found: &mut Vec<(Svma, Svma)>) -> Result<(), Stop> {
        let is_code = |(start, end): &(Svma, Svma)| start.0 != 0 && start < end;
        // Where there is a list, DW_AT_low_pc is only its base or an entry point.
        if let Some(value) = attributes.ranges {
            if let Some(mut list) = self.unit.attr_ranges(value)? {
                // Raw, to see also those entries of a list that are no ranges: many functions may share it.
                while let Some(raw) = list.next_raw()? {
                    self.budget.spend(size_of::<(Svma, Svma)>())?;
                    let range = list.convert_raw(raw)?.map(|range| (Svma(range.begin), Svma(range.end)));
                    found.extend(range.filter(is_code));
                }
            }
        } else if let Some(low) = attributes.low {
            let end = attributes.high.or_else(|| low.checked_add(attributes.size?));
            found.extend(end.map(|end| (Svma(low), Svma(end))).filter(is_code));
        }
        Ok(())
    }
}

impl<'a> Attributes<'a> {
    fn read(
        entries: &mut Entries<'_, 'a>,
        specifications: &[gimli::AttributeSpecification],
        unit: UnitRef<'_, Bytes<'a>>,
    ) -> gimli::Result<Attributes<'a>> {
        let mut read = Attributes::default();
        let (mut call_file, mut call_line) = (None, None);
        for specification in specifications {
            let attribute = entries.read_attribute(*specification)?;
            match attribute.name() {
                gimli::DW_AT_low_pc => read.low = unit.attr_address(attribute.value())?,
                gimli::DW_AT_high_pc => match attribute.value() {
                    AttributeValue::Udata(size) => read.size = Some(size),
                    value => read.high = unit.attr_address(value)?,
                },
                gimli::DW_AT_ranges => read.ranges = Some(attribute.value()),
                gimli::DW_AT_name => read.name = Some(attribute.value()),
                gimli::DW_AT_linkage_name | gimli::DW_AT_MIPS_linkage_name => {
                    read.linkage_name = Some(attribute.value())
                }
                gimli::DW_AT_decl_file => read.file = file_index(attribute.value()),
                gimli::DW_AT_call_file => call_file = file_index(attribute.value()),
                gimli::DW_AT_call_line => call_line = attribute.udata_value(),
                gimli::DW_AT_entry_pc => {
                    read.entry = match attribute.value() {
                        AttributeValue::Udata(distance) => read.low.and_then(|low| low.checked_add(distance)),
                        value => unit.attr_address(value)?,
                    }
                }
                gimli::DW_AT_decl_line => read.line = attribute.udata_value(),
                gimli::DW_AT_abstract_origin | gimli::DW_AT_specification => read.origin = Some(attribute.value()),
                _ => {}
            }
        }
        read.call = call_file.zip(call_line);
        Ok(read)
    }
}

/// Whether an address is in one of the ranges, which are sorted.
fn is_within(ranges: &[(Svma, Svma)], address: Svma) -> bool {
    let after = ranges.partition_point(|(start, _)| *start <= address);
    ranges[..after].last().is_some_and(|(_, end)| address < *end)
}

fn file_index(value: AttributeValue<Bytes<'_>>) -> Option<u64> {
    match value {
        AttributeValue::FileIndex(index) => Some(index),
        value => value.udata_value(),
    }
}
