//! Constants and variables of a program: where each begins and ends, and which fields of it are addresses.

use super::draft::Draft;
use super::program::Program;
use crate::debuginfo::index::Svma;
use crate::debuginfo::reading::linked::{Holds, LoadedSection, NamedRange, Target};

/// The bytes of an address.
const WORD: usize = 8;

/// The bytes of a distance in a table of them.
const DISTANCE: usize = 4;

impl<'a> Program<'a> {
    /// Notes where constants and variables start that code and data refer to.
    pub fn note_targets(&mut self, drafts: &[Draft]) {
        let of_code = drafts.iter().flat_map(|draft| draft.places.iter().map(|(address, _)| *address));
        let of_data = self.targets.iter().filter_map(|(_, target)| match target {
            Target::Address(address) => Some(*address),
            Target::Import(..) => None,
        });
        let plain = self.sections.iter().filter(|_| self.has_plain_addresses);
        let plain = plain.filter(|section| section.holds != Holds::Code);
        let plain = plain.flat_map(|section| words(section.start, section.bytes)).map(|(_, word)| word);
        let relative = self.variables.iter().filter(|variable| is_relative(variable)).flat_map(|table| {
            let section = self.section_at(table.start);
            let stored = section.map(|section| section.stored(table)).unwrap_or_default();
            distances(table.start, stored).map(|(_, target)| target)
        });
        let offered = self.variables.iter().map(|variable| variable.start);
        let mut starts: Vec<Svma> = of_code.chain(offered).chain(of_data).chain(plain).chain(relative).collect();
        starts.sort_unstable();
        starts.dedup();
        starts.retain(|start| self.section_at(*start).is_some_and(|section| section.holds != Holds::Code));
        self.starts = starts;
    }

    /// The constant or variable that is at an address of a section: the whole of one that has a symbol, else what comes
    /// until the next one.
    pub fn object_at(&self, address: Svma, section: &LoadedSection<'a>) -> NamedRange<'a> {
        const MOST_WITHIN: usize = 2;
        // The linker tells where such a section begins and ends, and programs read it as a table.
        let is_table = section.name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        if is_table && !section.name.is_empty() && address == section.start {
            return NamedRange { start: section.start, end: section.end, name: section.name };
        }
        let after = self.variables.partition_point(|variable| variable.start <= address);
        let around = self.variables[..after].iter().rev().take(4).find(|variable| address < variable.end);
        if let Some(variable) = around {
            return NamedRange { end: variable.end.min(section.end), ..*variable };
        }
        let next = self.starts.partition_point(|start| *start <= address);
        let symbol = self.variables.get(after).map_or(section.end, |variable| variable.start);
        let end = self.starts.get(next).copied().unwrap_or(section.end).min(symbol).min(section.end);
        let of_text = self.end_of_text(address, section);
        // Of C's texts one may be the end of another, which begins behind the end of the one before; those of Rust follow
        // each other without an end.
        let is_shared = self.starts[next..].iter().take_while(|start| **start < of_text).count() <= MOST_WITHIN
            && self.is_behind_an_end(address, section);
        NamedRange { start: address, end: if is_shared { end.max(of_text) } else { end }, name: &[] }
    }

    /// Whether nothing but a zero is before an address.
    fn is_behind_an_end(&self, address: Svma, section: &LoadedSection<'a>) -> bool {
        let before = address.0.checked_sub(section.start.0 + 1).and_then(|at| section.bytes.get(at as usize));
        before.is_none_or(|byte| *byte == 0)
    }

    /// Where a text ends that starts at an address: others may start within it.
    fn end_of_text(&self, address: Svma, section: &LoadedSection<'a>) -> Svma {
        const LONGEST: usize = 1 << 20;
        let bytes = section.bytes.get((address.0 - section.start.0) as usize..).unwrap_or_default();
        let bytes = &bytes[..bytes.len().min(LONGEST)];
        let end =
            memchr::memchr(0, bytes).filter(|end| bytes[..*end].iter().all(|byte| *byte >= b' ' || *byte == b'\n'));
        Svma(address.0 + end.map_or(0, |end| end as u64 + 1))
    }

    /// The fields of an object that are addresses, in order of place, and how long each of them is.
    pub fn pointers(&self, object: &NamedRange<'_>, stored: &[u8]) -> (Vec<(Svma, Target<'a>)>, usize) {
        let start = object.start;
        if is_relative(object) {
            let targets = distances(start, stored).map(|(place, target)| (place, Target::Address(target)));
            return (targets.collect(), DISTANCE);
        }
        let end = Svma(start.0 + stored.len() as u64);
        let first = self.targets.partition_point(|(place, _)| *place < start);
        let within = self.targets[first..].iter().take_while(|(place, _)| place.0 + WORD as u64 <= end.0);
        let mut found: Vec<(Svma, Target<'a>)> = within.copied().collect();
        if self.has_plain_addresses {
            let is_plain =
                |(place, word): &(Svma, Svma)| self.section_at(*word).is_some() && self.target_at(*place).is_none();
            found.extend(words(start, stored).filter(is_plain).map(|(place, word)| (place, Target::Address(word))));
            found.sort_unstable();
        }
        (found, WORD)
    }
}

/// Whether a constant is a table of distances from itself, as clang makes of a table of addresses.
fn is_relative(object: &NamedRange<'_>) -> bool {
    object.name.starts_with(b"reltable.")
}

/// What the distances in a table lead to that is at an address, with their places.
fn distances(start: Svma, table: &[u8]) -> impl Iterator<Item = (Svma, Svma)> {
    let (distances, _) = table.as_chunks::<DISTANCE>();
    (0..).zip(distances).map(move |(at, distance)| {
        let distance = i64::from(i32::from_le_bytes(*distance));
        (Svma(start.0 + at * DISTANCE as u64), Svma(start.0.wrapping_add_signed(distance)))
    })
}

/// The aligned words of bytes that are at an address, with their places.
fn words(start: Svma, bytes: &[u8]) -> impl Iterator<Item = (Svma, Svma)> {
    let unaligned = start.0.wrapping_neg() % WORD as u64;
    let (words, _) = bytes.get(unaligned as usize..).unwrap_or_default().as_chunks::<WORD>();
    let start = start.0 + unaligned;
    (0..).zip(words).map(move |(at, word)| (Svma(start + WORD as u64 * at), Svma(u64::from_le_bytes(*word))))
}
