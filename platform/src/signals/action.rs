//! What a process does on a signal, as the kernel's `struct sigaction` has it (rt_sigaction(2)).

use super::{Signal, UNBLOCKABLE};
use crate::arch::SIGACTION_LEN;
use serde::{Deserialize, Serialize};

/// A signal's action: handler, flags, restorer and the handler's mask, a word each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignalAction([u8; SignalAction::LEN]);

impl From<[u8; SignalAction::LEN]> for SignalAction {
    fn from(bytes: [u8; SignalAction::LEN]) -> Self {
        SignalAction(bytes)
    }
}

impl SignalAction {
    /// Length of the kernel's `struct sigaction` in bytes.
    pub const LEN: usize = SIGACTION_LEN;

    /// The action of a signal that a process ignores (SIG_IGN).
    pub fn ignoring() -> Self {
        let mut action = [0; SignalAction::LEN];
        action[..8].copy_from_slice(&(libc::SIG_IGN as u64).to_ne_bytes());
        SignalAction(action)
    }

    pub(crate) fn bytes(&self) -> &[u8; SignalAction::LEN] {
        &self.0
    }

    fn word(&self, index: usize) -> u64 {
        self.0.as_chunks::<8>().0.get(index).map_or(0, |bytes| u64::from_ne_bytes(*bytes))
    }

    fn handler(&self) -> u64 {
        self.word(0)
    }

    fn has_flag(&self, flag: i32) -> bool {
        self.word(1) & u64::from(flag as u32) != 0
    }

    /// Whether the signal does what it does by default (SIG_DFL).
    pub fn is_default(&self) -> bool {
        self.handler() == libc::SIG_DFL as u64
    }

    /// Whether the signal is ignored (SIG_IGN).
    pub fn is_ignored(&self) -> bool {
        self.handler() == libc::SIG_IGN as u64
    }

    /// Whether a handler of the program runs.
    pub fn is_handled(&self) -> bool {
        !self.is_default() && !self.is_ignored()
    }

    /// Whether the kernel resets the action to the default when it calls the handler (SA_RESETHAND).
    pub fn is_once(&self) -> bool {
        self.has_flag(libc::SA_RESETHAND)
    }

    /// The kernel signal set that a thread which blocks `mask` blocks in the handler of `signal`.
    pub fn mask_in_handler(&self, signal: Signal, mask: u64) -> u64 {
        let itself = if self.has_flag(libc::SA_NODEFER) { 0 } else { signal.bit() };
        (mask | self.word(3) | itself) & !UNBLOCKABLE
    }

    /// Whether a breakpoint that is executed while SIGTRAP has this action resets it to the default; `blocked` says
    /// whether the thread blocks SIGTRAP (force_sig_info_to_task, kernel/signal.c).
    pub fn is_reset_by_breakpoint(&self, blocked: bool) -> bool {
        self.is_ignored() || (blocked && !self.is_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HUP: u64 = Signal::HUP.bit();
    const TRAP: u64 = Signal::TRAP.bit();

    #[test]
    fn an_action_is_reset_where_the_kernel_does() {
        let mut handler = [0; SignalAction::LEN];
        handler[1] = 0x40;
        assert!(SignalAction::ignoring().is_reset_by_breakpoint(false));
        assert!(SignalAction(handler).is_reset_by_breakpoint(true));
        assert!(!SignalAction(handler).is_reset_by_breakpoint(false));
        assert!(!SignalAction([0; SignalAction::LEN]).is_reset_by_breakpoint(true));
    }

    #[test]
    fn a_handler_blocks_its_signal_unless_told_otherwise() {
        let mut handler = [0; SignalAction::LEN];
        assert_eq!(SignalAction(handler).mask_in_handler(Signal::TRAP, HUP), HUP | TRAP);
        handler[8..12].copy_from_slice(&(libc::SA_NODEFER | libc::SA_RESETHAND).to_ne_bytes());
        assert_eq!(SignalAction(handler).mask_in_handler(Signal::TRAP, HUP), HUP);
        assert!(SignalAction(handler).is_once());
        handler[24..].copy_from_slice(&u64::MAX.to_ne_bytes());
        assert_eq!(SignalAction(handler).mask_in_handler(Signal::TRAP, HUP), !UNBLOCKABLE);
    }
}
