//! Comparing text in memory with what belongs there, byte by byte.
//!
//! Invariant: of what is not known to belong somewhere else no byte differs.

use crate::arch::BREAKPOINT;
use crate::{Original, PAGE};

/// What is known of the bytes that belong into a piece of text.
#[derive(Clone, Copy, Debug)]
pub enum Expected<'a> {
    /// The bytes that the file has there; behind its end nothing is known.
    File(&'a [u8]),
    /// The bytes that breakpoints may have replaced; of the first list that has a place, and of no other place.
    Replaced(&'a [&'a Original]),
}

/// A byte in memory that is not the one that belongs there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its distance from the start of the piece, in bytes.
    pub index: usize,
    found: u8,
    /// The byte that belongs there.
    pub expected: u8,
}

impl Difference {
    /// Whether a breakpoint is in the place of another byte.
    pub fn is_breakpoint(&self) -> bool {
        self.found == BREAKPOINT
    }
}

impl Expected<'_> {
    /// Whether a part of the piece, which starts at `index`, may differ at all.
    fn may_differ(&self, index: usize, part: &[u8]) -> bool {
        match self {
            Expected::File(file) => file.get(index..index + part.len()) != Some(part),
            Expected::Replaced(_) => part.contains(&BREAKPOINT),
        }
    }

    /// The byte that belongs at `index` of a piece that is mapped from `offset`, where `found` is in memory.
    fn at(&self, index: usize, offset: u64, found: u8) -> Option<u8> {
        match self {
            Expected::File(file) => file.get(index).copied(),
            Expected::Replaced(_) if found != BREAKPOINT => None,
            Expected::Replaced(originals) => originals.iter().find_map(|original| original.at(offset + index as u64)),
        }
    }
}

/// The bytes of `memory`, a piece that is mapped from `offset` of its file, that differ from what belongs there, in order.
pub fn differences<'a>(memory: &'a [u8], offset: u64, expected: Expected<'a>) -> impl Iterator<Item = Difference> + 'a {
    let pages = (0..).step_by(PAGE as usize).zip(memory.chunks(PAGE as usize));
    pages.filter(move |(start, page)| expected.may_differ(*start, page)).flat_map(move |(start, page)| {
        (start..).zip(page).filter_map(move |(index, &found)| {
            let expected = expected.at(index, offset, found).filter(|expected| *expected != found)?;
            Some(Difference { index, found, expected })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Originals, TextMapping};

    fn found(memory: &[u8], expected: Expected<'_>) -> Vec<(usize, bool, u8)> {
        let found = differences(memory, 0x100, expected);
        found.map(|found| (found.index, found.is_breakpoint(), found.expected)).collect()
    }

    #[test]
    fn breakpoints_are_told_from_other_differences() {
        assert_eq!(found(&[1, 2, 3], Expected::File(&[1, 2, 3])), []);
        let memory = [1, BREAKPOINT, 9, BREAKPOINT, 0];
        let file = [1, 2, 3, BREAKPOINT, 7];
        assert_eq!(found(&memory, Expected::File(&file)), [(1, true, 2), (2, false, 3), (4, false, 7)]);
    }

    #[test]
    fn behind_the_end_of_the_file_nothing_differs() {
        assert_eq!(found(&[BREAKPOINT, 1, BREAKPOINT], Expected::File(&[5])), [(0, true, 5)]);
        assert_eq!(found(&[BREAKPOINT], Expected::File(&[])), []);
    }

    #[test]
    fn a_difference_is_found_in_every_page() {
        let file = vec![7; 3 * PAGE as usize + 5];
        let mut memory = file.clone();
        let changed = [0, PAGE as usize - 1, 2 * PAGE as usize, file.len() - 1];
        changed.iter().for_each(|index| memory[*index] = BREAKPOINT);
        assert_eq!(found(&memory, Expected::File(&file)), changed.map(|index| (index, true, 7)));
    }

    #[test]
    fn where_only_replaced_bytes_are_known_only_breakpoints_there_differ() {
        let written = Originals::new().expect("memory file");
        written.add(&TextMapping::first_page(7), &[(0x100, 0x55), (0x102, 0xc3)]).expect("adds");
        written.add(&TextMapping::first_page(7), &[(0x102, 0x11), (0x103, 0x22)]).expect("adds");
        let originals = written.read();
        let lists: Vec<&Original> = originals.iter().collect();
        let memory = [9, BREAKPOINT, BREAKPOINT, BREAKPOINT];
        assert_eq!(found(&memory, Expected::Replaced(&lists)), [(2, true, 0xc3), (3, true, 0x22)]);
        assert_eq!(found(&memory, Expected::Replaced(&lists[..1])), [(2, true, 0xc3)]);
        assert_eq!(found(&memory, Expected::Replaced(&[])), []);
    }
}
