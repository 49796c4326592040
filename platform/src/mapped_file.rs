//! A file's bytes without copying them.

use crate::OsError;
use nix::sys::mman::{MapFlags, MmapAdvise, ProtFlags, madvise, mmap, munmap};
use std::fs::File;
use std::num::NonZeroUsize;
use std::ops::Deref;
use std::ptr::NonNull;

/// A file mapped privately for reading. If the file is cut shorter while it is mapped, reading behind its new end
/// kills the process (SIGBUS, mmap(2)).
#[derive(Debug)]
pub struct MappedFile {
    at: NonNull<u8>,
    len: usize,
}

// SAFETY: what is mapped is only read, until drop.
unsafe impl Send for MappedFile {}
// SAFETY: as above; releasing pages changes nothing of what is read.
unsafe impl Sync for MappedFile {}

impl MappedFile {
    /// Maps a file; an empty one gives no bytes.
    pub fn map(file: &File) -> Result<Self, OsError> {
        let len = file.metadata().map_err(|e| OsError::io("stat", "mapped file", &e))?.len();
        let Some(size) = usize::try_from(len).ok().and_then(NonZeroUsize::new) else {
            return Ok(MappedFile { at: NonNull::dangling(), len: 0 });
        };
        // SAFETY: a new private read-only mapping at an address of the kernel's choice aliases nothing of ours.
        let at = unsafe { mmap(None, size, ProtFlags::PROT_READ, MapFlags::MAP_PRIVATE, file, 0) };
        Ok(MappedFile { at: at.map_err(|errno| OsError::new("map", "file", errno))?.cast(), len: size.get() })
    }
}

impl MappedFile {
    /// Releases the memory that was needed to read it so far; what is read again comes from the file again.
    pub fn release(&self) {
        if self.len > 0 {
            // SAFETY: the mapping is private, read-only and of a file: its pages hold nothing that the file does not.
            let _still_held = unsafe { madvise(self.at.cast(), self.len, MmapAdvise::MADV_DONTNEED) };
        }
    }
}

impl Deref for MappedFile {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: `len` bytes are mapped readable from `at` until drop, or `len` is 0 and `at` is well aligned.
        unsafe { std::slice::from_raw_parts(self.at.as_ptr(), self.len) }
    }
}

impl Drop for MappedFile {
    fn drop(&mut self) {
        if self.len > 0 {
            // SAFETY: mapped with this length by `map`, and nothing borrows it any more.
            let _unmapped = unsafe { munmap(self.at.cast(), self.len) };
        }
    }
}
