//! Sets of signals as the kernel keeps them: signal n is bit n - 1 (rt_sigprocmask(2)).

use super::Signal;

/// SIGKILL and SIGSTOP, which nobody can block.
pub(crate) const UNBLOCKABLE: u64 = Signal::KILL.bit() | Signal::STOP.bit();

/// The signals below the real-time ones that can be blocked.
pub const BLOCKABLE_STANDARD: u64 = 0x7fff_ffff & !UNBLOCKABLE;

/// What of a signal set a thread that has it as its mask blocks.
pub fn blockable(set: u64) -> u64 {
    set & !UNBLOCKABLE
}

/// The mask that a thread has after rt_sigprocmask(`how`, `set`), where it had `mask` before. A `how` that the kernel
/// refuses changes nothing.
pub fn mask_after_call(mask: u64, how: u64, set: u64) -> u64 {
    let mask = match how as i32 {
        libc::SIG_BLOCK => mask | set,
        libc::SIG_UNBLOCK => mask & !set,
        libc::SIG_SETMASK => set,
        _ => mask,
    };
    blockable(mask)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HUP: u64 = Signal::HUP.bit();
    const TRAP: u64 = Signal::TRAP.bit();

    #[test]
    fn masks_change_as_the_call_says() {
        assert_eq!(mask_after_call(HUP, 0, TRAP), HUP | TRAP);
        assert_eq!(mask_after_call(HUP | TRAP, 1, TRAP), HUP);
        assert_eq!(mask_after_call(HUP, 2, TRAP), TRAP);
        assert_eq!(mask_after_call(HUP, 9, TRAP), HUP);
        assert_eq!(mask_after_call(HUP, 0, u64::MAX), !UNBLOCKABLE);
        assert_eq!(mask_after_call(HUP, 2, u64::MAX), !UNBLOCKABLE);
    }
}
