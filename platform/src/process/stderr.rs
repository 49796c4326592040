//! Standard error without keeping its readers waiting.

use std::fs::File;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// A name for standard error that keeps no pipe open: opened again for each message, and silently nowhere once the
/// readers are gone (open(2), O_PATH).
#[derive(Debug)]
pub struct WeakStderr(OwnedFd);

impl WeakStderr {
    /// Remembers where standard error leads, without holding it open.
    pub fn remember() -> Option<Self> {
        // SAFETY: open with a C string; the new descriptor is owned by nobody else.
        unsafe {
            let fd = libc::open(c"/proc/self/fd/2".as_ptr(), libc::O_PATH | libc::O_CLOEXEC);
            (fd >= 0).then(|| WeakStderr(OwnedFd::from_raw_fd(fd)))
        }
    }

    /// Whether standard error is a pipe or a socket, whose other end waits for its last writer to go.
    pub fn is_awaited() -> bool {
        use std::os::unix::fs::FileTypeExt;
        std::fs::metadata("/proc/self/fd/2")
            .is_ok_and(|meta| meta.file_type().is_fifo() || meta.file_type().is_socket())
    }

    /// Opens it for one message.
    pub fn open(&self) -> Option<File> {
        use std::os::unix::fs::OpenOptionsExt;
        let path = format!("/proc/self/fd/{}", self.0.as_raw_fd());
        std::fs::OpenOptions::new().append(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path).ok()
    }
}

/// Points standard error at /dev/null.
pub fn leave_stderr() {
    // SAFETY: open and dup2 on plain descriptors.
    unsafe {
        let null = libc::open(c"/dev/null".as_ptr(), libc::O_RDWR | libc::O_CLOEXEC);
        if null > 2 {
            libc::dup2(null, 2);
            libc::close(null);
        }
    }
}
