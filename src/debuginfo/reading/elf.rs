//! The ELF side of an image: its executable text, its sections, its symbols and its build-id.
//!
//! Invariant: what is cut off, out of range or nonsense is absent; only headers that nothing works without are errors.

use super::text::{Text, TextRange};
use crate::debuginfo::error::IndexError;
use crate::debuginfo::index::{FileOffset, Svma};
use object::LittleEndian;
use object::elf;
use object::read::elf::{FileHeader, NoteIterator, ProgramHeader, SectionHeader, Sym};
use object::read::{CompressedData, CompressionFormat};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

pub(super) const ENDIAN: LittleEndian = LittleEndian;
type Header = elf::FileHeader64<LittleEndian>;
pub(super) type Segment = elf::ProgramHeader64<LittleEndian>;
pub(super) type ElfSection = elf::SectionHeader64<LittleEndian>;
pub(super) type Symbol = elf::Sym64<LittleEndian>;

/// The headers of an image, checked, over its bytes.
pub(crate) struct Elf<'a> {
    pub(super) bytes: &'a [u8],
    kind: elf::FileType,
    pub(super) segments: &'a [Segment],
    pub(super) sections: &'a [ElfSection],
    /// The names of sections.
    pub(super) section_names: &'a [u8],
    /// The first section of each name.
    named: HashMap<&'a [u8], &'a ElfSection>,
}

/// A defined symbol of type function.
pub(crate) struct FunctionSymbol<'a> {
    pub(crate) start: Svma,
    /// In bytes, 0 if unknown.
    pub(crate) size: u64,
    /// The string table from the name's start on; the name ends at the first NUL.
    strings: &'a [u8],
}

/// A section that is loaded with the program.
pub(crate) struct Data<'a> {
    pub(crate) start: Svma,
    pub(crate) bytes: &'a [u8],
    /// Whether it may be executed.
    pub(crate) is_code: bool,
    /// Whether it has what compilers know to be constant, strings and numbers among it, or what they tell of functions.
    pub(crate) is_constants: bool,
}

impl<'a> FunctionSymbol<'a> {
    /// Whether this is the symbol's name.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.strings.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.first() == Some(&0))
    }

    /// Whether the name is mangled in the way of C++ or Rust.
    pub(crate) fn is_mangled(&self) -> bool {
        self.strings.starts_with(b"_Z") || self.strings.starts_with(b"_R")
    }

    /// The name as it is, cut after `limit` bytes.
    pub(crate) fn name(&self, limit: usize) -> &'a [u8] {
        let head = &self.strings[..self.strings.len().min(limit)];
        &head[..memchr::memchr(0, head).unwrap_or(head.len())]
    }
}

impl<'a> Elf<'a> {
    /// Reads the headers.
    ///
    /// # Errors
    /// If the file is no ELF file for this CPU, or its tables do not fit into it.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Elf<'a>, IndexError> {
        if !bytes.starts_with(&elf::ELFMAG) {
            return Err(IndexError::NotElf);
        }
        if bytes.get(4) == Some(&elf::ELFCLASS32.0) {
            return Err(IndexError::ThirtyTwoBit);
        }
        let malformed = |what| move |e: object::Error| IndexError::Malformed { what, cause: e.to_string() };
        let header = Header::parse(bytes).map_err(malformed("file header"))?;
        let machine = header.e_machine(ENDIAN).0;
        if machine != platform::arch::ELF_MACHINE || !header.is_little_endian() {
            return Err(IndexError::ForeignMachine { machine });
        }
        let segments = header.program_headers(ENDIAN, bytes).map_err(malformed("program headers"))?;
        let sections = header.section_headers(ENDIAN, bytes).map_err(malformed("section headers"))?;
        let kind = header.e_type(ENDIAN);
        let mut elf = Elf { bytes, kind, segments, sections, section_names: &[], named: HashMap::new() };
        if !sections.is_empty() {
            let index = header.section_strings_index(ENDIAN, bytes).map_err(malformed("section names"))?;
            elf.name_sections(sections.get(index.0).and_then(|s| elf.data(s)).unwrap_or_default());
        }
        Ok(elf)
    }

    fn name_sections(&mut self, strings: &'a [u8]) {
        self.section_names = strings;
        const LONGEST: usize = 32;
        for section in self.sections {
            let start = section.sh_name(ENDIAN) as usize;
            let head = strings.get(start..strings.len().min(start.saturating_add(LONGEST))).unwrap_or_default();
            if let Some(end) = memchr::memchr(0, head) {
                self.named.entry(&head[..end]).or_insert(section);
            }
        }
    }

    pub(super) fn data(&self, section: &ElfSection) -> Option<&'a [u8]> {
        section.data(ENDIAN, self.bytes).ok()
    }

    /// Address of a section.
    pub(crate) fn section_address(&self, name: &str) -> Option<Svma> {
        self.named.get(name.as_bytes()).map(|s| Svma(s.sh_addr(ENDIAN)))
    }

    /// Contents of a section, uncompressed if need be; empty if there is none.
    ///
    /// None if the section is cut off, or its compression is unknown, broken or a bomb.
    pub(crate) fn section_data(&self, name: &str) -> Option<Cow<'a, [u8]>> {
        let Some(section) = self.named.get(name.as_bytes()) else {
            return self.old_compressed_data(name);
        };
        let stored = self.data(section)?;
        let Some((header, offset, size)) = section.compression(ENDIAN, self.bytes).ok()? else {
            return Some(Cow::Borrowed(stored));
        };
        let format = match header.ch_type.get(ENDIAN) {
            elf::ELFCOMPRESS_ZLIB => CompressionFormat::Zlib,
            elf::ELFCOMPRESS_ZSTD => CompressionFormat::Zstandard,
            _ => return None,
        };
        let start = usize::try_from(offset).ok()?;
        let data = self.bytes.get(start..start.checked_add(usize::try_from(size).ok()?)?)?;
        decompress(CompressedData { format, data, uncompressed_size: header.ch_size.get(ENDIAN) })
    }

    /// The same for the compression that was used before SHF_COMPRESSED: `.zdebug_` sections that start with "ZLIB".
    fn old_compressed_data(&self, name: &str) -> Option<Cow<'a, [u8]>> {
        let old_name = format!(".z{}", name.trim_start_matches('.'));
        let Some(section) = self.named.get(old_name.as_bytes()) else {
            return Some(Cow::Borrowed(&[]));
        };
        let (size, data) = self.data(section)?.strip_prefix(b"ZLIB")?.split_first_chunk::<8>()?;
        let uncompressed_size = u64::from_be_bytes(*size);
        decompress(CompressedData { format: CompressionFormat::Zlib, data, uncompressed_size })
    }

    /// The GNU build-id in lower-case hexadecimal, from the notes of the segments.
    pub(crate) fn build_id(&self) -> Option<String> {
        const LONGEST: usize = 64;
        let notes = self.segments.iter().filter(|s| s.p_type(ENDIAN) == elf::PT_NOTE);
        // Bounded, so that no number of headers can have the same notes read again and again.
        let id = notes.take(8).find_map(|segment| {
            let data = segment.data(ENDIAN, self.bytes).ok()?;
            let notes = NoteIterator::<Header>::new(ENDIAN, segment.p_align(ENDIAN), data).ok()?;
            let mut ids = notes.map_while(Result::ok).filter(|note| note.name() == b"GNU");
            ids.find(|note| note.n_type(ENDIAN) == elf::NT_GNU_BUILD_ID).map(|note| note.desc())
        })?;
        (1..=LONGEST).contains(&id.len()).then(|| id.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// What the notes of a section describe that have this name.
    pub(crate) fn notes(&self, section: &str, name: &[u8]) -> Vec<&'a [u8]> {
        let Some(section) = self.named.get(section.as_bytes()) else { return Vec::new() };
        let notes = self
            .data(section)
            .and_then(|data| NoteIterator::<Header>::new(ENDIAN, section.sh_addralign(ENDIAN), data).ok());
        let named = notes.into_iter().flatten().map_while(Result::ok).filter(|note| note.name() == name);
        named.map(|note| note.desc()).collect()
    }

    /// The functions of `.symtab` and `.dynsym`, in file order.
    pub(crate) fn functions(&self) -> impl Iterator<Item = FunctionSymbol<'a>> + '_ {
        self.symbol_tables().flat_map(|table| self.functions_of(table))
    }

    /// The functions that a table of symbols defines.
    fn functions_of(&self, table: &'a ElfSection) -> impl Iterator<Item = FunctionSymbol<'a>> + use<'a> {
        let symbols: &'a [Symbol] = table.data_as_array(ENDIAN, self.bytes).unwrap_or_default();
        let strings = self.strings_of(table);
        let function = |s: &&Symbol| matches!(s.st_type(), elf::STT_FUNC | elf::STT_GNU_IFUNC);
        let defined = |s: &&Symbol| s.st_shndx(ENDIAN) != elf::SHN_UNDEF;
        symbols.iter().filter(function).filter(defined).map(move |symbol| FunctionSymbol {
            start: Svma(symbol.st_value(ENDIAN)),
            size: symbol.st_size(ENDIAN),
            strings: strings.get(symbol.st_name(ENDIAN) as usize..).unwrap_or_default(),
        })
    }

    /// Whether other images may use a function of this name.
    pub(crate) fn exports(&self, name: &str) -> bool {
        let dynamic = self.sections.iter().filter(|s| s.sh_type(ENDIAN) == elf::SHT_DYNSYM).take(1);
        dynamic.flat_map(|table| self.functions_of(table)).any(|function| function.is_named(name))
    }

    /// The strings that the names in a table are of.
    pub(super) fn strings_of(&self, table: &ElfSection) -> &'a [u8] {
        let strings = self.sections.get(table.sh_link(ENDIAN) as usize);
        strings.and_then(|section| self.data(section)).unwrap_or_default()
    }

    /// The tables of symbols: `.symtab` and `.dynsym`.
    pub(super) fn symbol_tables(&self) -> impl Iterator<Item = &'a ElfSection> + '_ {
        let symbol_table = |s: &&ElfSection| matches!(s.sh_type(ENDIAN), elf::SHT_SYMTAB | elf::SHT_DYNSYM);
        // The gABI allows one of each.
        self.sections.iter().filter(symbol_table).take(2)
    }

    /// Whether the program is loaded where it was linked.
    pub(crate) fn is_absolute(&self) -> bool {
        self.kind == elf::ET_EXEC
    }

    /// Whether words in its data are addresses although no relocation says so one by one.
    pub(crate) fn has_plain_addresses(&self) -> bool {
        self.is_absolute() || self.sections.iter().any(|section| section.sh_type(ENDIAN) == elf::SHT_RELR)
    }

    /// The initialised data that is loaded with the program, part by part, with its addresses.
    pub(crate) fn data_of_program(&self) -> impl Iterator<Item = Data<'a>> + '_ {
        const CONSTANTS: [&[u8]; 3] = [b".rodata", b".eh_frame", b".gcc_except_table"];
        let is_constants = |name: &[u8]| CONSTANTS.iter().any(|start| name.starts_with(start));
        let constants = self.named.iter().filter(|(name, _)| is_constants(name));
        let constants: HashSet<*const ElfSection> =
            constants.map(|(_, section)| std::ptr::from_ref(*section)).collect();
        let flags = |section: &ElfSection| section.sh_flags(ENDIAN);
        let loaded = move |s: &&ElfSection| flags(s).contains(elf::SHF_ALLOC);
        self.sections.iter().filter(loaded).filter_map(move |section| {
            Some(Data {
                start: Svma(section.sh_addr(ENDIAN)),
                bytes: self.data(section)?,
                is_code: flags(section).contains(elf::SHF_EXECINSTR),
                is_constants: constants.contains(&std::ptr::from_ref(section)),
            })
        })
    }

    /// The tables of relocations that the loader reads.
    pub(super) fn relocations(&self) -> impl Iterator<Item = &'a ElfSection> + '_ {
        self.sections.iter().filter(|section| {
            section.sh_type(ENDIAN) == elf::SHT_RELA && section.sh_flags(ENDIAN).contains(elf::SHF_ALLOC)
        })
    }

    /// The variables in which the loader puts the address of a function of this name.
    pub(crate) fn variables_of<'s>(&'s self, name: &'s str) -> impl Iterator<Item = Svma> + use<'a, 's> {
        self.relocations().flat_map(move |table| {
            let relocations: &[elf::Rela64<LittleEndian>] = table.data_as_array(ENDIAN, self.bytes).unwrap_or_default();
            let symbols = self.sections.get(table.sh_link(ENDIAN) as usize);
            let strings = symbols.map(|symbols| self.strings_of(symbols)).unwrap_or_default();
            let symbols: &[Symbol] =
                symbols.and_then(|symbols| symbols.data_as_array(ENDIAN, self.bytes).ok()).unwrap_or_default();
            let is_named = |symbol: &Symbol| {
                let strings = strings.get(symbol.st_name(ENDIAN) as usize..).unwrap_or_default();
                strings.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.first() == Some(&0))
            };
            let wanted: HashSet<u32> =
                (0..).zip(symbols).filter(|(_, symbol)| is_named(symbol)).map(|(index, _)| index).collect();
            let of_it = relocations.iter().filter(move |rela| wanted.contains(&rela.r_sym(ENDIAN, false)));
            of_it.map(|relocation| Svma(relocation.r_offset.get(ENDIAN)))
        })
    }

    /// The addresses that relocations of the loaded program bring into its data.
    pub(crate) fn relocated(&self) -> impl Iterator<Item = Svma> + '_ {
        self.relocations().flat_map(|table| {
            let relocations: &[elf::Rela64<LittleEndian>] = table.data_as_array(ENDIAN, self.bytes).unwrap_or_default();
            let symbols = self.sections.get(table.sh_link(ENDIAN) as usize);
            let symbols: &[Symbol] =
                symbols.and_then(|symbols| symbols.data_as_array(ENDIAN, self.bytes).ok()).unwrap_or_default();
            relocations.iter().map(|relocation| {
                // The null symbol's value is 0.
                let symbol = symbols.get(relocation.r_sym(ENDIAN, false) as usize);
                let base = symbol.map_or(0, |symbol| symbol.st_value(ENDIAN));
                Svma(base.wrapping_add_signed(relocation.r_addend.get(ENDIAN)))
            })
        })
    }

    /// The addresses of all its symbols, whatever they are.
    pub(crate) fn symbols(&self) -> impl Iterator<Item = Svma> + '_ {
        let symbols = |table: &'a ElfSection| table.data_as_array(ENDIAN, self.bytes).unwrap_or_default();
        self.symbol_tables().flat_map(symbols).map(|symbol: &Symbol| Svma(symbol.st_value(ENDIAN)))
    }

    /// The bytes of the file from what is loaded at an address on; none if nothing of it is.
    pub(crate) fn bytes_at(&self, address: Svma) -> &'a [u8] {
        let loaded = self.segments.iter().filter(|segment| segment.p_type(ENDIAN) == elf::PT_LOAD);
        let of = |segment: &'a Segment| {
            let distance = address.0.checked_sub(segment.p_vaddr(ENDIAN))?;
            let data = segment.data(ENDIAN, self.bytes).ok()?;
            data.get(usize::try_from(distance).ok()?..).filter(|bytes| !bytes.is_empty())
        };
        loaded.filter_map(of).next().unwrap_or_default()
    }

    /// The executable bytes: executable PT_LOADs, cut to the executable sections where section headers exist.
    pub(crate) fn text(&self) -> Text<'a> {
        let executable = |s: &&Segment| s.p_type(ENDIAN) == elf::PT_LOAD && s.p_flags(ENDIAN).contains(elf::PF_X);
        let loads = self.segments.iter().filter(executable).filter_map(|s| {
            let (start, offset) = (s.p_vaddr(ENDIAN), s.p_offset(ENDIAN));
            let size = s.p_filesz(ENDIAN).min((self.bytes.len() as u64).checked_sub(offset)?);
            Some(TextRange { start: Svma(start), end: Svma(start.checked_add(size)?), offset: FileOffset(offset) })
        });
        let executable = |s: &&ElfSection| {
            s.sh_flags(ENDIAN).contains(elf::SHF_ALLOC)
                && s.sh_flags(ENDIAN).contains(elf::SHF_EXECINSTR)
                && s.sh_type(ENDIAN) != elf::SHT_NOBITS
        };
        let sections = self.sections.iter().filter(executable).filter_map(|s| {
            let (start, offset) = (s.sh_addr(ENDIAN), FileOffset(s.sh_offset(ENDIAN)));
            Some(TextRange { start: Svma(start), end: Svma(start.checked_add(s.sh_size(ENDIAN))?), offset })
        });
        Text::new(self.bytes, loads.collect(), (!self.sections.is_empty()).then(|| sections.collect()))
    }
}

fn decompress(section: CompressedData<'_>) -> Option<Cow<'_, [u8]>> {
    // Debug sections shrink by a factor of 3 to 20. The reader reserves what the header claims, so a bomb is refused here.
    let honest = (section.data.len() as u64).saturating_mul(64).max(16 << 20);
    if section.uncompressed_size > honest {
        return None;
    }
    section.decompress().ok()
}
