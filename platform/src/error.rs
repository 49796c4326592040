//! Failures of the kernel's answers, with the operation and its subject.

use nix::errno::Errno;
use std::fmt;

/// A system call that failed: what was tried, on what, and the errno.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OsError {
    /// What was tried, such as `seize`.
    pub(crate) operation: &'static str,
    /// On what, such as `tid 4711` or a path.
    pub(crate) subject: String,
    /// The kernel's answer; EINVAL where it gave none.
    pub errno: Errno,
}

impl OsError {
    /// Takes what `operation` on `subject` answered.
    pub fn new(operation: &'static str, subject: impl fmt::Display, errno: Errno) -> Self {
        OsError { operation, subject: subject.to_string(), errno }
    }

    /// Takes the errno of an `io::Error`; one without an errno is EINVAL, and says itself what is wrong.
    pub fn io(operation: &'static str, subject: impl fmt::Display, error: &std::io::Error) -> Self {
        match error.raw_os_error() {
            Some(errno) => OsError::new(operation, subject, Errno::from_raw(errno)),
            None => OsError::new(operation, format_args!("{subject} ({error})"), Errno::EINVAL),
        }
    }

    /// Takes this thread's errno.
    pub(crate) fn last(operation: &'static str, subject: impl fmt::Display) -> Self {
        OsError::new(operation, subject, Errno::last())
    }

    /// Whether the subject is gone: SIGKILL can take a tracee at any moment, and its end is reported by a wait.
    pub fn is_gone(&self) -> bool {
        matches!(self.errno, Errno::ESRCH)
    }
}

impl fmt::Display for OsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {} ({:?})", self.operation, self.subject, self.errno.desc(), self.errno)
    }
}

impl std::error::Error for OsError {}
