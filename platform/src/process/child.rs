//! What the children of this process did, where they are not traced (waitpid(2)).

use crate::{Pid, Signal};
use nix::errno::Errno;

/// What a child of this process did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChildNews {
    /// It has changed its state since the last look in no way that is reported.
    Nothing,
    /// It ended with this status.
    Exited(i32),
    /// It was killed.
    Killed(Signal),
    /// It was stopped.
    Stopped(Signal),
}

impl ChildNews {
    /// Whether it has ended.
    pub fn is_end(self) -> bool {
        match self {
            ChildNews::Exited(_) | ChildNews::Killed(_) => true,
            ChildNews::Nothing | ChildNews::Stopped(_) => false,
        }
    }
}

/// Looks, without waiting, what a child of this process did.
pub fn child_news(pid: Pid) -> ChildNews {
    let mut status = 0;
    // SAFETY: `status` is a live i32.
    if unsafe { libc::waitpid(pid.0, &raw mut status, libc::WNOHANG | libc::WUNTRACED) } != pid.0 {
        return ChildNews::Nothing;
    }
    decoded(status)
}

fn decoded(status: i32) -> ChildNews {
    if libc::WIFEXITED(status) {
        ChildNews::Exited(libc::WEXITSTATUS(status))
    } else if libc::WIFSIGNALED(status) {
        ChildNews::Killed(Signal(libc::WTERMSIG(status)))
    } else if libc::WIFSTOPPED(status) {
        ChildNews::Stopped(Signal(libc::WSTOPSIG(status)))
    } else {
        ChildNews::Nothing
    }
}

/// Waits until a child of this process has ended, and tells how; nothing, at once, if that was seen already.
pub fn await_end(pid: Pid) -> ChildNews {
    let mut status = 0;
    loop {
        // SAFETY: `status` is a live i32.
        match unsafe { libc::waitpid(pid.0, &raw mut status, 0) } {
            -1 if Errno::last() == Errno::EINTR => {}
            -1 => return ChildNews::Nothing,
            _ => return decoded(status),
        }
    }
}
