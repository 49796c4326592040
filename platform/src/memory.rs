//! Reading and writing a tracee's memory through /proc/PID/mem, which needs no stop.
//!
//! Invariant: a descriptor belongs to the address space it was opened on, also after an exec of the process.

use crate::{Avma, OsError, Tid};
use nix::errno::Errno;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;

/// The memory of one address space.
#[derive(Debug)]
pub struct Memory {
    file: File,
    tid: Tid,
}

impl Memory {
    /// Opens the memory of the address space that `tid` lives in now.
    pub fn open(tid: Tid) -> Result<Self, OsError> {
        let path = format!("/proc/{tid}/mem");
        let file = OpenOptions::new().read(true).write(true).open(&path).map_err(|e| OsError::io("open", &path, &e))?;
        Ok(Memory { file, tid })
    }

    /// Fills `buffer` from `at`; EIO where something in between is not mapped.
    pub fn read(&self, at: Avma, buffer: &mut [u8]) -> Result<(), OsError> {
        self.file.read_exact_at(buffer, at.0).map_err(|e| self.error("read memory of", at, &e))
    }

    /// Writes `bytes` at `at`, private copies of the pages being made as needed.
    pub fn write(&self, at: Avma, bytes: &[u8]) -> Result<(), OsError> {
        self.file.write_all_at(bytes, at.0).map_err(|e| self.error("write memory of", at, &e))
    }

    fn error(&self, operation: &'static str, at: Avma, error: &std::io::Error) -> OsError {
        let errno = error.raw_os_error().map_or(Errno::EIO, Errno::from_raw);
        OsError::new(operation, format_args!("tid {} at {at}", self.tid), errno)
    }
}
