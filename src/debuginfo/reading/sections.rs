//! The sections of the debug information, found and uncompressed.
//!
//! Invariant: every string of a string section ends within it.

use super::elf::Elf;
use crate::debuginfo::shortfall::{Shortfall, Shortfalls};
use gimli::{Dwarf, DwarfSections, EndianSlice, LittleEndian, SectionId};
use std::borrow::Cow;

/// The debug sections of an image that are needed, uncompressed.
pub(crate) struct DebugSections<'a> {
    sections: DwarfSections<Cow<'a, [u8]>>,
    /// Their size in bytes.
    pub(crate) size: usize,
}

impl<'a> DebugSections<'a> {
    /// Takes the sections out of an image; what cannot be read counts as missing.
    pub(crate) fn load(elf: &Elf<'a>, shortfalls: &mut Shortfalls) -> DebugSections<'a> {
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
        DebugSections { sections, size }
    }

    /// A reader of them.
    pub(crate) fn reader(&self) -> Dwarf<EndianSlice<'_, LittleEndian>> {
        self.sections.borrow(|section| EndianSlice::new(section, LittleEndian))
    }
}
