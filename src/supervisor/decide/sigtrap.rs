//! What the programs do with SIGTRAP, as far as is known, and so what a breakpoint took from them: the kernel unblocks
//! SIGTRAP and resets it to its default in a thread that executes a breakpoint while SIGTRAP is blocked or ignored
//! (force_sig, kernel/signal.c).
//!
//! What a program had is known from /proc at an exec, from the calls it makes at the C library's landmarks, and from
//! inheritance.

use super::masks::{Evidence, Masks, TRAP, blocks_all};
use super::sigtrap_input::{SigtrapAnswer, SigtrapInput, Taken};
use super::turns::{Blocking, Turns};
use crate::link::ProcessNo;
use platform::procfs::SignalState;
use platform::{Signal, SignalAction, Tid};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

/// What is known of masks, actions and handlers.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Sigtrap {
    masks: HashMap<Tid, Masks>,
    /// Signals whose action is known not to be the default, by process.
    actions: HashMap<ProcessNo, BTreeMap<Signal, SignalAction>>,
    /// Processes that had a handler for SIGTRAP before we came: which one is asked at their first breakpoint.
    unread: HashSet<ProcessNo>,
    turns: Turns,
}

impl Sigtrap {
    /// Learns of something, or answers.
    pub fn step(&mut self, input: &SigtrapInput) -> SigtrapAnswer {
        match *input {
            SigtrapInput::Execed { process, tid, state } => self.execed(process, tid, state),
            SigtrapInput::Met { process, tid, state } => self.met(process, tid, state),
            SigtrapInput::ThreadBorn { thread_of, child, maker, starts_with, at } => {
                self.thread_born(thread_of, child, maker, starts_with, at);
            }
            SigtrapInput::ProcessBorn { process, maker } => self.process_born(process, maker),
            SigtrapInput::ThreadGone { tid } => self.thread_gone(tid),
            SigtrapInput::ProcessGone { process } => self.process_gone(process),
            SigtrapInput::WasRead { process, action } => self.was_read(process, action),
            SigtrapInput::LearnFrom { ref siblings, tid, found } => self.learn_from(siblings, tid, found),
            SigtrapInput::WasGivenBack { process, tid, at } => self.was_given_back(process, tid, at),
            SigtrapInput::EntersHandler { process, tid, signal, mask } => {
                self.enters_handler(process, tid, signal, mask);
            }
            SigtrapInput::IsOutOfUse { process, tid } => return self.is_out_of_use(process, tid).into(),
            SigtrapInput::HasHandler { process } => return self.has_handler(process).into(),
            SigtrapInput::TakesTurn { process, tid, ref blocking, at } => {
                return self.takes_turn(process, tid, blocking, at).into();
            }
            SigtrapInput::TakesUnread { process } => return self.takes_unread(process).into(),
            SigtrapInput::Delivery { process, tid, found } => return self.before_delivery(process, tid, found).into(),
            SigtrapInput::IsStrange { tid, found } => return self.is_strange(tid, found).into(),
            SigtrapInput::AfterBreakpoint { process, tid, found, evidence } => {
                return self.after_breakpoint(process, tid, found, evidence).into();
            }
            SigtrapInput::HandlesSignal { process, signal } => return self.handles(process, signal).is_some().into(),
            SigtrapInput::MaskCall { tid, mask } => return self.mask_call(tid, mask).into(),
            SigtrapInput::ActionCall { process, signal, action } => {
                return self.action_call(process, signal, action).into();
            }
        }
        SigtrapAnswer::Noted
    }

    /// A new image: handlers are gone, mask and ignored signals stay (execve(2)); `state` is what /proc says, if it can be
    /// read.
    pub(super) fn execed(&mut self, process: ProcessNo, tid: Tid, state: Option<SignalState>) {
        self.process_gone(process);
        let Some(state) = state else { return };
        self.masks.insert(tid, Masks { now: Some(state.blocked), ..Masks::default() });
        if state.ignored & TRAP != 0 {
            self.actions.insert(process, BTreeMap::from([(Signal::TRAP, SignalAction::ignoring())]));
        }
    }

    /// A thread of a process that ran before us.
    pub(super) fn met(&mut self, process: ProcessNo, tid: Tid, state: SignalState) {
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

    /// A new tracee has its maker's mask, until it has the one that it starts with.
    pub(super) fn thread_born(
        &mut self,
        thread_of: Option<ProcessNo>,
        child: Tid,
        maker: Tid,
        starts_with: Option<u64>,
        now: Duration,
    ) {
        if let Some(process) = thread_of.filter(|process| self.has_handler(*process)) {
            self.turns.born(process, child, now);
        }
        let mut masks = self.masks.get(&maker).copied().unwrap_or_default();
        if let Some(mask) = starts_with.filter(|mask| !masks.hold(*mask)) {
            masks.change(mask);
        }
        self.masks.insert(child, masks);
    }

    /// A new process has its maker's actions.
    pub(super) fn process_born(&mut self, process: ProcessNo, maker: ProcessNo) {
        if let Some(actions) = self.actions.get(&maker).cloned() {
            self.actions.insert(process, actions);
        }
        if self.unread.contains(&maker) {
            self.unread.insert(process);
        }
    }

    /// A thread ended.
    pub(super) fn thread_gone(&mut self, tid: Tid) {
        self.masks.remove(&tid);
        self.turns.gone(tid);
    }

    /// A process ended, or runs something else.
    pub(super) fn process_gone(&mut self, process: ProcessNo) {
        self.actions.remove(&process);
        self.unread.remove(&process);
        self.turns.forget(process);
    }

    /// Whether all that is known of a thread says that it does not block SIGTRAP, nor has its process a use for it.
    pub(super) fn is_out_of_use(&self, process: ProcessNo, tid: Tid) -> bool {
        let free = |mask: Option<u64>| mask.is_none_or(|mask| mask & TRAP == 0);
        let masks = self.masks.get(&tid).filter(|masks| masks.now.is_some());
        masks.is_some_and(|masks| free(masks.now) && free(masks.before))
            && self.action(process, Signal::TRAP).is_none()
            && !self.unread.contains(&process)
    }

    /// Whether a process is known to handle SIGTRAP.
    pub fn has_handler(&self, process: ProcessNo) -> bool {
        self.unread.contains(&process) || self.handles(process, Signal::TRAP).is_some()
    }

    /// Whether the handler of a process is to be asked for.
    pub fn is_unread(&self, process: ProcessNo) -> bool {
        self.unread.contains(&process)
    }

    fn action(&self, process: ProcessNo, signal: Signal) -> Option<SignalAction> {
        self.actions.get(&process)?.get(&signal).copied()
    }

    /// Whether the handler of a process is to be asked for at its first breakpoint, which this is then.
    pub(super) fn takes_unread(&mut self, process: ProcessNo) -> bool {
        self.unread.contains(&process) && self.unread.remove(&process)
    }

    /// The process has told its action for SIGTRAP.
    pub(super) fn was_read(&mut self, process: ProcessNo, action: SignalAction) {
        self.actions.entry(process).or_default().insert(Signal::TRAP, action);
    }

    /// Which of a process's other threads must be looked at before this one enters its handler of SIGTRAP.
    pub fn suspects(&self, process: ProcessNo, tid: Tid, mut siblings: Vec<Tid>) -> Vec<Tid> {
        let blocks = |tid: Tid| self.masks.get(&tid).is_some_and(Masks::may_block_trap);
        siblings.retain(|other| *other != tid && self.turns.is_suspect(process, *other, blocks(*other)));
        siblings
    }

    /// Whether a thread may enter its process's handler of SIGTRAP already, which it does then.
    pub(super) fn takes_turn(&mut self, process: ProcessNo, tid: Tid, blocking: &[Blocking], now: Duration) -> bool {
        !self.has_handler(process) || self.turns.take(process, tid, blocking, now)
    }

    /// What a thread that has the mask `found` needs to get SIGTRAP while the handler is reset: one that surely blocks
    /// SIGTRAP itself dies of it without a tracer, too.
    pub(super) fn before_delivery(&self, process: ProcessNo, tid: Tid, found: u64) -> Taken {
        let blocks = self.masks.get(&tid).is_some_and(|masks| masks.surely_block_trap(found));
        Taken { mask: None, action: self.handles(process, Signal::TRAP).filter(|_| !blocks) }
    }

    /// Whether the mask that a breakpoint left a thread fits none that is known of it, as one that was met in the middle
    /// of a change. One that has all other signals tells by itself.
    pub(super) fn is_strange(&self, tid: Tid, found: u64) -> bool {
        let known = |masks: &Masks| masks.hold(found) || masks.hold(found | TRAP);
        !blocks_all(found | TRAP) && !self.masks.get(&tid).is_some_and(known)
    }

    /// A thread with such a mask has, as a rule, that of another thread of its process.
    pub(super) fn learn_from(&mut self, siblings: &[Tid], tid: Tid, found: u64) {
        let holds =
            |mask: u64| siblings.iter().any(|other| self.masks.get(other).is_some_and(|masks| masks.hold(mask)));
        if holds(found | TRAP) && !holds(found) {
            self.masks.entry(tid).or_default().change(found | TRAP);
        }
    }

    /// What a breakpoint took from a thread that has the mask `found` after it. `evidence` is what became of the handler,
    /// if the process has one.
    pub(super) fn after_breakpoint(
        &mut self,
        process: ProcessNo,
        tid: Tid,
        found: u64,
        evidence: Option<Evidence>,
    ) -> Taken {
        let was = self.masks.entry(tid).or_default().before_breakpoint(found, evidence);
        let blocked = was & TRAP != 0;
        let action = self.action(process, Signal::TRAP).filter(|action| action.is_reset_by_breakpoint(blocked));
        if action.is_none() {
            self.turns.begun(tid);
        }
        Taken { mask: blocked.then_some(was), action }
    }

    /// A process has its action of SIGTRAP back, which a breakpoint had reset.
    pub(super) fn was_given_back(&mut self, process: ProcessNo, tid: Tid, now: Duration) {
        self.turns.reset(process, tid, now);
    }

    /// The handler of the program that a signal is known to have.
    pub(super) fn handles(&self, process: ProcessNo, signal: Signal) -> Option<SignalAction> {
        self.action(process, signal).filter(SignalAction::is_handled)
    }

    /// A thread that blocks `mask` enters the handler of a signal, in which it blocks more. A handler of SIGTRAP that is
    /// called once is forgotten.
    pub(super) fn enters_handler(&mut self, process: ProcessNo, tid: Tid, signal: Signal, mask: u64) {
        let Some(action) = self.handles(process, signal) else { return };
        if signal == Signal::TRAP && action.is_once() {
            self.actions.entry(process).or_default().remove(&signal);
        }
        self.masks.entry(tid).or_default().enter_handler(mask, action.mask_in_handler(signal, mask));
    }

    /// A thread is about to change its mask to this one. True if that tells anything new.
    pub(super) fn mask_call(&mut self, tid: Tid, mask: u64) -> bool {
        let masks = self.masks.entry(tid).or_default();
        let is_new = !masks.hold(mask);
        masks.change(mask);
        is_new
    }

    /// A process is about to change the action of a signal. True if that tells anything new.
    pub(super) fn action_call(&mut self, process: ProcessNo, signal: Signal, action: SignalAction) -> bool {
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
