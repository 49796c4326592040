//! Signals as the kernel has them: numbers, sets, actions, and the siginfo that comes with each.

mod action;
mod info;
mod set;

pub use action::SignalAction;
pub use info::{SignalInfo, TrapCause};
use set::UNBLOCKABLE;
pub use set::{BLOCKABLE_STANDARD, blockable, mask_after_call};

use serde::{Deserialize, Serialize};
use std::fmt;

/// A signal by number, real-time ones included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Signal(pub i32);

impl Signal {
    /// SIGTRAP, which an int3 raises.
    pub const TRAP: Signal = Signal(libc::SIGTRAP);
    /// SIGSTOP: stops, and cannot be blocked, ignored or handled.
    pub const STOP: Signal = Signal(libc::SIGSTOP);
    /// SIGCONT: continues a stopped process.
    pub const CONT: Signal = Signal(libc::SIGCONT);
    /// SIGKILL: kills, and cannot be blocked, ignored or handled.
    pub const KILL: Signal = Signal(libc::SIGKILL);
    /// SIGTERM: asks a process to end.
    pub const TERM: Signal = Signal(libc::SIGTERM);
    /// SIGHUP: the terminal has gone.
    pub const HUP: Signal = Signal(libc::SIGHUP);
    /// SIGINT: Ctrl-C at the terminal.
    pub const INT: Signal = Signal(libc::SIGINT);
    /// SIGQUIT: Ctrl-\ at the terminal.
    pub const QUIT: Signal = Signal(libc::SIGQUIT);
    /// SIGUSR1: has the meaning that a program gives it.
    pub const USR1: Signal = Signal(libc::SIGUSR1);
    /// SIGCHLD: a child has ended, stopped or gone on.
    pub const CHLD: Signal = Signal(libc::SIGCHLD);

    /// Whether its default action stops the process.
    pub(crate) fn stops(self) -> bool {
        matches!(self.0, libc::SIGSTOP | libc::SIGTSTP | libc::SIGTTIN | libc::SIGTTOU)
    }

    /// Whether its default action is to be ignored (signal(7)).
    pub fn ignored_by_default(self) -> bool {
        matches!(self.0, libc::SIGCHLD | libc::SIGURG | libc::SIGWINCH | libc::SIGCONT)
    }

    /// Whether an instruction that faults brings it.
    pub fn is_of_faults(self) -> bool {
        matches!(self.0, libc::SIGSEGV | libc::SIGBUS | libc::SIGFPE | libc::SIGILL)
    }

    /// Whether its default action ends the process with a core dump (signal(7)).
    pub fn dumps_core_by_default(self) -> bool {
        matches!(
            self.0,
            libc::SIGQUIT
                | libc::SIGILL
                | libc::SIGTRAP
                | libc::SIGABRT
                | libc::SIGBUS
                | libc::SIGFPE
                | libc::SIGSEGV
                | libc::SIGXCPU
                | libc::SIGXFSZ
                | libc::SIGSYS
        )
    }

    /// Its bit in a kernel signal set.
    pub const fn bit(self) -> u64 {
        1 << (self.0 - 1)
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match nix::sys::signal::Signal::try_from(self.0) {
            Ok(known) => f.write_str(known.as_str()),
            Err(_) => write!(f, "signal {}", self.0),
        }
    }
}
