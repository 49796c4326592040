//! Signals that this process takes as messages rather than as interruptions (signalfd(2)).

use crate::{OsError, Pid, Signal};
use nix::sys::signal::{SigSet, SigmaskHow, sigprocmask};

/// A thread's set of blocked signals.
#[derive(Clone, Debug)]
pub struct SignalMask(SigSet);

impl SignalMask {
    /// Has the calling thread block these signals and no others.
    pub(super) fn set(&self) {
        let _valid_arguments = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&self.0), None);
    }
}

/// Signals that are read as messages.
#[derive(Debug)]
pub struct SignalInbox(nix::sys::signalfd::SignalFd);

/// A signal that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// The signal that came.
    pub signal: Signal,
    /// The process that sent it; `None` for a terminal or the kernel.
    pub sender: Option<Pid>,
}

impl SignalInbox {
    /// Blocks `signals` in the calling thread and collects them; gives back the mask as it was.
    pub fn collect(signals: &[Signal]) -> Result<(Self, SignalMask), OsError> {
        use nix::sys::signalfd::{SfdFlags, SignalFd};
        let mut set = SigSet::empty();
        for signal in signals {
            let known = nix::sys::signal::Signal::try_from(signal.0);
            set.add(known.map_err(|errno| OsError::new("collect", signal, errno))?);
        }
        let mut before = SigSet::empty();
        sigprocmask(SigmaskHow::SIG_BLOCK, Some(&set), Some(&mut before))
            .map_err(|errno| OsError::new("block", "signals", errno))?;
        let inbox = SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)
            .map_err(|errno| OsError::new("make", "signal descriptor", errno))?;
        Ok((SignalInbox(inbox), SignalMask(before)))
    }

    /// Takes the next signal that came.
    pub fn take(&self) -> Option<Arrived> {
        const SI_USER_OR_LESS: i32 = 0;
        let info = self.0.read_signal().ok()??;
        let sender = (info.ssi_code <= SI_USER_OR_LESS).then_some(Pid(info.ssi_pid as i32));
        Some(Arrived { signal: Signal(info.ssi_signo as i32), sender })
    }
}

impl std::os::fd::AsFd for SignalInbox {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Leaves SIGCHLD pending in the calling thread and in threads that it makes.
pub fn block_child_signals() {
    let mut set = SigSet::empty();
    set.add(nix::sys::signal::Signal::SIGCHLD);
    let _blocked = sigprocmask(SigmaskHow::SIG_BLOCK, Some(&set), None);
}

/// Leaves every signal that can be blocked pending, for good: a process that is traced stops for each that it takes, also
/// for those that it ignores.
pub fn block_all_signals() {
    let _blocked = sigprocmask(SigmaskHow::SIG_BLOCK, Some(&SigSet::all()), None);
}
