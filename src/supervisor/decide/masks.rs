//! What a thread blocks, as far as is known, and so what a breakpoint took from it.
//!
//! A thread's last two masks are remembered, since most changes are undone soon (signal handlers, the C library's own
//! critical sections); a mask that fits neither is taken as it is, with SIGTRAP blocked only where every other
//! signal is.

use platform::{BLOCKABLE_STANDARD, Signal};
use serde::{Deserialize, Serialize};

/// SIGTRAP in a kernel signal set.
pub(crate) const TRAP: u64 = Signal::TRAP.bit();

/// Whether a mask has every signal but real-time ones, of which a C library leaves some out for its own sake.
pub(crate) fn blocks_all(mask: u64) -> bool {
    mask & BLOCKABLE_STANDARD == BLOCKABLE_STANDARD
}

/// What a thread blocks, as far as is known: now, and before the last change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Masks {
    pub now: Option<u64>,
    pub before: Option<u64>,
    /// Whether `now` is a handler's, so that `before` comes back without a word.
    pub in_handler: bool,
}

impl Masks {
    /// The mask that a thread had before a breakpoint left it `found`, which never has SIGTRAP.
    pub fn before_breakpoint(&mut self, found: u64, evidence: Option<Evidence>) -> u64 {
        let fits = |mask: Option<u64>| mask.filter(|mask| mask & !TRAP == found & !TRAP);
        let (now, before) = (fits(self.now), fits(self.before));
        let told = |evidence: Evidence| if evidence.blocked { found | TRAP } else { found };
        let was = match (evidence, now, before) {
            (Some(evidence), ..) if evidence.sure => told(evidence),
            (_, Some(now), None) => now,
            (_, None, Some(before)) => before,
            (_, Some(now), Some(before)) if now == before => now,
            (Some(evidence), ..) => told(evidence),
            // Nobody told that the handler ended, so rather nothing is blocked than too much.
            (None, Some(now), Some(before)) if self.in_handler => now & before,
            (None, Some(now), Some(_)) => now,
            (None, None, None) if blocks_all(found | TRAP) => found | TRAP,
            (None, None, None) => found,
        };
        if self.now != Some(was) {
            self.change(was);
        }
        was
    }

    /// Whether a thread that has the mask `found`, which a breakpoint may have taken SIGTRAP from, has blocked that for long.
    /// A single known mask may be a handler's that it has left since.
    pub fn surely_block_trap(&self, found: u64) -> bool {
        !self.in_handler
            && self.hold(found | TRAP)
            && [self.now, self.before].iter().all(|mask| mask.is_some_and(|mask| mask & TRAP != 0))
    }

    /// Whether a known mask has SIGTRAP.
    pub fn may_block_trap(&self) -> bool {
        self.now.into_iter().chain(self.before).any(|mask| mask & TRAP != 0)
    }

    /// Whether it is known to have been the mask.
    pub fn hold(&self, mask: u64) -> bool {
        self.now == Some(mask) || self.before == Some(mask)
    }

    /// A thread with a mask enters a handler, in which it has another one. That the last one ended nobody has told.
    pub fn enter_handler(&mut self, outside: u64, inside: u64) {
        if self.now != Some(outside) {
            self.change(outside);
        }
        self.change(inside);
        self.in_handler = true;
    }

    /// It has another mask from here on.
    pub fn change(&mut self, mask: u64) {
        self.before = self.now.replace(mask);
        self.in_handler = false;
    }
}

/// Whether SIGTRAP was blocked when a breakpoint was executed, by what became of its handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Evidence {
    pub blocked: bool,
    /// Whether no other thread can have made it so.
    pub sure: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    const HUP: u64 = 1;
    const FULL: u64 = BLOCKABLE_STANDARD | (0xffff_ffff << 32);

    #[test]
    fn a_known_mask_gets_its_trap_back() {
        let mut masks = Masks { now: Some(HUP | TRAP), ..Masks::default() };
        assert_eq!(masks.before_breakpoint(HUP, None), HUP | TRAP);
        assert_eq!(masks.before_breakpoint(HUP, None), HUP | TRAP);
    }

    #[test]
    fn a_handler_that_blocks_everything_and_its_end_are_recognised() {
        let mut masks = Masks { now: Some(TRAP), ..Masks::default() };
        masks.enter_handler(TRAP, FULL);
        assert_eq!(masks.before_breakpoint(FULL & !TRAP, None), FULL);
        assert_eq!(masks.before_breakpoint(0, None), TRAP);
    }

    #[test]
    fn a_handler_that_is_entered_again_and_again_had_ended_before() {
        let mut masks = Masks { now: Some(HUP), ..Masks::default() };
        for _ in 0..3 {
            masks.enter_handler(HUP, HUP | TRAP);
            assert_eq!(masks, Masks { now: Some(HUP | TRAP), before: Some(HUP), in_handler: true });
        }
        assert_eq!(masks.before_breakpoint(HUP, None), HUP);
    }

    #[test]
    fn nothing_is_blocked_that_was_not() {
        let mut masks = Masks { now: Some(0), ..Masks::default() };
        assert_eq!(masks.before_breakpoint(0, None), 0);
        assert_eq!(masks.before_breakpoint(HUP, None), HUP);
        assert_eq!(Masks::default().before_breakpoint(HUP, None), HUP);
    }

    #[test]
    fn where_only_trap_tells_a_handler_from_its_end_evidence_counts() {
        let mut masks = Masks { now: Some(0), ..Masks::default() };
        masks.enter_handler(0, TRAP);
        assert_eq!(masks.before_breakpoint(0, Some(Evidence { blocked: true, sure: false })), TRAP);
        assert_eq!(masks.before_breakpoint(0, Some(Evidence { blocked: false, sure: false })), 0);
        masks.enter_handler(0, TRAP);
        assert_eq!(masks.before_breakpoint(0, None), 0);
        masks.change(TRAP);
        assert_eq!(masks.before_breakpoint(0, None), TRAP);
    }

    #[test]
    fn what_other_threads_may_have_done_counts_only_where_nothing_better_is_known() {
        let of_another = Some(Evidence { blocked: true, sure: false });
        let mut masks = Masks { now: Some(HUP), ..Masks::default() };
        assert_eq!(masks.before_breakpoint(HUP, of_another), HUP);
        assert_eq!(masks.before_breakpoint(HUP, Some(Evidence { blocked: true, sure: true })), HUP | TRAP);
        assert_eq!(Masks::default().before_breakpoint(HUP, of_another), HUP | TRAP);
    }
}
