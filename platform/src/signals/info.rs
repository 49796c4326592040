//! Why a signal came and from whom, read from its siginfo (sigaction(2)).

use super::Signal;
use crate::Pid;

/// How a SIGTRAP came about, from its siginfo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum TrapCause {
    /// The kernel raised it for an executed breakpoint instruction.
    Breakpoint,
    /// Sent by a process: kill, tgkill, sigqueue, or an int3 whose siginfo was swallowed by one pending.
    Sent,
    /// A single step, a hardware breakpoint or anything else.
    Other,
}

/// A signal's siginfo as the kernel gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignalInfo {
    bytes: [u8; SignalInfo::LEN],
}

impl From<[u8; SignalInfo::LEN]> for SignalInfo {
    fn from(bytes: [u8; SignalInfo::LEN]) -> Self {
        SignalInfo { bytes }
    }
}

impl SignalInfo {
    /// Length of `siginfo_t`.
    pub(crate) const LEN: usize = size_of::<libc::siginfo_t>();

    /// si_code, the third word on every CPU of ours.
    fn code(&self) -> i32 {
        self.bytes[8..].first_chunk().map_or(0, |bytes| i32::from_ne_bytes(*bytes))
    }

    /// Why a SIGTRAP came; meaningless for other signals.
    pub fn trap_cause(&self) -> TrapCause {
        const SI_KERNEL: i32 = 0x80;
        match self.code() {
            SI_KERNEL | libc::TRAP_BRKPT => TrapCause::Breakpoint,
            code if code <= 0 => TrapCause::Sent,
            _ => TrapCause::Other,
        }
    }

    /// Whether it tells that a stepped thread has entered a handler (signal_setup_done, kernel/signal.c).
    pub(crate) fn is_handler_entry(&self) -> bool {
        self.code() == libc::SIGTRAP
    }

    /// Whether the kernel sent it because an instruction faulted; meant for signals of faults.
    pub fn is_fault(&self) -> bool {
        self.code() > 0
    }

    /// Whether it is the `signal` of an instruction that brings the same again if it is begun once more.
    pub fn is_repeatable(&self, signal: Signal) -> bool {
        const SYS_SECCOMP: i32 = 1;
        match signal.0 {
            libc::SIGTRAP => self.trap_cause() == TrapCause::Breakpoint,
            libc::SIGSYS => self.code() == SYS_SECCOMP,
            _ => signal.is_of_faults() && self.is_fault(),
        }
    }

    /// The process that sent it, if one did.
    pub fn sender(&self) -> Option<Pid> {
        const SI_USER_OR_LESS: i32 = 0;
        let pid = self.bytes[16..].first_chunk().map(|bytes| Pid(i32::from_ne_bytes(*bytes)));
        pid.filter(|_| self.code() <= SI_USER_OR_LESS)
    }

    /// Whether it was sent to one thread rather than to the process.
    pub(crate) fn is_for_thread(&self) -> bool {
        self.code() == libc::SI_TKILL
    }

    /// The whole siginfo, as rt_sigqueueinfo(2) takes it.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}
