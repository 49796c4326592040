//! System calls by number: which may be started again, which make children; and the kernel's numbers and lengths that the
//! libc crate does not name.

use super::encoding::{MOV_EAX, MOV_LEN};
use crate::Avma;
use serde::{Deserialize, Serialize};

/// io_pgetevents(2), which the libc crate does not name.
pub(crate) const SYS_IO_PGETEVENTS: i64 = 333;

/// A system call by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallNumber(pub(crate) i64);

impl CallNumber {
    /// Makes a child, with flags in its first argument (clone(2)).
    pub const CLONE: CallNumber = CallNumber(libc::SYS_clone);
    /// Sets the action of a signal (sigaction(2)).
    pub const RT_SIGACTION: CallNumber = CallNumber(libc::SYS_rt_sigaction);
    /// Sets which signals the calling thread blocks (sigprocmask(2)).
    pub const RT_SIGPROCMASK: CallNumber = CallNumber(libc::SYS_rt_sigprocmask);

    /// Whether it makes a child with flags of the caller's choice: clone or clone3.
    pub fn has_clone_flags(self) -> bool {
        matches!(self.0, libc::SYS_clone | libc::SYS_clone3)
    }

    /// Whether it makes a process or a thread.
    pub(crate) fn makes_child(self) -> bool {
        self.has_clone_flags() || matches!(self.0, libc::SYS_fork | libc::SYS_vfork)
    }

    /// Whether it gave up with EINTR, if it returned `result`, and may be started again.
    pub(crate) fn gives_up(self, result: i64) -> bool {
        result == -i64::from(libc::EINTR) && GIVE_UP.contains(&self.0)
    }
}

/// A system call that opens a file (open(2)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum OpenCall {
    /// By a path.
    Open,
    /// By a path, to write to.
    Creat,
    /// By a path from a folder.
    Openat,
    /// The same, with more flags.
    Openat2,
}

/// What a call is about to open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// The folder that a relative path begins in, if it is not the working directory.
    pub folder: Option<i32>,
    /// Where the path is.
    pub path: Avma,
    /// Whether it is opened to read.
    pub reads: bool,
    /// Whether it is opened to write.
    pub writes: bool,
}

impl OpenCall {
    /// All of them.
    pub const ALL: [OpenCall; 4] = [OpenCall::Open, OpenCall::Creat, OpenCall::Openat, OpenCall::Openat2];

    /// Its number.
    pub fn number(self) -> CallNumber {
        CallNumber(match self {
            OpenCall::Open => libc::SYS_open,
            OpenCall::Creat => libc::SYS_creat,
            OpenCall::Openat => libc::SYS_openat,
            OpenCall::Openat2 => libc::SYS_openat2,
        })
    }

    /// The `mov` that sets its number.
    pub fn instruction(self) -> [u8; MOV_LEN as usize] {
        let [low, high, ..] = (self.number().0 as u32).to_le_bytes();
        [MOV_EAX, low, high, 0, 0]
    }

    /// What it is about to open, by its arguments.
    pub fn opening(self, args: [u64; 4]) -> Opening {
        let (folder, path, flags) = match self {
            OpenCall::Open => (libc::AT_FDCWD, args[0], args[1]),
            OpenCall::Creat => (libc::AT_FDCWD, args[0], libc::O_WRONLY as u64),
            OpenCall::Openat => (args[0] as i32, args[1], args[2]),
            // Its flags are in memory.
            OpenCall::Openat2 => (args[0] as i32, args[1], libc::O_RDWR as u64),
        };
        let mode = flags as i32 & libc::O_ACCMODE;
        Opening {
            folder: (folder != libc::AT_FDCWD).then_some(folder),
            path: Avma(path),
            reads: mode != libc::O_WRONLY,
            writes: mode != libc::O_RDONLY,
        }
    }
}

/// A system call that is looked at or injected: number and up to four arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Syscall {
    pub(crate) number: CallNumber,
    pub(crate) args: [u64; 4],
}

/// Where the flags of the child are that a call makes (clone(2)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CloneFlags {
    /// The call itself has them.
    Are(u64),
    /// In the caller's memory, eight bytes.
    At(Avma),
}

impl Syscall {
    /// The flags of the child that it makes, if it makes one.
    pub(crate) fn clone_flags(&self) -> Option<CloneFlags> {
        Some(match self.number.0 {
            libc::SYS_fork => CloneFlags::Are(0),
            libc::SYS_vfork => CloneFlags::Are((libc::CLONE_VM | libc::CLONE_VFORK) as u64),
            libc::SYS_clone => CloneFlags::Are(self.args[0]),
            libc::SYS_clone3 => CloneFlags::At(Avma(self.args[0])),
            _ => return None,
        })
    }
}

/// The system calls that wait for what an epoll watches, for milliseconds that are their fourth argument.
pub(crate) const EPOLL_WAITS: [i64; 2] = [libc::SYS_epoll_wait, libc::SYS_epoll_pwait];

/// Length in bytes of the kernel's `struct sigaction`: handler, flags, restorer, mask.
pub(crate) const SIGACTION_LEN: usize = 32;

/// Length in bytes of the kernel's signal set.
pub(crate) const SIGSET_LEN: u64 = 8;

/// `-ERESTARTNOHAND`: the kernel starts the call again unless a handler runs, which sees EINTR.
pub(crate) const RESTART_UNLESS_HANDLED: i64 = -514;

/// System calls that answer EINTR after a signal that no handler takes, where others start again by themselves
/// (signal(7); without a tracer an ignored signal would not have disturbed them).
const GIVE_UP: [i64; 28] = [
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_recvmmsg,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_sendmmsg,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_connect,
    libc::SYS_epoll_wait,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    libc::SYS_semop,
    libc::SYS_semtimedop,
    libc::SYS_msgsnd,
    libc::SYS_msgrcv,
    libc::SYS_rt_sigtimedwait,
    libc::SYS_io_getevents,
    SYS_IO_PGETEVENTS,
    libc::SYS_io_uring_enter,
    libc::SYS_futex,
    libc::SYS_futex_waitv,
    libc::SYS_mq_timedsend,
    libc::SYS_mq_timedreceive,
];

/// Whether a child that is made with these flags (clone(2)) shares its maker's memory.
pub fn shares_memory(flags: u64) -> bool {
    flags & libc::CLONE_VM as u64 != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_tell_what_is_opened() {
        let opening = |call: OpenCall, args| call.opening(args);
        let read = Opening { folder: None, path: Avma(0x1000), reads: true, writes: false };
        assert_eq!(opening(OpenCall::Open, [0x1000, 0o2000000, 0, 0]), read);
        assert_eq!(opening(OpenCall::Openat, [0xffff_ff9c, 0x1000, 0, 0]), read);
        let within = Opening { folder: Some(7), reads: false, writes: true, ..read };
        assert_eq!(opening(OpenCall::Openat, [7, 0x1000, 0o1101, 0]), within);
        assert_eq!(opening(OpenCall::Creat, [0x1000, 0o644, 0, 0]), Opening { folder: None, ..within });
        assert!(opening(OpenCall::Openat2, [7, 0x1000, 0, 0]).writes);
    }
}
