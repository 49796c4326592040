//! What the linker made of a program: sections that are loaded, variables, relocations by name, libraries it needs.
//!
//! Invariant: what is cut off, out of range or nonsense is absent.

use super::elf::{ENDIAN, Elf, Symbol};
use crate::debuginfo::index::Svma;
use object::LittleEndian;
use object::elf;
use object::read::elf::{Dyn, ProgramHeader, SectionHeader, Sym};
use std::ops::Range;

/// What a section holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    /// Instructions.
    Code,
    /// What nobody writes to once the program runs.
    Constants,
    /// What the program may write to.
    Variables,
    /// What each thread has its own copy of.
    ThreadLocals,
}

/// A section that is loaded with the program.
#[derive(Clone, Debug)]
pub(crate) struct LoadedSection<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) start: Svma,
    /// The first address behind it.
    pub(crate) end: Svma,
    /// What the file has of it: all, or nothing.
    pub(crate) bytes: &'a [u8],
    pub(crate) holds: Holds,
}

/// A symbol of something that has a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NamedRange<'a> {
    pub(crate) start: Svma,
    /// The first address behind it.
    pub(crate) end: Svma,
    pub(crate) name: &'a [u8],
}

/// What the loader puts into a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target<'a> {
    /// An address of this program.
    Address(Svma),
    /// One of whatever has this name elsewhere, and how far from it.
    Import(&'a [u8], i64),
}

impl<'a> LoadedSection<'a> {
    /// What the file has of a part of it.
    pub(crate) fn stored(&self, range: &NamedRange<'_>) -> &'a [u8] {
        let stored = self.bytes.get((range.start.0 - self.start.0) as usize..).unwrap_or_default();
        let size = usize::try_from(range.end.0.saturating_sub(range.start.0)).unwrap_or(usize::MAX);
        &stored[..stored.len().min(size)]
    }
}

impl<'a> Elf<'a> {
    /// The sections that are loaded, in order of address.
    pub(crate) fn loaded_sections(&self) -> Vec<LoadedSection<'a>> {
        let relro = self.read_only_after_loading();
        let mut sections: Vec<LoadedSection<'a>> = self
            .sections
            .iter()
            .filter_map(|section| {
                let flags = section.sh_flags(ENDIAN);
                let start = Svma(section.sh_addr(ENDIAN));
                let end = Svma(start.0.checked_add(section.sh_size(ENDIAN))?);
                if !flags.contains(elf::SHF_ALLOC) || start == end {
                    return None;
                }
                let is_written = flags.contains(elf::SHF_WRITE) && !relro.contains(&start);
                let holds = match (flags.contains(elf::SHF_EXECINSTR), flags.contains(elf::SHF_TLS), is_written) {
                    (true, ..) => Holds::Code,
                    (_, true, _) => Holds::ThreadLocals,
                    (.., true) => Holds::Variables,
                    (.., false) => Holds::Constants,
                };
                let is_stored = section.sh_type(ENDIAN) != elf::SHT_NOBITS;
                let bytes = if is_stored { self.data(section)? } else { &[] };
                // Thread-local variables without a beginning take no room where they are said to be.
                let takes_room = is_stored || holds != Holds::ThreadLocals;
                let name = name_at(self.section_names, section.sh_name(ENDIAN));
                takes_room.then_some(LoadedSection { name, start, end, bytes, holds })
            })
            .collect();
        sections.sort_by_key(|section| section.start);
        sections
    }

    /// What may not be written to once the relocations are done.
    fn read_only_after_loading(&self) -> Range<Svma> {
        let relro = self.segments.iter().find(|segment| segment.p_type(ENDIAN) == elf::PT_GNU_RELRO);
        relro.map_or(Svma(0)..Svma(0), |segment| {
            let start = segment.p_vaddr(ENDIAN);
            Svma(start)..Svma(start.saturating_add(segment.p_memsz(ENDIAN)))
        })
    }

    /// The variables and constants that have names, in any order.
    pub(crate) fn variables(&self) -> impl Iterator<Item = NamedRange<'a>> + '_ {
        self.symbol_tables().flat_map(|table| {
            let symbols: &'a [Symbol] = table.data_as_array(ENDIAN, self.bytes).unwrap_or_default();
            let strings = self.strings_of(table);
            symbols.iter().filter_map(move |symbol| {
                let (start, size) = (symbol.st_value(ENDIAN), symbol.st_size(ENDIAN));
                let is_variable = symbol.st_type() == elf::STT_OBJECT && symbol.st_shndx(ENDIAN) != elf::SHN_UNDEF;
                let end = start.checked_add(size).filter(|_| is_variable && size > 0)?;
                let name = name_at(strings, symbol.st_name(ENDIAN));
                Some(NamedRange { start: Svma(start), end: Svma(end), name })
            })
        })
    }

    /// What the loader puts where, in any order.
    pub(crate) fn targets(&self) -> impl Iterator<Item = (Svma, Target<'a>)> + '_ {
        self.relocations().flat_map(|table| {
            let relocations: &[elf::Rela64<LittleEndian>] = table.data_as_array(ENDIAN, self.bytes).unwrap_or_default();
            let symbols = self.sections.get(table.sh_link(ENDIAN) as usize);
            let strings = symbols.map(|symbols| self.strings_of(symbols)).unwrap_or_default();
            let symbols: &'a [Symbol] =
                symbols.and_then(|symbols| symbols.data_as_array(ENDIAN, self.bytes).ok()).unwrap_or_default();
            relocations.iter().map(move |relocation| {
                let addend = relocation.r_addend.get(ENDIAN);
                // The null symbol's value is 0.
                let number = relocation.r_sym(ENDIAN, false) as usize;
                let symbol = symbols.get(number).filter(|_| number > 0);
                let target = match symbol {
                    Some(symbol) if symbol.st_shndx(ENDIAN) == elf::SHN_UNDEF => {
                        Target::Import(name_at(strings, symbol.st_name(ENDIAN)), addend)
                    }
                    symbol => {
                        let base = symbol.map_or(0, |symbol| symbol.st_value(ENDIAN));
                        Target::Address(Svma(base.wrapping_add_signed(addend)))
                    }
                };
                (Svma(relocation.r_offset.get(ENDIAN)), target)
            })
        })
    }

    /// Whether it is no program that is started by itself, but a library.
    pub(crate) fn is_library(&self) -> bool {
        !self.is_absolute() && !self.segments.iter().any(|segment| segment.p_type(ENDIAN) == elf::PT_INTERP)
    }

    /// Where functions start that only one source knows, in order, and its name.
    pub(crate) fn files_of_locals(&self) -> Vec<(Svma, &'a [u8])> {
        let mut files = Vec::new();
        for table in self.symbol_tables() {
            let symbols: &'a [Symbol] = table.data_as_array(ENDIAN, self.bytes).unwrap_or_default();
            let strings = self.strings_of(table);
            let mut file: &[u8] = &[];
            for symbol in symbols.iter().filter(|symbol| symbol.st_bind() == elf::STB_LOCAL) {
                match symbol.st_type() {
                    elf::STT_FILE => file = name_at(strings, symbol.st_name(ENDIAN)),
                    elf::STT_FUNC => files.push((Svma(symbol.st_value(ENDIAN)), file)),
                    _ => {}
                }
            }
        }
        files.sort_unstable();
        files.dedup_by_key(|(start, _)| *start);
        files
    }

    /// What other images may use of it by name, in order of name: where it is, and whether it is data.
    pub(crate) fn offered(&self) -> Vec<(&'a [u8], Svma, bool)> {
        let dynamic = self.sections.iter().filter(|section| section.sh_type(ENDIAN) == elf::SHT_DYNSYM).take(1);
        let mut offered: Vec<_> = dynamic
            .flat_map(|table| {
                let symbols: &'a [Symbol] = table.data_as_array(ENDIAN, self.bytes).unwrap_or_default();
                let strings = self.strings_of(table);
                let defined = symbols.iter().filter(|symbol| symbol.st_shndx(ENDIAN) != elf::SHN_UNDEF);
                defined.map(move |symbol| {
                    let is_data = symbol.st_type() == elf::STT_OBJECT;
                    (name_at(strings, symbol.st_name(ENDIAN)), Svma(symbol.st_value(ENDIAN)), is_data)
                })
            })
            .collect();
        offered.sort_unstable();
        offered
    }

    /// The names of the libraries that it needs, and where they are looked for.
    pub(crate) fn needed(&self) -> Vec<&'a [u8]> {
        let dynamic = self.sections.iter().find(|section| section.sh_type(ENDIAN) == elf::SHT_DYNAMIC);
        let Some(dynamic) = dynamic else { return Vec::new() };
        let entries: &[elf::Dyn64<LittleEndian>] = dynamic.data_as_array(ENDIAN, self.bytes).unwrap_or_default();
        let strings = self.strings_of(dynamic);
        let needed = entries
            .iter()
            .filter(|entry| [elf::DT_NEEDED, elf::DT_RPATH, elf::DT_RUNPATH].contains(&entry.d_tag(ENDIAN)));
        needed.filter_map(|entry| Some(name_at(strings, u32::try_from(entry.d_val(ENDIAN)).ok()?))).collect()
    }
}

/// The name at a place of a table of strings.
fn name_at(strings: &[u8], at: u32) -> &[u8] {
    let head = strings.get(at as usize..).unwrap_or_default();
    memchr::memchr(0, head).map_or(&[], |end| &head[..end])
}
