//! What is at an address of a program: a function, something with a name elsewhere, a constant or a variable.

use super::CodeDigests;
use super::objects::Objects;
use crate::debuginfo::code;
use crate::debuginfo::index::{FileOffset, Svma};
use crate::debuginfo::reading::elf::Elf;
use crate::debuginfo::reading::linked::{Holds, LoadedSection, NamedRange, Target};
use crate::debuginfo::reading::text::{Text, TextRange};
use crate::debuginfo::shortfall::Shortfalls;
use platform::arch::{Piece, pieces};
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::ops::Range;

/// What is linked into every program, and refers to whatever is at the end of its data.
const BY_THE_COMPILER: [&[u8]; 4] =
    [b"deregister_tm_clones", b"register_tm_clones", b"__do_global_dtors_aux", b"frame_dummy"];

/// What a program is made of.
pub(super) struct Program<'a> {
    text: Text<'a>,
    /// In order of address; those that have several names are there for each.
    pub functions: Vec<NamedRange<'a>>,
    /// The keys of their names.
    pub keys: Vec<u64>,
    /// In order of address.
    pub sections: Vec<LoadedSection<'a>>,
    /// In order of address.
    pub variables: Vec<NamedRange<'a>>,
    /// What the loader puts where, in order of place.
    pub targets: Vec<(Svma, Target<'a>)>,
    /// Where whatever has no symbol starts, in order.
    pub starts: Vec<Svma>,
    /// Where functions that are in the way of exceptions start, in order, and what of them is in the way.
    call_sites: Vec<(Svma, &'a [u8])>,
    /// Where functions start that are known in one source only, in order, and its name.
    files: Vec<(Svma, &'a [u8])>,
    /// Whether it is loaded where it was linked, so that numbers may be addresses.
    is_absolute: bool,
    /// Whether words in its data may be addresses although no relocation says so.
    pub has_plain_addresses: bool,
}

/// What is at an address.
pub(super) enum Found<'p, 'a> {
    /// Code of the function of this number, so far behind its start.
    Function(usize, u64),
    /// What has this name elsewhere, so far behind it.
    Import(&'a [u8], i64),
    /// Data of a section.
    Data(&'p LoadedSection<'a>),
    /// Nothing that is known.
    Nothing,
}

impl<'a> Program<'a> {
    pub fn of(elf: &Elf<'a>) -> Self {
        let mut functions: Vec<NamedRange<'a>> = elf
            .functions()
            .map(|symbol| {
                let end = Svma(symbol.start.0.saturating_add(symbol.size));
                NamedRange { start: symbol.start, end, name: symbol.name(usize::MAX) }
            })
            .collect();
        functions.retain(|function| !BY_THE_COMPILER.contains(&function.name));
        functions.sort_unstable();
        functions.dedup();
        let text = elf.text();
        bound(&mut functions, &text);
        let mut variables: Vec<NamedRange<'a>> = elf.variables().collect();
        variables.sort_unstable();
        variables.dedup();
        let mut targets: Vec<(Svma, Target<'a>)> = elf.targets().collect();
        targets.sort_unstable();
        targets.dedup_by_key(|(place, _)| *place);
        Program {
            text,
            keys: functions.par_iter().map(|function| CodeDigests::key(function.name)).collect(),
            functions,
            sections: elf.loaded_sections(),
            variables,
            targets,
            starts: Vec::new(),
            call_sites: call_sites(elf),
            files: elf.files_of_locals(),
            is_absolute: elf.is_absolute(),
            has_plain_addresses: elf.has_plain_addresses(),
        }
    }

    /// The code of a range, and where it is in the file.
    pub fn code(&self, range: Range<Svma>) -> Option<(&'a [u8], Range<FileOffset>)> {
        let text = self.text.range_at(range.start)?;
        let len = usize::try_from(range.end.0 - range.start.0).ok()?;
        let code = self.text.bytes_from(text, range.start);
        let code = &code[..len.min(code.len())];
        let offset = text.offset_of(range.start);
        Some((code, offset..FileOffset(offset.0 + code.len() as u64)))
    }

    /// What of a function is in the way of exceptions.
    pub fn call_sites(&self, start: Svma) -> &'a [u8] {
        let found = self.call_sites.binary_search_by_key(&start, |(start, _)| *start);
        found.map_or(&[], |at| self.call_sites[at].1)
    }

    /// The source of a function that is known in one only.
    pub fn file_of(&self, start: Svma) -> &'a [u8] {
        self.files.binary_search_by_key(&start, |(start, _)| *start).map_or(&[], |at| self.files[at].1)
    }

    /// The names that functions of several sources have.
    pub fn names_of_several_files(&self) -> BTreeSet<u64> {
        let of_names = self.keys.iter().zip(&self.functions);
        let of_names = of_names.map(|(key, function)| (*key, self.file_of(function.start)));
        let mut of_names: Vec<(u64, &[u8])> = of_names.collect();
        of_names.sort_unstable();
        of_names.dedup();
        of_names.windows(2).filter(|pair| pair[0].0 == pair[1].0).map(|pair| pair[0].0).collect()
    }

    /// So many bytes of the constants at an address, none of which is an address.
    pub fn constant(&self, address: Svma, len: u8) -> &'a [u8] {
        let section = self.section_at(address).filter(|section| section.name.starts_with(b".rodata"));
        let end = Svma(address.0.saturating_add(len.into()));
        section.map_or(&[], |section| section.stored(&NamedRange { start: address, end, name: &[] }))
    }

    /// Whether a number in code may be an address.
    pub fn may_be_address(&self, number: u64) -> bool {
        let is_end = || self.sections.iter().any(|section| section.end.0 == number);
        self.is_absolute && (self.section_at(Svma(number)).is_some() || is_end())
    }

    pub fn section_at(&self, address: Svma) -> Option<&LoadedSection<'a>> {
        let after = self.sections.partition_point(|section| section.start <= address);
        self.sections[..after].last().filter(|section| address < section.end)
    }

    /// The number of the function that is at an address; of several the first.
    pub fn number_at(&self, address: Svma) -> Option<usize> {
        let after = self.functions.partition_point(|function| function.start <= address);
        let last = self.functions[..after].last().filter(|function| address < function.end)?;
        Some(self.functions.partition_point(|function| (function.start, function.end) < (last.start, last.end)))
    }

    fn in_function(&self, address: Svma) -> Option<Found<'_, 'a>> {
        let number = self.number_at(address)?;
        Some(Found::Function(number, address.0 - self.functions[number].start.0))
    }

    /// What the loader puts at a place.
    pub fn target_at(&self, place: Svma) -> Option<Target<'a>> {
        let found = self.targets.binary_search_by_key(&place, |(place, _)| *place);
        found.ok().map(|at| self.targets[at].1)
    }

    pub fn find(&self, address: Svma) -> Found<'_, 'a> {
        if let Some(found) = self.in_function(address) {
            return found;
        }
        match self.section_at(address) {
            Some(section) if section.holds == Holds::Code => self.trampoline(address).unwrap_or(Found::Nothing),
            Some(section) => Found::Data(section),
            None => Found::Nothing,
        }
    }

    /// Where code without a name jumps to, as that by which functions of other libraries are called.
    fn trampoline(&self, address: Svma) -> Option<Found<'_, 'a>> {
        const LONGEST: u64 = 16;
        let (code, _) = self.code(address..Svma(address.0.saturating_add(LONGEST)))?;
        let mut found = None;
        let take = |piece| {
            if let (Piece::Place { address, len: 4, .. }, None) = (piece, &found) {
                found = match self.target_at(Svma(address)) {
                    Some(Target::Import(name, distance)) => Some(Found::Import(name, distance)),
                    Some(Target::Address(address)) => self.in_function(address),
                    None => None,
                };
            }
        };
        pieces(code, address.0, |_| false, take);
        found
    }

    /// Adds to what is hashed which code is meant.
    pub fn put_code(&self, found: &Found<'_, '_>, to: &mut Vec<u8>) {
        match found {
            Found::Function(number, distance) => {
                to.push(2);
                to.extend(self.keys[*number].to_le_bytes());
                to.extend(distance.to_le_bytes());
            }
            Found::Import(name, distance) => {
                to.push(3);
                to.extend_from_slice(name);
                to.extend(distance.to_le_bytes());
            }
            Found::Data(_) | Found::Nothing => to.push(4),
        }
    }

    /// Adds to what is hashed which place code refers to.
    pub fn put_place(&self, address: Svma, own: &Range<Svma>, objects: &Objects, to: &mut Vec<u8>) {
        if let Some(distance) = super::within(own, address) {
            to.push(0);
            to.extend(distance.to_le_bytes());
            return;
        }
        match self.find(address) {
            Found::Data(section) => {
                to.push(1);
                objects.put(self, address, section, to);
            }
            found => self.put_code(&found, to),
        }
    }

    /// Adds to what is hashed what the loader puts into a place.
    pub fn put_target(&self, target: Target<'a>, objects: &Objects, to: &mut Vec<u8>) {
        match target {
            Target::Import(name, distance) => self.put_code(&Found::Import(name, distance), to),
            Target::Address(address) => self.put_place(address, &(Svma(0)..Svma(0)), objects, to),
        }
    }

    /// Parts of the code that are of no function, without that which only leads to other libraries.
    pub fn unnamed_code(&self) -> Vec<Range<Svma>> {
        let mut gaps = Vec::new();
        let is_code = |section: &&LoadedSection<'_>| section.holds == Holds::Code && !section.name.starts_with(b".plt");
        for section in self.sections.iter().filter(is_code) {
            let mut at = section.start;
            let first = self.functions.partition_point(|function| function.end <= section.start);
            for function in self.functions[first..].iter().take_while(|function| function.start < section.end) {
                if at < function.start {
                    gaps.push(at..function.start);
                }
                at = at.max(function.end);
            }
            if at < section.end {
                gaps.push(at..section.end);
            }
        }
        gaps
    }

    /// Adds to what is hashed what code without a name is, if it is more than filling.
    pub fn put_unnamed(&self, range: Range<Svma>, to: &mut Vec<u8>) {
        const FILLING: u64 = 64;
        if range.end.0 - range.start.0 < FILLING {
            return;
        }
        if let Some((code, _)) = self.code(range.clone()) {
            let take = |piece| {
                if let Piece::Bytes(bytes) = piece {
                    to.extend_from_slice(bytes);
                }
            };
            pieces(code, range.start.0, |_| false, take);
        }
    }
}

/// Where functions that are in the way of exceptions start, and what of them is in the way.
fn call_sites<'a>(elf: &Elf<'a>) -> Vec<(Svma, &'a [u8])> {
    let mut tables = code::frames::read(elf, &mut Shortfalls::default()).tables;
    tables.sort_unstable();
    tables.dedup_by_key(|(function, _)| *function);
    let sites = tables
        .into_iter()
        .filter_map(|(function, table)| Some((function, code::lsda::call_sites(elf.bytes_at(table))?)));
    sites.collect()
}

/// Lets functions whose size is not known end where the next begins, or the code does; drops what is no code.
fn bound(functions: &mut Vec<NamedRange<'_>>, text: &Text<'_>) {
    let mut next = Svma(u64::MAX);
    let mut after = next;
    for function in functions.iter_mut().rev() {
        if function.start < after {
            (next, after) = (after, function.start);
        }
        let is_unbounded = function.end == function.start;
        let end = text.range_at(function.start).map_or(function.start, |range: &TextRange| range.end);
        function.end = if is_unbounded { next.min(end) } else { function.end.min(end) };
    }
    functions.retain(|function| function.start < function.end);
    functions.sort_unstable();
}
