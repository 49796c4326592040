//! A growing file of bits that is mapped shared, so that a set bit outlives the process that set it.
//!
//! Invariant: space is allocated before it is mapped, so that a full disk is an error here and never a SIGBUS later.

use crate::OsError;
use nix::errno::Errno;
use nix::fcntl::{FallocateFlags, fallocate};
use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};
use std::fs::{File, OpenOptions};
use std::num::NonZeroUsize;
use std::os::unix::fs::OpenOptionsExt;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU8, Ordering};

/// How much is allocated and mapped at a time, in bytes.
pub const CHUNK: u64 = 1 << 20;

/// The file of marks, mapped chunk by chunk.
#[derive(Debug)]
pub struct Marks {
    file: File,
    access: ProtFlags,
    chunks: Vec<NonNull<u8>>,
}

impl Marks {
    /// Takes an open file; nothing is mapped yet.
    pub fn new(file: File) -> Self {
        Marks { file, access: ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, chunks: Vec::new() }
    }

    /// The same of a file that is only read: nothing may be set or cleared.
    pub fn to_read(file: File) -> Self {
        Marks { file, access: ProtFlags::PROT_READ, chunks: Vec::new() }
    }

    /// The bytes mapped so far.
    pub fn len(&self) -> u64 {
        self.chunks.len() as u64 * CHUNK
    }

    /// Whether nothing is mapped yet.
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// Allocates and maps one more chunk.
    pub fn grow(&mut self) -> Result<(), OsError> {
        match fallocate(&self.file, FallocateFlags::empty(), self.len() as i64, CHUNK as i64) {
            Ok(()) => {}
            Err(errno @ (Errno::ENOSPC | Errno::EDQUOT | Errno::EFBIG)) => {
                return Err(OsError::new("allocate", "marks", errno));
            }
            // A file system that cannot allocate ahead, such as NFS before 4.2, or a seccomp filter.
            Err(_) => self.write_zeroes()?,
        }
        self.map_next()
    }

    fn write_zeroes(&self) -> Result<(), OsError> {
        use std::os::unix::fs::FileExt;
        let zeroes = vec![0; 64 * 1024];
        for at in (self.len()..self.len() + CHUNK).step_by(zeroes.len()) {
            self.file.write_all_at(&zeroes, at).map_err(|e| OsError::io("allocate", "marks", &e))?;
        }
        Ok(())
    }

    /// Maps what another process has allocated meanwhile.
    pub fn follow(&mut self) -> Result<(), OsError> {
        let size = self.file.metadata().map_err(|e| OsError::io("stat", "marks", &e))?.len();
        while self.len() + CHUNK <= size {
            self.map_next()?;
        }
        Ok(())
    }

    fn map_next(&mut self) -> Result<(), OsError> {
        let length = NonZeroUsize::new(CHUNK as usize).expect("invariant: CHUNK is not zero");
        // SAFETY: a new shared mapping at an address of the kernel's choice aliases nothing; it is only accessed
        // through atomics within its bounds and lives until drop.
        let chunk = unsafe { mmap(None, length, self.access, MapFlags::MAP_SHARED, &self.file, self.len() as i64) };
        self.chunks.push(chunk.map_err(|errno| OsError::new("map", "marks", errno))?.cast());
        Ok(())
    }

    fn byte(&self, at: u64) -> Option<&AtomicU8> {
        let chunk = self.chunks.get(usize::try_from(at / CHUNK).ok()?)?;
        // SAFETY: `at % CHUNK` is inside the chunk, which stays mapped as long as self lives; AtomicU8 has no
        // alignment needs and other processes only access it as bytes.
        Some(unsafe { AtomicU8::from_ptr(chunk.as_ptr().add((at % CHUNK) as usize)) })
    }

    /// Sets bit `bit` of the bits that start at byte `base`; nothing happens outside what is mapped.
    pub fn set(&self, base: u64, bit: u32) {
        assert!(self.access.contains(ProtFlags::PROT_WRITE), "marks that are only read are not set");
        if let Some(byte) = self.byte(base + u64::from(bit / 8)) {
            byte.fetch_or(1 << (bit % 8), Ordering::Relaxed);
        }
    }

    /// Sets `len` bytes from `base` to zero.
    pub fn clear(&self, base: u64, len: u64) {
        assert!(self.access.contains(ProtFlags::PROT_WRITE), "marks that are only read are not cleared");
        for at in base..base + len {
            if let Some(byte) = self.byte(at) {
                byte.store(0, Ordering::Relaxed);
            }
        }
    }

    /// Copies `len` bytes from `base`; what is not mapped reads as zero.
    pub fn read(&self, base: u64, len: u64) -> Vec<u8> {
        (base..base + len).map(|at| self.byte(at).map_or(0, |byte| byte.load(Ordering::Relaxed))).collect()
    }
}

impl Drop for Marks {
    fn drop(&mut self) {
        for chunk in &self.chunks {
            // SAFETY: the chunk was mapped with this length by map_next and nothing borrows it any more.
            let _unmapped = unsafe { munmap(chunk.cast(), CHUNK as usize) };
        }
    }
}

/// A file in memory only, for where the disk takes no more; without memfd_create(2) (Linux 3.17) one without a name.
pub fn memory_file() -> Result<File, OsError> {
    use nix::sys::memfd::{MFdFlags, memfd_create};
    let unnamed =
        |folder| OpenOptions::new().read(true).write(true).mode(0o600).custom_flags(libc::O_TMPFILE).open(folder).ok();
    memfd_create("cov-trace-marks", MFdFlags::MFD_CLOEXEC)
        .map(File::from)
        .or_else(|errno| unnamed("/dev/shm").or_else(|| unnamed("/tmp")).ok_or(errno))
        .map_err(|errno| OsError::new("make", "memory file", errno))
}

/// All that is in a memory file, whatever the position of its writer.
pub fn read_memory_file(file: &File) -> std::io::Result<Vec<u8>> {
    use std::os::unix::fs::FileExt;
    let mut bytes = vec![0; file.metadata()?.len() as usize];
    file.read_exact_at(&mut bytes, 0)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_mapping_sees_what_was_set() {
        let file = memory_file().expect("memfd");
        let mut writer = Marks::new(file.try_clone().expect("dup"));
        let mut reader = Marks::new(file);
        writer.grow().expect("grows");
        writer.grow().expect("grows");
        writer.set(CHUNK - 1, 15);
        reader.follow().expect("follows");
        assert_eq!(reader.len(), 2 * CHUNK);
        assert_eq!(reader.read(CHUNK - 1, 3), [0, 0x80, 0]);
        writer.clear(CHUNK, 1);
        assert_eq!(reader.read(CHUNK - 1, 3), [0, 0, 0]);
        writer.set(99 * CHUNK, 0);
        assert_eq!(reader.read(99 * CHUNK, 1), [0]);
    }
}
