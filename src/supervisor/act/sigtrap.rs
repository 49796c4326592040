//! Keeping SIGTRAP's mask and disposition as the program set them: the kernel unblocks SIGTRAP and resets it to its
//! default in a thread that executes a breakpoint while SIGTRAP is blocked or ignored (force_sig, kernel/signal.c).
//!
//! What the program had is known from /proc at an exec, from the calls it makes at the C library's landmarks, and from
//! inheritance.

use super::masks::{Evidence, Masks, TRAP};
use super::turns::Turns;
use crate::link::ProcessNo;
use platform::arch::{self, CallNumber};
use platform::procfs::Disposition;
use platform::{
    Access, Avma, OsError, Pid, Signal, SignalAction, Tid, Tracer, TrapCause, mask_after_call, procfs, remote, threads,
};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Instant;

/// What is known of the programs' own use of SIGTRAP.
#[derive(Debug, Default)]
pub(crate) struct Sigtrap {
    masks: HashMap<Tid, Masks>,
    /// Signals whose action is known not to be the default, by process.
    actions: HashMap<ProcessNo, BTreeMap<Signal, SignalAction>>,
    /// Processes that had a handler for SIGTRAP before we came: which one is asked at their first breakpoint.
    unread: HashSet<ProcessNo>,
    /// Where to make a system call in them, once it was looked for.
    calls: HashMap<ProcessNo, Avma>,
    turns: Turns,
}

impl Sigtrap {
    /// A new image: handlers are gone, mask and ignored signals stay (execve(2)).
    pub fn execed(&mut self, process: ProcessNo, tid: Tid) {
        self.process_gone(process);
        let Ok(state) = procfs::signal_state(tid) else { return };
        self.masks.insert(tid, Masks { now: Some(state.blocked), ..Masks::default() });
        if state.ignored & TRAP != 0 {
            self.actions.insert(process, BTreeMap::from([(Signal::TRAP, SignalAction::ignoring())]));
        }
    }

    /// Threads of a process that ran before us.
    pub fn met(&mut self, process: ProcessNo, threads: &[Tid]) {
        for &tid in threads {
            let Ok(state) = procfs::signal_state(tid) else { continue };
            let masks = self.masks.entry(tid).or_default();
            // What lacks only SIGTRAP is what a breakpoint left of the mask.
            let left_by_breakpoint = masks.now == Some(state.blocked | TRAP);
            if masks.now != Some(state.blocked) && !left_by_breakpoint {
                masks.change(state.blocked, false);
            }
            if state.caught & TRAP != 0 && self.action(process, Signal::TRAP).is_none() {
                self.unread.insert(process);
            }
        }
    }

    /// A new tracee has its maker's mask.
    pub fn thread_born(&mut self, thread_of: Option<ProcessNo>, child: Tid, maker: Tid) {
        if let Some(process) = thread_of.filter(|process| self.has_handler(*process)) {
            self.turns.born(process, child, Instant::now());
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

    pub fn thread_gone(&mut self, tid: Tid) {
        self.masks.remove(&tid);
        self.turns.begun(tid);
    }

    pub fn process_gone(&mut self, process: ProcessNo) {
        self.actions.remove(&process);
        self.calls.remove(&process);
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
        self.unread.contains(&process) || self.action(process, Signal::TRAP).is_some_and(|action| action.is_handled())
    }

    /// Whether a thread may enter its process's handler of SIGTRAP already, which it does then.
    pub fn takes_turn(&mut self, process: ProcessNo, tid: Tid) -> bool {
        !self.has_handler(process) || self.turns.take(process, tid, Instant::now())
    }

    /// A thread gets SIGTRAP for a breakpoint of the program's own. One of ours that another thread met with SIGTRAP
    /// blocked, in the very handler as a rule, has reset that, and was not served yet.
    pub fn keep_handler(
        &mut self,
        access: &Access<'_>,
        process: ProcessNo,
        find_call: impl Fn() -> Option<Avma>,
    ) -> Result<(), OsError> {
        let tid = access.tid;
        if self.unread.contains(&process) {
            self.read_action(access, process, &find_call)?;
        }
        let Some(action) = self.action(process, Signal::TRAP).filter(|action| !action.is_default()) else {
            return Ok(());
        };
        let is_reset = procfs::signal_state(tid)?.disposition(Signal::TRAP) == Disposition::Default;
        if action.is_ignored() || !is_reset || procfs::is_alone(tid)? || procfs::is_confined(tid) {
            return Ok(());
        }
        // Who has SIGTRAP blocked itself dies of it without a tracer, too.
        let found = access.tracer.signal_mask(tid)?;
        let mut masks = self.masks.get(&tid).copied().unwrap_or_default();
        if masks.before_breakpoint(found, None) & TRAP != 0 {
            return Ok(());
        }
        let Some(call) = self.call(process, &find_call) else { return Ok(()) };
        remote::set_signal_action(access, call, Signal::TRAP, &action)
    }

    /// A thread is at a breakpoint that it executed: gives it back what that took. If that was also a SIGTRAP of
    /// its own, which was pending and whose siginfo the breakpoint got, it sends that to itself again.
    ///
    /// `find_call` finds a place to make system calls at. A program whose calls are filtered is not made to call: that
    /// could kill it.
    pub fn after_breakpoint(
        &mut self,
        access: &Access<'_>,
        process: ProcessNo,
        find_call: impl Fn() -> Option<Avma>,
    ) -> Result<(), OsError> {
        let (tracer, tid) = (access.tracer, access.tid);
        if self.unread.contains(&process) {
            self.read_action(access, process, &find_call)?;
        }
        let found = tracer.signal_mask(tid)?;
        let action = self.action(process, Signal::TRAP);
        self.learn_from_siblings(tid, found);
        let was = self.masks.entry(tid).or_default().before_breakpoint(found, evidence(action, tid));
        let blocked = was & TRAP != 0;
        let lost_action = action.filter(|action| action.is_reset_by_breakpoint(blocked));
        let info = if blocked { Some(tracer.signal_info(tid)?) } else { None };
        let lost_signal = info.filter(|info| info.trap_cause() == TrapCause::Sent);
        if blocked {
            tracer.set_signal_mask(tid, was)?;
        }
        if lost_action.is_none() {
            self.turns.begun(tid);
        }
        if lost_action.is_none() && lost_signal.is_none() {
            return Ok(());
        }
        if procfs::is_confined(tid) {
            return Ok(());
        }
        let Some(call) = self.call(process, &find_call) else { return Ok(()) };
        if let Some(action) = lost_action {
            remote::set_signal_action(access, call, Signal::TRAP, &action)?;
            self.turns.reset(process, tid, Instant::now());
        }
        if let Some(info) = lost_signal {
            let (group, _) = procfs::thread_group(tid)?;
            remote::send_to_itself(access, group, call, Signal::TRAP, &info)?;
        }
        Ok(())
    }

    /// A thread whose mask was met in the middle of a change has, as a rule, that of another thread of its process.
    fn learn_from_siblings(&mut self, tid: Tid, found: u64) {
        let known = |masks: &Masks| masks.hold(found) || masks.hold(found | TRAP);
        if self.masks.get(&tid).is_some_and(known) {
            return;
        }
        let siblings = threads::of(Pid(tid.0)).unwrap_or_default();
        let holds =
            |mask: u64| siblings.iter().any(|other| self.masks.get(other).is_some_and(|masks| masks.hold(mask)));
        if holds(found | TRAP) && !holds(found) {
            self.masks.entry(tid).or_default().change(found | TRAP, false);
        }
    }

    /// A place in a process where system calls can be made.
    fn call(&mut self, process: ProcessNo, find_call: &impl Fn() -> Option<Avma>) -> Option<Avma> {
        let call = self.calls.get(&process).copied().or_else(find_call)?;
        self.calls.insert(process, call);
        Some(call)
    }

    /// Asks a stopped thread which handler for SIGTRAP its process had before us. If its very first breakpoint was
    /// executed with SIGTRAP blocked, that is lost.
    fn read_action(
        &mut self,
        access: &Access<'_>,
        process: ProcessNo,
        find_call: &impl Fn() -> Option<Avma>,
    ) -> Result<(), OsError> {
        let tid = access.tid;
        self.unread.remove(&process);
        if procfs::signal_state(tid)?.caught & TRAP == 0 || procfs::is_confined(tid) {
            return Ok(());
        }
        let Some(call) = self.call(process, find_call) else { return Ok(()) };
        let action = remote::signal_action(access, call, Signal::TRAP)?;
        self.actions.entry(process).or_default().insert(Signal::TRAP, action);
        Ok(())
    }

    fn action(&self, process: ProcessNo, signal: Signal) -> Option<SignalAction> {
        self.actions.get(&process)?.get(&signal).copied()
    }

    /// A signal is about to be delivered: in its handler the thread blocks more.
    pub fn delivers(&mut self, tracer: &Tracer, process: ProcessNo, tid: Tid, signal: Signal) -> Result<(), OsError> {
        let Some(action) = self.action(process, signal).filter(|action| !action.is_ignored()) else {
            return Ok(());
        };
        if signal == Signal::TRAP && action.is_once() {
            self.actions.entry(process).or_default().remove(&signal);
        }
        let mask = tracer.signal_mask(tid)?;
        self.masks.entry(tid).or_default().enter_handler(mask, action.mask_in_handler(signal, mask));
        Ok(())
    }

    /// A thread is about to call rt_sigprocmask; `at` is the `mov` that sets the call's number. True if that told
    /// anything new.
    pub fn mask_call(&mut self, access: &Access<'_>, at: Avma) -> Result<bool, OsError> {
        let (tracer, tid) = (access.tracer, access.tid);
        let told = arch::coming_args(access, at);
        // What the instruction does is done whatever can be known of the call.
        arch::emulate_call_number(tracer, tid, at, CallNumber::RT_SIGPROCMASK)?;
        // A pointer to nowhere makes the call fail and changes nothing.
        let Some([how, set, ..]) = told?.filter(|[_, set, ..]| *set != 0) else { return Ok(false) };
        let Ok(set) = access.word(Avma(set)) else { return Ok(false) };
        let now = tracer.signal_mask(tid)?;
        let (masks, mask) = (self.masks.entry(tid).or_default(), mask_after_call(now, how, set));
        let is_new = !masks.hold(mask);
        masks.change(mask, false);
        Ok(is_new)
    }

    /// A thread is about to call rt_sigaction. True if that told anything new.
    pub fn action_call(&mut self, access: &Access<'_>, process: ProcessNo, at: Avma) -> Result<bool, OsError> {
        let told = arch::coming_args(access, at);
        arch::emulate_call_number(access.tracer, access.tid, at, CallNumber::RT_SIGACTION)?;
        let Some([signal, action, ..]) = told?.filter(|[_, action, ..]| *action != 0) else { return Ok(false) };
        let mut bytes = [0; SignalAction::LEN];
        // A pointer to nowhere makes the call fail and changes nothing.
        if access.read(Avma(action), &mut bytes).is_err() {
            return Ok(false);
        }
        let (signal, action) = (Signal(signal as i32), SignalAction::from(bytes));
        if signal == Signal::TRAP {
            self.unread.remove(&process);
        }
        let actions = self.actions.entry(process).or_default();
        Ok(if action.is_default() || (action.is_ignored() && signal != Signal::TRAP) {
            actions.remove(&signal).is_some()
        } else {
            actions.insert(signal, action) != Some(action)
        })
    }
}

/// If SIGTRAP was blocked when a breakpoint was executed, its handler is gone.
fn evidence(action: Option<SignalAction>, tid: Tid) -> Option<Evidence> {
    action.filter(SignalAction::is_handled)?;
    let blocked = procfs::signal_state(tid).ok()?.caught & TRAP == 0;
    Some(Evidence { blocked, sure: procfs::is_alone(tid).ok()? })
}
