//! The functions that the debug information describes: every DW_TAG_subprogram that has code, of its own or as copies
//! that were inlined into others.
//!
//! One pass over the entries of a unit finds them. Name and declaration may stand in an entry that it refers to, of this
//! unit or, after link-time optimisation, of another; references to other units are followed after all units were read,
//! sorted by unit.
//!
//! Invariant: each entry is read once, however deep the tree; chains of references have an end.

use super::Bytes;
use super::paths::{FileId, FileTable, SourcePaths};
use crate::debuginfo::error::{Budget, IndexError};
use crate::debuginfo::index::Svma;
use gimli::{AttributeValue, DebugInfoOffset, LineProgramHeader, UnitOffset, UnitRef};

type Entries<'u, 'a> = gimli::EntriesRaw<'u, Bytes<'a>>;

/// Longest name that is shown in full.
pub(crate) const LONGEST_NAME: usize = 1 << 16;

/// How many references lead from the code of a function to its name at most (instance, abstract, specification).
const LONGEST_CHAIN: usize = 16;

/// A function with code of its own, or one that an inlined copy refers to.
#[derive(Default)]
pub(crate) struct Subprogram<'a> {
    /// Sorted by start; none of one that is only inlined.
    pub(crate) ranges: Vec<(Svma, Svma)>,
    /// The entry that describes the function itself, which its copies refer to.
    pub(crate) identity: Option<DebugInfoOffset>,
    /// Whether it is written inside another function.
    pub(crate) is_nested: bool,
    pub(crate) declaration: Declaration<'a>,
    /// The entry of another unit that has the rest of the declaration.
    pub(crate) elsewhere: Option<DebugInfoOffset>,
}

/// Code of a function that was inlined into another.
pub(crate) struct Copy {
    pub(crate) range: (Svma, Svma),
    /// The entry that describes the function itself.
    pub(crate) of: DebugInfoOffset,
}

/// What the entries of a chain of references say of a function, the first word of each counting.
#[derive(Clone, Copy, Default)]
pub(crate) struct Declaration<'a> {
    /// DW_AT_linkage_name, still mangled.
    linkage_name: Option<&'a [u8]>,
    /// What `DW_AT_name` says: the name without its scope.
    plain_name: Option<&'a [u8]>,
    pub(crate) file: Option<FileId>,
    pub(crate) line: Option<u32>,
}

impl<'a> Declaration<'a> {
    /// The linkage name if there is one, else the name of the source.
    pub(crate) fn name(&self) -> Option<&'a [u8]> {
        self.linkage_name.or(self.plain_name)
    }

    /// Whether only the name of the source is known.
    pub(crate) fn is_plain(&self) -> bool {
        self.linkage_name.is_none() && self.plain_name.is_some()
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
    origin: Option<AttributeValue<Bytes<'a>>>,
}

impl<'u, 'a> UnitFiles<'u, 'a, '_> {
    /// Adds the functions of the unit and the copies of functions in it.
    pub(crate) fn collect(&mut self, found: &mut Vec<Subprogram<'a>>, copies: &mut Vec<Copy>) -> Result<(), Stop> {
        let first_copy = copies.len();
        let read = self.entries(found, copies);
        let mut inlined: Vec<DebugInfoOffset> = copies[first_copy..].iter().map(|copy| copy.of).collect();
        inlined.sort_unstable();
        inlined.dedup();
        for entry in inlined {
            let mut subprogram = Subprogram { identity: Some(entry), ..Subprogram::default() };
            subprogram.elsewhere = match entry.to_unit_offset(&self.unit.header) {
                Some(entry) => {
                    let attributes = self.entry(entry)?;
                    self.declare(attributes, &mut subprogram.declaration)?
                }
                None => Some(entry),
            };
            found.push(subprogram);
        }
        read
    }

    fn entries(&mut self, found: &mut Vec<Subprogram<'a>>, copies: &mut Vec<Copy>) -> Result<(), Stop> {
        let unit = self.unit;
        let mut entries: Entries<'u, 'a> = unit.entries_raw(None)?;
        // Depth of the functions around the entry.
        let mut around: Vec<isize> = Vec::new();
        let mut ranges = Vec::new();
        while !entries.is_empty() {
            let (depth, at) = (entries.next_depth(), entries.next_offset());
            let Some(abbreviation) = entries.read_abbreviation()? else {
                continue;
            };
            self.budget.spend(abbreviation.attributes().len())?;
            match abbreviation.tag() {
                gimli::DW_TAG_subprogram => {
                    while around.last().is_some_and(|d| *d >= depth) {
                        around.pop();
                    }
                    let attributes = Attributes::read(&mut entries, abbreviation.attributes(), unit)?;
                    self.ranges(&attributes, &mut ranges)?;
                    if !ranges.is_empty() {
                        let mut subprogram = Subprogram {
                            ranges: std::mem::take(&mut ranges),
                            identity: self.referred(&attributes).or_else(|| at.to_debug_info_offset(&unit.header)),
                            is_nested: !around.is_empty(),
                            ..Subprogram::default()
                        };
                        subprogram.elsewhere = self.declare(attributes, &mut subprogram.declaration)?;
                        found.push(subprogram);
                    }
                    around.push(depth);
                }
                gimli::DW_TAG_inlined_subroutine => {
                    let attributes = Attributes::read(&mut entries, abbreviation.attributes(), unit)?;
                    if let Some(of) = self.referred(&attributes) {
                        self.ranges(&attributes, &mut ranges)?;
                        copies.extend(ranges.drain(..).map(|range| Copy { range, of }));
                    }
                }
                _ => entries.skip_attributes(abbreviation.attributes())?,
            }
        }
        Ok(())
    }

    /// The entry that an entry refers to.
    fn referred(&self, attributes: &Attributes<'a>) -> Option<DebugInfoOffset> {
        match attributes.origin {
            Some(AttributeValue::UnitRef(offset)) => offset.to_debug_info_offset(&self.unit.header),
            Some(AttributeValue::DebugInfoRef(offset)) => Some(offset),
            Some(_) | None => None,
        }
    }

    /// Continues the declaration of a function of another unit with an entry of this one.
    ///
    /// Returns the entry of yet another unit that it refers to, if any.
    pub(crate) fn follow(
        &mut self,
        entry: UnitOffset,
        declaration: &mut Declaration<'a>,
    ) -> Result<Option<DebugInfoOffset>, Stop> {
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
    ) -> Result<Option<DebugInfoOffset>, Stop> {
        for _ in 0..LONGEST_CHAIN {
            if declaration.linkage_name.is_none() {
                declaration.linkage_name = self.string(attributes.linkage_name)?;
            }
            if declaration.plain_name.is_none() && declaration.linkage_name.is_none() {
                declaration.plain_name = self.string(attributes.name)?;
            }
            if declaration.line.is_none() {
                declaration.line = attributes.line.and_then(|line| u32::try_from(line).ok()).filter(|line| *line > 0);
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
                Some(AttributeValue::DebugInfoRef(offset)) => return Ok(Some(offset)),
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
                gimli::DW_AT_decl_file => {
                    read.file = match attribute.value() {
                        AttributeValue::FileIndex(index) => Some(index),
                        value => value.udata_value(),
                    }
                }
                gimli::DW_AT_decl_line => read.line = attribute.udata_value(),
                gimli::DW_AT_abstract_origin | gimli::DW_AT_specification => read.origin = Some(attribute.value()),
                _ => {}
            }
        }
        Ok(read)
    }
}
