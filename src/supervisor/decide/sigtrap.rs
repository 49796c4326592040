//! What the programs do with SIGTRAP, as far as is known, and so what a breakpoint took from them: the kernel unblocks
//! SIGTRAP and resets it to its default in a thread that executes a breakpoint while SIGTRAP is blocked or ignored
//! (force_sig, kernel/signal.c).
//!
//! What a program had is known from /proc at an exec, from the calls it makes at the C library's landmarks, and from
//! inheritance.

use super::masks::{Evidence, Masks, TRAP};
use super::turns::Turns;
use crate::link::ProcessNo;
use platform::procfs::SignalState;
use platform::{Signal, SignalAction, Tid};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Instant;

/// What is known of masks, actions and handlers.
#[derive(Debug, Default)]
pub(crate) struct Sigtrap {
    masks: HashMap<Tid, Masks>,
    /// Signals whose action is known not to be the default, by process.
    actions: HashMap<ProcessNo, BTreeMap<Signal, SignalAction>>,
    /// Processes that had a handler for SIGTRAP before we came: which one is asked at their first breakpoint.
    unread: HashSet<ProcessNo>,
    turns: Turns,
}

/// What a breakpoint took from the thread that executed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    /// The mask to give back to it.
    pub mask: Option<u64>,
    /// The action of SIGTRAP to give back to its process.
    pub action: Option<SignalAction>,
}

impl Sigtrap {
    /// A new image: handlers are gone, mask and ignored signals stay (execve(2)); `state` is what /proc says, if it can be
    /// read.
    pub fn execed(&mut self, process: ProcessNo, tid: Tid, state: Option<SignalState>) {
        self.process_gone(process);
        let Some(state) = state else { return };
        self.masks.insert(tid, Masks { now: Some(state.blocked), ..Masks::default() });
        if state.ignored & TRAP != 0 {
            self.actions.insert(process, BTreeMap::from([(Signal::TRAP, SignalAction::ignoring())]));
        }
    }

    /// A thread of a process that ran before us.
    pub fn met(&mut self, process: ProcessNo, tid: Tid, state: SignalState) {
        let masks = self.masks.entry(tid).or_default();
        // What lacks only SIGTRAP is what a breakpoint left of the mask.
        let left_by_breakpoint = masks.now == Some(state.blocked | TRAP);
        if masks.now != Some(state.blocked) && !left_by_breakpoint {
            masks.change(state.blocked);
        }
        if state.caught & TRAP != 0 && self.action(process, Signal::TRAP).is_none() {
            self.unread.insert(process);
        }
    }

    /// A new tracee has its maker's mask.
    pub fn thread_born(&mut self, thread_of: Option<ProcessNo>, child: Tid, maker: Tid, now: Instant) {
        if let Some(process) = thread_of.filter(|process| self.has_handler(*process)) {
            self.turns.born(process, child, now);
        }
        let masks = self.masks.get(&maker).copied().unwrap_or_default();
        self.masks.insert(child, masks);
    }

    /// A new process has its maker's actions.
    pub fn process_born(&mut self, process: ProcessNo, maker: ProcessNo) {
        if let Some(actions) = self.actions.get(&maker).cloned() {
            self.actions.insert(process, actions);
        }
        if self.unread.contains(&maker) {
            self.unread.insert(process);
        }
    }

    /// A thread ended.
    pub fn thread_gone(&mut self, tid: Tid) {
        self.masks.remove(&tid);
        self.turns.begun(tid);
    }

    /// A process ended, or runs something else.
    pub fn process_gone(&mut self, process: ProcessNo) {
        self.actions.remove(&process);
        self.unread.remove(&process);
        self.turns.forget(process);
    }

    /// Whether all that is known of a thread says that it does not block SIGTRAP, nor has its process a use for it.
    pub fn is_out_of_use(&self, process: ProcessNo, tid: Tid) -> bool {
        let free = |mask: Option<u64>| mask.is_none_or(|mask| mask & TRAP == 0);
        let masks = self.masks.get(&tid).filter(|masks| masks.now.is_some());
        masks.is_some_and(|masks| free(masks.now) && free(masks.before))
            && self.action(process, Signal::TRAP).is_none()
            && !self.unread.contains(&process)
    }

    /// Whether a process is known to handle SIGTRAP.
    pub fn has_handler(&self, process: ProcessNo) -> bool {
        self.unread.contains(&process) || self.handler(process).is_some()
    }

    /// The handler of SIGTRAP that a process is known to have.
    pub fn handler(&self, process: ProcessNo) -> Option<SignalAction> {
        self.action(process, Signal::TRAP).filter(SignalAction::is_handled)
    }

    fn action(&self, process: ProcessNo, signal: Signal) -> Option<SignalAction> {
        self.actions.get(&process)?.get(&signal).copied()
    }

    /// Whether the handler of a process is to be asked for at its first breakpoint, which this is then.
    pub fn takes_unread(&mut self, process: ProcessNo) -> bool {
        self.unread.contains(&process) && self.unread.remove(&process)
    }

    /// The process has told its action for SIGTRAP.
    pub fn was_read(&mut self, process: ProcessNo, action: SignalAction) {
        self.actions.entry(process).or_default().insert(Signal::TRAP, action);
    }

    /// Whether a thread may enter its process's handler of SIGTRAP already, which it does then.
    pub fn takes_turn(&mut self, process: ProcessNo, tid: Tid, now: Instant) -> bool {
        !self.has_handler(process) || self.turns.take(process, tid, now)
    }

    /// Whether a thread that has the mask `found` blocks SIGTRAP itself, and so dies of one without a tracer, too.
    pub fn blocks_trap(&self, tid: Tid, found: u64) -> bool {
        let mut masks = self.masks.get(&tid).copied().unwrap_or_default();
        masks.before_breakpoint(found, None) & TRAP != 0
    }

    /// Whether the mask that a breakpoint left a thread fits none that is known of it, as one that was met in the middle
    /// of a change.
    pub fn is_strange(&self, tid: Tid, found: u64) -> bool {
        let known = |masks: &Masks| masks.hold(found) || masks.hold(found | TRAP);
        !self.masks.get(&tid).is_some_and(known)
    }

    /// A thread with such a mask has, as a rule, that of another thread of its process.
    pub fn learn_from(&mut self, siblings: &[Tid], tid: Tid, found: u64) {
        let holds =
            |mask: u64| siblings.iter().any(|other| self.masks.get(other).is_some_and(|masks| masks.hold(mask)));
        if holds(found | TRAP) && !holds(found) {
            self.masks.entry(tid).or_default().change(found | TRAP);
        }
    }

    /// What a breakpoint took from a thread that has the mask `found` after it. `evidence` is what became of the handler,
    /// if the process has one.
    pub fn after_breakpoint(&mut self, process: ProcessNo, tid: Tid, found: u64, evidence: Option<Evidence>) -> Taken {
        let was = self.masks.entry(tid).or_default().before_breakpoint(found, evidence);
        let blocked = was & TRAP != 0;
        let action = self.action(process, Signal::TRAP).filter(|action| action.is_reset_by_breakpoint(blocked));
        if action.is_none() {
            self.turns.begun(tid);
        }
        Taken { mask: blocked.then_some(was), action }
    }

    /// A process has its action of SIGTRAP back, which a breakpoint had reset.
    pub fn was_given_back(&mut self, process: ProcessNo, tid: Tid, now: Instant) {
        self.turns.reset(process, tid, now);
    }

    /// A signal is about to be delivered; gives the action, unless it has none of the program's. A handler that is called
    /// once is forgotten.
    pub fn delivers(&mut self, process: ProcessNo, signal: Signal) -> Option<SignalAction> {
        let action = self.action(process, signal).filter(|action| !action.is_ignored())?;
        if signal == Signal::TRAP && action.is_once() {
            self.actions.entry(process).or_default().remove(&signal);
        }
        Some(action)
    }

    /// A thread that blocks `mask` enters the handler of a signal, in which it blocks more.
    pub fn enters_handler(&mut self, tid: Tid, signal: Signal, action: SignalAction, mask: u64) {
        self.masks.entry(tid).or_default().enter_handler(mask, action.mask_in_handler(signal, mask));
    }

    /// A thread is about to change its mask to this one. True if that tells anything new.
    pub fn mask_call(&mut self, tid: Tid, mask: u64) -> bool {
        let masks = self.masks.entry(tid).or_default();
        let is_new = !masks.hold(mask);
        masks.change(mask);
        is_new
    }

    /// A process is about to change the action of a signal. True if that tells anything new.
    pub fn action_call(&mut self, process: ProcessNo, signal: Signal, action: SignalAction) -> bool {
        if signal == Signal::TRAP {
            self.unread.remove(&process);
        }
        let actions = self.actions.entry(process).or_default();
        if action.is_default() || (action.is_ignored() && signal != Signal::TRAP) {
            actions.remove(&signal).is_some()
        } else {
            actions.insert(signal, action) != Some(action)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROCESS: ProcessNo = ProcessNo(0);
    const TID: Tid = Tid(100);
    const HUP: u64 = Signal::HUP.bit();

    fn handler(flags: u8) -> SignalAction {
        let mut bytes = [0; SignalAction::LEN];
        (bytes[1], bytes[11]) = (0x40, flags);
        SignalAction::from(bytes)
    }

    fn state(blocked: u64, ignored: u64, caught: u64) -> SignalState {
        SignalState { blocked, ignored, caught }
    }

    #[test]
    fn a_program_without_a_use_for_sigtrap_loses_nothing() {
        let mut sigtrap = Sigtrap::default();
        assert!(!sigtrap.is_out_of_use(PROCESS, TID), "nothing is known yet");
        sigtrap.execed(PROCESS, TID, Some(state(HUP, 0, 0)));
        assert!(sigtrap.is_out_of_use(PROCESS, TID) && !sigtrap.has_handler(PROCESS));
        assert_eq!(sigtrap.after_breakpoint(PROCESS, TID, HUP, None), Taken { mask: None, action: None });
    }

    #[test]
    fn a_breakpoint_takes_the_block_and_with_it_the_handler() {
        let mut sigtrap = Sigtrap::default();
        sigtrap.execed(PROCESS, TID, Some(state(HUP | TRAP, 0, 0)));
        assert!(!sigtrap.is_out_of_use(PROCESS, TID));
        let taken = Taken { mask: Some(HUP | TRAP), action: None };
        assert_eq!(sigtrap.after_breakpoint(PROCESS, TID, HUP, None), taken);
        assert!(sigtrap.action_call(PROCESS, Signal::TRAP, handler(0)) && sigtrap.has_handler(PROCESS));
        assert!(!sigtrap.action_call(PROCESS, Signal::TRAP, handler(0)), "the same once more");
        let taken = Taken { action: Some(handler(0)), ..taken };
        assert_eq!(sigtrap.after_breakpoint(PROCESS, TID, HUP, None), taken);
        assert!(sigtrap.mask_call(TID, HUP));
        assert_eq!(sigtrap.after_breakpoint(PROCESS, TID, HUP, None), Taken { mask: None, action: None });
    }

    #[test]
    fn an_ignored_sigtrap_is_reset_whether_or_not_it_is_blocked() {
        let mut sigtrap = Sigtrap::default();
        sigtrap.execed(PROCESS, TID, Some(state(0, TRAP, 0)));
        assert!(!sigtrap.has_handler(PROCESS) && !sigtrap.is_out_of_use(PROCESS, TID));
        let taken = Taken { mask: None, action: Some(SignalAction::ignoring()) };
        assert_eq!(sigtrap.after_breakpoint(PROCESS, TID, 0, None), taken);
        sigtrap.execed(PROCESS, TID, None);
        assert_eq!(sigtrap.after_breakpoint(PROCESS, TID, 0, None), Taken { mask: None, action: None });
    }

    #[test]
    fn a_handler_from_before_us_is_asked_for_once() {
        let mut sigtrap = Sigtrap::default();
        sigtrap.met(PROCESS, TID, state(0, 0, TRAP));
        assert!(sigtrap.has_handler(PROCESS) && sigtrap.handler(PROCESS).is_none());
        assert!(sigtrap.takes_unread(PROCESS) && !sigtrap.takes_unread(PROCESS));
        sigtrap.was_read(PROCESS, handler(0));
        assert_eq!(sigtrap.handler(PROCESS), Some(handler(0)));
        sigtrap.met(PROCESS, TID, state(0, 0, TRAP));
        assert!(!sigtrap.takes_unread(PROCESS));
    }

    #[test]
    fn children_have_what_their_maker_had_until_they_say_otherwise() {
        let (mut sigtrap, now) = (Sigtrap::default(), Instant::now());
        sigtrap.execed(PROCESS, TID, Some(state(TRAP, 0, 0)));
        sigtrap.action_call(PROCESS, Signal::TRAP, handler(0));
        let (child, pid) = (ProcessNo(1), Tid(101));
        sigtrap.process_born(child, PROCESS);
        sigtrap.thread_born(None, pid, TID, now);
        let taken = Taken { mask: Some(TRAP), action: Some(handler(0)) };
        assert_eq!(sigtrap.after_breakpoint(child, pid, 0, None), taken);
        sigtrap.execed(child, pid, Some(state(TRAP, 0, 0)));
        assert_eq!(sigtrap.after_breakpoint(child, pid, 0, None), Taken { action: None, ..taken });
        assert_eq!(sigtrap.after_breakpoint(PROCESS, TID, 0, None), taken);
    }

    #[test]
    fn a_handler_that_is_called_once_is_gone_after_that() {
        const ONCE: u8 = 0x80;
        let mut sigtrap = Sigtrap::default();
        sigtrap.execed(PROCESS, TID, Some(state(0, 0, 0)));
        sigtrap.action_call(PROCESS, Signal::TRAP, handler(ONCE));
        let action = sigtrap.delivers(PROCESS, Signal::TRAP).expect("a handler");
        sigtrap.enters_handler(TID, Signal::TRAP, action, 0);
        assert_eq!(sigtrap.delivers(PROCESS, Signal::TRAP), None);
        assert!(!sigtrap.has_handler(PROCESS));
    }

    #[test]
    fn a_mask_that_is_met_in_the_middle_of_a_change_is_a_siblings() {
        let mut sigtrap = Sigtrap::default();
        sigtrap.execed(PROCESS, TID, Some(state(HUP | TRAP, 0, 0)));
        let other = Tid(101);
        assert!(sigtrap.is_strange(other, HUP) && !sigtrap.is_strange(TID, HUP));
        sigtrap.learn_from(&[TID, other], other, HUP);
        let taken = Taken { mask: Some(HUP | TRAP), action: None };
        assert_eq!(sigtrap.after_breakpoint(PROCESS, other, HUP, None), taken);
    }
}
