//! Reading and writing a tracee's memory through /proc/PID/mem, which needs no stop.
//!
//! Invariant: a descriptor belongs to the address space it was opened on, also after an exec of the process.

use crate::{Avma, OsError, Pid, Tid};
use nix::errno::Errno;
use std::fs::{File, OpenOptions};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
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

    /// The memory of `pid` as `holder` has it open, where it may not be opened again: Yama, or a program that made itself
    /// undumpable. The tracer of `holder` may take it (pidfd_getfd(2)).
    pub fn as_open_in(holder: Pid, pid: Pid) -> Result<Self, OsError> {
        let wanted = format!("/proc/{pid}/mem");
        let folder = format!("/proc/{holder}/fd");
        let entries = std::fs::read_dir(&folder).map_err(|e| OsError::io("read", &folder, &e))?;
        let fd = entries
            .flatten()
            .filter(|entry| std::fs::read_link(entry.path()).is_ok_and(|link| link.as_os_str() == wanted.as_str()))
            .find_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok())
            .ok_or_else(|| OsError::new("find", &wanted, Errno::ENOENT))?;
        Ok(Memory { file: take_descriptor(holder, fd)?, tid: pid.leader() })
    }

    /// Fills `buffer` from `at`; EIO where something in between is not mapped.
    pub fn read(&self, at: Avma, buffer: &mut [u8]) -> Result<(), OsError> {
        self.file.read_exact_at(buffer, at.0).map_err(|e| self.error("read memory of", at, &e))
    }

    /// Writes `bytes` at `at`, private copies of the pages being made as needed.
    pub fn write(&self, at: Avma, bytes: &[u8]) -> Result<(), OsError> {
        self.file.write_all_at(bytes, at.0).map_err(|e| self.error("write memory of", at, &e))
    }

    /// The same of a stopped thread, which lives there: faster for several pages, but refused where a mapping may not be
    /// read (process_vm_readv(2)).
    pub fn read_of(tid: Tid, at: Avma, buffer: &mut [u8]) -> Result<(), OsError> {
        let local = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
        let remote = libc::iovec { iov_base: at.0 as *mut libc::c_void, iov_len: buffer.len() };
        // SAFETY: the kernel writes to the live buffer only, and no more than it holds.
        let read = unsafe { libc::process_vm_readv(tid.0, &raw const local, 1, &raw const remote, 1, 0) };
        match usize::try_from(read) {
            Ok(read) if read == buffer.len() => Ok(()),
            Ok(_) => Err(OsError::new("read memory of", format_args!("tid {tid} at {at}"), Errno::EIO)),
            Err(_) => Err(OsError::last("read memory of", format_args!("tid {tid} at {at}"))),
        }
    }

    fn error(&self, operation: &'static str, at: Avma, error: &std::io::Error) -> OsError {
        let errno = error.raw_os_error().map_or(Errno::EIO, Errno::from_raw);
        OsError::new(operation, format_args!("tid {} at {at}", self.tid), errno)
    }
}

/// A descriptor of another process, as one of our own.
pub(crate) fn take_descriptor(holder: Pid, fd: i32) -> Result<File, OsError> {
    // SAFETY: pidfd_open takes plain numbers; the new descriptor is owned by nobody else.
    let process = unsafe {
        let process = libc::syscall(libc::SYS_pidfd_open, holder.0, 0) as i32;
        (process >= 0).then(|| OwnedFd::from_raw_fd(process))
    };
    let process = process.ok_or_else(|| OsError::last("open", format_args!("pid {holder}")))?;
    // SAFETY: pidfd_getfd takes plain numbers; the new descriptor is owned by nobody else.
    let taken = unsafe {
        let taken = libc::syscall(libc::SYS_pidfd_getfd, process.as_raw_fd(), fd, 0) as i32;
        (taken >= 0).then(|| File::from_raw_fd(taken))
    };
    taken.ok_or_else(|| OsError::last("take", format_args!("descriptor {fd} of pid {holder}")))
}
