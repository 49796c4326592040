//! The bytes that belong where breakpoints are, in a file in memory that all of our processes share: a process that takes the
//! breakpoints out when the supervisor is gone may find other files by the names of the mapped ones, or none.
//!
//! Invariant: what is read was written wholly, whenever the writer was killed.

use crate::{OsError, TextMapping, memory_file, read_up_to};
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::FileExt;

/// Length of a number in the file.
const WORD: usize = 8;

/// The bytes of one image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Original {
    device: u64,
    inode: u64,
    /// File offsets, ascending, and the byte of each.
    places: Vec<(u64, u8)>,
}

impl Original {
    /// Whether it is of the file of a mapping.
    pub fn is_of(&self, mapping: &TextMapping) -> bool {
        (self.device, self.inode) == (mapping.file.device, mapping.file.inode)
    }

    /// The byte that belongs at a file offset, if a breakpoint may be there.
    pub(crate) fn at(&self, offset: u64) -> Option<u8> {
        let index = self.places.binary_search_by_key(&offset, |place| place.0).ok()?;
        Some(self.places[index].1)
    }
}

/// The file: how much of it is written, then for each image device, inode, count, offsets and bytes.
#[derive(Debug)]
pub struct Originals(File);

impl Originals {
    /// An empty one, for every process that is forked from here on.
    pub fn new() -> Result<Self, OsError> {
        memory_file().map(Originals)
    }

    /// Adds those of an image, whose places are in ascending order; its file is that of `mapping`.
    pub fn add(&self, mapping: &TextMapping, places: &[(u64, u8)]) -> Result<(), OsError> {
        let used = self.used()?;
        let numbers = [mapping.file.device, mapping.file.inode, places.len() as u64];
        let numbers = numbers.into_iter().chain(places.iter().map(|place| place.0));
        let mut record: Vec<u8> = numbers.flat_map(u64::to_ne_bytes).collect();
        record.extend(places.iter().map(|place| place.1));
        let write = |bytes: &[u8], at: u64| {
            self.0.write_all_at(bytes, at).map_err(|e| OsError::io("write", "the originals of breakpoints", &e))
        };
        write(&record, WORD as u64 + used)?;
        write(&(used + record.len() as u64).to_ne_bytes(), 0)
    }

    /// All that were added; none where they cannot be read.
    pub fn read(&self) -> Vec<Original> {
        let (Ok(used), Ok(file)) = (self.used(), self.0.metadata()) else { return Vec::new() };
        // A damaged length must not ask for more memory than the file has bytes.
        let mut bytes = vec![0; used.min(file.len()) as usize];
        let read = read_up_to(&self.0, &mut bytes, WORD as u64).unwrap_or(0);
        let (mut rest, mut found) = (&bytes[..read], Vec::new());
        while let Some((original, behind)) = take(rest) {
            found.push(original);
            rest = behind;
        }
        found
    }

    fn used(&self) -> Result<u64, OsError> {
        let mut used = [0; WORD];
        read_up_to(&self.0, &mut used, 0).map_err(|e| OsError::io("read", "the originals of breakpoints", &e))?;
        Ok(u64::from_ne_bytes(used))
    }
}

impl AsFd for Originals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn take(bytes: &[u8]) -> Option<(Original, &[u8])> {
    let (head, rest) = bytes.split_at_checked(3 * WORD)?;
    let &[device, inode, count] = numbers(head).collect::<Vec<_>>().as_slice() else { return None };
    let count = usize::try_from(count).ok()?;
    let (offsets, rest) = rest.split_at_checked(count.checked_mul(WORD)?)?;
    let (originals, rest) = rest.split_at_checked(count)?;
    Some((Original { device, inode, places: numbers(offsets).zip(originals.iter().copied()).collect() }, rest))
}

fn numbers(bytes: &[u8]) -> impl Iterator<Item = u64> {
    bytes.as_chunks::<WORD>().0.iter().map(|bytes| u64::from_ne_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_read_and_what_was_not_written_wholly_is_not() {
        let originals = Originals::new().expect("memory file");
        assert_eq!(originals.read(), []);
        originals.add(&TextMapping::first_page(7), &[(0x10, 0x55), (0x20, 0xc3)]).expect("adds");
        originals.add(&TextMapping::first_page(8), &[]).expect("adds");
        let used = originals.used().expect("reads");
        originals.0.write_all_at(&[9; 40], used + WORD as u64).expect("a write that was cut short");
        let read = originals.read();
        assert_eq!(read.len(), 2);
        assert!(
            read[0].is_of(&TextMapping::first_page(7))
                && !read[0].is_of(&TextMapping::first_page(8))
                && read[1].is_of(&TextMapping::first_page(8))
        );
        assert_eq!([0x10, 0x11, 0x20].map(|offset| read[0].at(offset)), [Some(0x55), None, Some(0xc3)]);
    }

    #[test]
    fn numbers_that_make_no_sense_end_it() {
        let originals = Originals::new().expect("memory file");
        originals.0.write_all_at(&[0xff; 100], 0).expect("writes");
        assert_eq!(originals.read(), []);
        originals.0.write_all_at(&92u64.to_ne_bytes(), 0).expect("writes");
        assert_eq!(originals.read(), []);
    }
}
