//! Memory that is mapped shared. Where such a mapping may not be written to, not even a tracer may do so
//! (check_vma_flags, mm/gup.c): another mapping of the same memory is written to, which the program has or is made to
//! have for a moment, or else the file, if that is memory itself.
//!
//! Invariant: a file on a disk is written to only through a mapping that the program itself may write to.

use crate::maps::{entries, read_maps};
use crate::pagemap::present_pages;
use crate::regular::open_regular;
use crate::{Access, Avma, Memory, OsError, PAGE, Tid, remote};
use nix::errno::Errno;
use nix::sys::statfs::{HUGETLBFS_MAGIC, TMPFS_MAGIC, fstatfs};
use std::fs::{File, Metadata, OpenOptions};
use std::ops::Range;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

/// A byte of shared memory, which may be mapped at several addresses and in several address spaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Spot {
    /// Device as /proc/PID/maps shows it.
    device: u64,
    inode: u64,
    /// Where in the file.
    offset: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct SharedMapping {
    range: Range<u64>,
    first: Spot,
    writable: bool,
    executable: bool,
    path: String,
}

impl SharedMapping {
    fn spot(&self, at: u64) -> Option<Spot> {
        self.range
            .contains(&at)
            .then(|| Spot { offset: self.first.offset.saturating_add(at - self.range.start), ..self.first })
    }

    fn is_of_same_file(&self, spot: Spot) -> bool {
        (self.first.device, self.first.inode) == (spot.device, spot.inode)
    }

    /// Where this maps a byte.
    fn address(&self, spot: Spot) -> Option<u64> {
        let distance = spot.offset.checked_sub(self.first.offset)?;
        let at = self.range.start.checked_add(distance)?;
        (self.is_of_same_file(spot) && self.range.contains(&at)).then_some(at)
    }
}

/// What is mapped shared in an address space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedMemory {
    tid: Tid,
    mappings: Vec<SharedMapping>,
}

impl SharedMemory {
    /// Reads it for the address space that `tid` lives in.
    pub fn of(tid: Tid) -> Result<Self, OsError> {
        Ok(SharedMemory { tid, mappings: mappings(&read_maps(tid)?) })
    }

    /// The byte that is mapped at an address.
    pub fn spot(&self, at: Avma) -> Option<Spot> {
        self.mappings.iter().find_map(|mapping| mapping.spot(at.0))
    }

    /// What of the executable memory may hold something: all of small mappings, of others what is in memory by this or
    /// another mapping. To read the rest would fill the holes of its file.
    pub fn executable(&self) -> Vec<Range<u64>> {
        const SMALL: u64 = 1 << 20;
        let mut ranges = Vec::new();
        for mapping in self.mappings.iter().filter(|mapping| mapping.executable) {
            if mapping.range.end - mapping.range.start <= SMALL {
                ranges.push(mapping.range.clone());
            } else {
                ranges.extend(self.present(mapping));
            }
        }
        ranges
    }

    fn present(&self, mapping: &SharedMapping) -> Vec<Range<u64>> {
        const PIECE: u64 = 1 << 20;
        let mut present = Vec::new();
        for other in self.mappings.iter().filter(|other| other.is_of_same_file(mapping.first)) {
            let (start, end) = (Avma(other.range.start), Avma(other.range.end));
            let pages = present_pages(self.tid, start, end).unwrap_or_default();
            let pieces = pages.iter().flat_map(|run| run.clone().step_by(PAGE as usize));
            present.extend(pieces.filter_map(|page| mapping.address(other.spot(page)?)));
        }
        present.sort_unstable();
        present.dedup();
        let in_a_row = |a: &u64, b: &u64| b - a == PAGE && !b.is_multiple_of(PIECE);
        present.chunk_by(in_a_row).map(|run| run[0]..run[run.len() - 1] + PAGE).collect()
    }

    /// Writes a byte where the mapping at `at` may not be written to. `call` is where the thread of `access` can be made
    /// to make system calls, if it can.
    pub fn write(&self, access: &Access<'_>, at: Avma, byte: u8, call: Option<Avma>) -> Result<(), OsError> {
        let error = |errno| OsError::new("write shared memory of", format_args!("tid {} at {at}", self.tid), errno);
        let spot = self.spot(at).ok_or_else(|| error(Errno::EFAULT))?;
        let memory = access.memory.ok_or_else(|| error(Errno::EACCES))?;
        if self.write_beside(memory, spot, byte) {
            return Ok(());
        }
        let (page, place) = (Avma(at.0 & !(PAGE - 1)), at.0 & (PAGE - 1));
        let write = |twin: Avma| memory.write(Avma(twin.0 + place), &[byte]);
        if call.is_some_and(|call| remote::while_mapped_twice(access, call, page, write).is_ok()) {
            return Ok(());
        }
        let file = self.file(at, spot).ok_or_else(|| error(Errno::EACCES))?;
        file.write_all_at(&[byte], spot.offset).map_err(|e| OsError::io("write shared memory at", at, &e))
    }

    /// By another mapping of the program's own.
    fn write_beside(&self, memory: &Memory, spot: Spot, byte: u8) -> bool {
        let writable = self.mappings.iter().filter(|mapping| mapping.writable);
        writable.filter_map(|mapping| mapping.address(spot)).any(|at| memory.write(Avma(at), &[byte]).is_ok())
    }

    /// The file of the mapping at `at`, if it is one in memory that we may write to.
    fn file(&self, at: Avma, spot: Spot) -> Option<File> {
        let mapping = self.mappings.iter().find(|mapping| mapping.range.contains(&at.0))?;
        let tid = self.tid;
        let opened = std::fs::read_dir(format!("/proc/{tid}/fd")).into_iter().flatten().flatten();
        let mut candidates = vec![
            PathBuf::from(format!("/proc/{tid}/map_files/{:x}-{:x}", mapping.range.start, mapping.range.end)),
            PathBuf::from(format!("/proc/{tid}/root{}", mapping.path)),
        ];
        candidates.extend(opened.map(|entry| entry.path()));
        candidates.iter().find_map(|path| open_in_memory(path, spot))
    }
}

fn open_in_memory(path: &Path, spot: Spot) -> Option<File> {
    let is_it = |meta: &Metadata| {
        let device = (u64::from(libc::major(meta.dev())) << 32) | u64::from(libc::minor(meta.dev()));
        meta.ino() == spot.inode && device == spot.device
    };
    // What is something else is not even opened.
    std::fs::metadata(path).ok().filter(is_it)?;
    let file = open_regular(path, OpenOptions::new().read(true).write(true)).ok()?;
    let of = fstatfs(&file).ok()?.filesystem_type();
    let is_there = file.metadata().is_ok_and(|meta| is_it(&meta));
    (is_there && (of == TMPFS_MAGIC || of == HUGETLBFS_MAGIC)).then_some(file)
}

fn mappings(text: &str) -> Vec<SharedMapping> {
    let shared =
        entries(text).filter(|entry| entry.perms.ends_with('s') && entry.inode != 0 && entry.end > entry.start);
    let mapping = |entry: crate::maps::MapsLine<'_>| SharedMapping {
        range: entry.start..entry.end,
        first: Spot { device: entry.device, inode: entry.inode, offset: entry.offset },
        writable: entry.perms.as_bytes()[1] == b'w',
        executable: entry.perms.as_bytes()[2] == b'x',
        path: entry.path.to_owned(),
    };
    shared.map(mapping).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_byte_is_found_in_another_mapping() {
        let text = "10000-14000 rw-s 00001000 00:01 7  /memfd:x (deleted)\n\
                    20000-24000 r-xs 00002000 00:01 7  /memfd:x (deleted)\n\
                    30000-34000 r-xs 00002000 00:01 8  /memfd:x (deleted)\n\
                    40000-44000 r-xp 00002000 00:01 7  /memfd:x (deleted)\n";
        let memory = SharedMemory { tid: Tid(1), mappings: mappings(text) };
        let spot = memory.spot(Avma(0x20010)).expect("it is shared");
        assert_eq!((spot.inode, spot.offset), (7, 0x2010));
        let addresses: Vec<u64> = memory.mappings.iter().filter_map(|mapping| mapping.address(spot)).collect();
        assert_eq!(addresses, [0x11010, 0x20010]);
        assert_eq!(memory.spot(Avma(0x40010)), None);
        assert_eq!(memory.executable(), [0x20000..0x24000, 0x30000..0x34000]);
    }

    #[test]
    fn offsets_at_the_end_of_everything_do_no_harm() {
        let text = "ffffffffffff0000-ffffffffffffffff rwxs ffffffffffff0000 00:01 7  x\n1000-2000 rw-s 0 00:01 7 x\n";
        let memory = SharedMemory { tid: Tid(1), mappings: mappings(text) };
        assert!(memory.spot(Avma(0xffff_ffff_ffff_fff0)).is_some());
        assert_eq!(memory.mappings[1].address(memory.mappings[0].first), None);
    }
}
