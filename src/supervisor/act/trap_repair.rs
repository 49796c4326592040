//! Keeping SIGTRAP's mask and disposition as the program set them: reads what [`Sigtrap`] needs to know of a stopped
//! thread, and gives back what it says that a breakpoint took.
//!
//! Invariant: a program whose calls are filtered is not made to call: that could kill it.

use super::own;
use super::stop_log::StopLog;
use crate::link::ProcessNo;
use crate::supervisor::decide::masks::{Evidence, TRAP, blocks_all};
use crate::supervisor::decide::sigtrap::Sigtrap;
use crate::supervisor::decide::sigtrap_input::{SigtrapAnswer, SigtrapInput};
use crate::supervisor::decide::turns::Blocking;
use platform::arch::{self, CallNumber};
use platform::procfs::Disposition;
use platform::standing::{ThreadState, standing};
use platform::{
    Access, Avma, OsError, Pid, Signal, SignalAction, Tid, Tracer, TrapCause, blockable, mask_after_call, procfs,
    remote, threads,
};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// What is known of the programs' use of SIGTRAP, and where they can be made to make system calls.
#[derive(Debug)]
pub(crate) struct TrapRepair {
    known: Sigtrap,
    log: Option<StopLog>,
    start: Instant,
    /// Where to make a system call in a process, once it was looked for.
    calls: HashMap<ProcessNo, Avma>,
}

impl TrapRepair {
    /// Nothing is known yet; `log` holds what is decided.
    pub fn new(log: Option<StopLog>) -> Self {
        TrapRepair { known: Sigtrap::default(), log, start: Instant::now(), calls: HashMap::new() }
    }

    /// Asks, or tells, what decides.
    fn step(&mut self, input: SigtrapInput) -> SigtrapAnswer {
        let answer = self.known.step(&input);
        if let Some(log) = &self.log {
            log.decided(&input, answer);
        }
        answer
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// A process runs a new image.
    pub fn execed(&mut self, process: ProcessNo, tid: Tid) {
        self.calls.remove(&process);
        self.step(SigtrapInput::Execed { process, tid, state: procfs::signal_state(tid).ok() });
    }

    /// Threads of a process that ran before us.
    pub fn met(&mut self, process: ProcessNo, threads: &[Tid]) {
        for &tid in threads {
            if let Ok(state) = procfs::signal_state(tid) {
                self.step(SigtrapInput::Met { process, tid, state });
            }
        }
    }

    /// A new tracee has the mask of its maker, which `access` is for. If it starts with one that is so far behind its thread
    /// pointer, that is read.
    pub fn thread_born(&mut self, access: &Access<'_>, thread_of: Option<ProcessNo>, child: Tid, start: Option<u64>) {
        let starts_with = start.and_then(|distance| starting_mask(access, distance));
        self.step(SigtrapInput::ThreadBorn { thread_of, child, maker: access.tid, starts_with, at: self.now() });
    }

    /// A new process has its maker's actions.
    pub fn process_born(&mut self, process: ProcessNo, maker: ProcessNo) {
        self.step(SigtrapInput::ProcessBorn { process, maker });
    }

    /// A thread ended.
    pub fn thread_gone(&mut self, tid: Tid) {
        self.step(SigtrapInput::ThreadGone { tid });
    }

    /// A process ended.
    pub fn process_gone(&mut self, process: ProcessNo) {
        self.calls.remove(&process);
        self.step(SigtrapInput::ProcessGone { process });
    }

    /// Whether all that is known of a thread says that it does not block SIGTRAP, nor has its process a use for it.
    pub fn is_out_of_use(&mut self, process: ProcessNo, tid: Tid) -> bool {
        self.step(SigtrapInput::IsOutOfUse { process, tid }).is_yes()
    }

    /// Whether a process is known to handle SIGTRAP.
    pub fn has_handler(&mut self, process: ProcessNo) -> bool {
        self.step(SigtrapInput::HasHandler { process }).is_yes()
    }

    /// The same, where it may be known to /proc alone, which denies a handler that a breakpoint of ours in it has reset.
    pub fn handles_trap(&mut self, process: ProcessNo, tid: Tid) -> bool {
        self.has_handler(process) || own::handles_trap(tid)
    }

    /// Whether a thread may enter its process's handler of SIGTRAP already, which it does then.
    pub fn takes_turn(&mut self, process: ProcessNo, tid: Tid) -> bool {
        let siblings =
            if self.known.has_handler(process) { threads::of(Pid(tid.0)).unwrap_or_default() } else { Vec::new() };
        let suspects = self.known.suspects(process, tid, siblings).into_iter();
        let blocking = suspects.filter_map(blocking).collect();
        self.step(SigtrapInput::TakesTurn { process, tid, blocking, at: self.now() }).is_yes()
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
        self.learn_handler(access, process, &find_call)?;
        if !self.has_handler(process) {
            return Ok(());
        }
        let (state, is_alone) = procfs::signal_state_and_alone(tid)?;
        let is_reset = state.disposition(Signal::TRAP) == Disposition::Default;
        if !is_reset || is_alone || procfs::is_confined(tid) {
            return Ok(());
        }
        let found = access.tracer.signal_mask(tid)?;
        let taken = self.step(SigtrapInput::Delivery { process, tid, found }).taken();
        let Some(handler) = taken.action else { return Ok(()) };
        let Some(call) = self.call(process, &find_call) else { return Ok(()) };
        remote::set_signal_action(access, call, Signal::TRAP, &handler)
    }

    /// Asks a stopped thread for the handler of SIGTRAP that its process has, unless that is known. It was made by a call
    /// that nobody saw, or before us, and nothing may be planted yet that could reset it.
    pub fn learn_handler(
        &mut self,
        access: &Access<'_>,
        process: ProcessNo,
        find_call: impl Fn() -> Option<Avma>,
    ) -> Result<(), OsError> {
        if !self.has_handler(process) {
            let state = procfs::signal_state(access.tid)?;
            if state.caught & TRAP != 0 {
                self.step(SigtrapInput::Met { process, tid: access.tid, state });
            }
        }
        self.read_action(access, process, &find_call)
    }

    /// Whether a process had a handler for SIGTRAP before us that nobody was asked for yet.
    pub fn is_unread(&self, process: ProcessNo) -> bool {
        self.known.is_unread(process)
    }

    /// A thread is at a breakpoint that it executed: gives it back what that took. If that was also a SIGTRAP of
    /// its own, which was pending and whose siginfo the breakpoint got, it sends that to itself again.
    ///
    /// `find_call` finds a place to make system calls at.
    pub fn after_breakpoint(
        &mut self,
        access: &Access<'_>,
        process: ProcessNo,
        find_call: impl Fn() -> Option<Avma>,
    ) -> Result<(), OsError> {
        let (tracer, tid) = (access.tracer, access.tid);
        self.read_action(access, process, &find_call)?;
        let found = tracer.signal_mask(tid)?;
        if self.step(SigtrapInput::IsStrange { tid, found }).is_yes() {
            let siblings = threads::of(Pid(tid.0)).unwrap_or_default();
            self.step(SigtrapInput::LearnFrom { siblings, tid, found });
        }
        let evidence = if self.has_handler(process) { evidence(tid) } else { None };
        let taken = self.step(SigtrapInput::AfterBreakpoint { process, tid, found, evidence }).taken();
        let mut lost_signal = None;
        if let Some(mask) = taken.mask {
            lost_signal = Some(tracer.signal_info(tid)?).filter(|info| info.trap_cause() == TrapCause::Sent);
            tracer.set_signal_mask(tid, mask)?;
        }
        if (taken.action.is_none() && lost_signal.is_none()) || procfs::is_confined(tid) {
            return Ok(());
        }
        let Some(call) = self.call(process, &find_call) else { return Ok(()) };
        if let Some(action) = taken.action {
            remote::set_signal_action(access, call, Signal::TRAP, &action)?;
            self.step(SigtrapInput::WasGivenBack { process, tid, at: self.now() });
        }
        if let Some(info) = lost_signal {
            let group = procfs::membership(tid)?.process;
            remote::send_to_itself(access, group, call, Signal::TRAP, &info)?;
        }
        Ok(())
    }

    /// A place in a process where system calls can be made.
    fn call(&mut self, process: ProcessNo, find_call: &impl Fn() -> Option<Avma>) -> Option<Avma> {
        let call = self.calls.get(&process).copied().or_else(find_call)?;
        self.calls.insert(process, call);
        Some(call)
    }

    /// Asks a stopped thread which handler for SIGTRAP its process had before us, if that is still to be asked. If its
    /// very first breakpoint was executed with SIGTRAP blocked, that is lost.
    fn read_action(
        &mut self,
        access: &Access<'_>,
        process: ProcessNo,
        find_call: &impl Fn() -> Option<Avma>,
    ) -> Result<(), OsError> {
        let tid = access.tid;
        if !self.step(SigtrapInput::TakesUnread { process }).is_yes()
            || procfs::signal_state(tid)?.caught & TRAP == 0
            || procfs::is_confined(tid)
        {
            return Ok(());
        }
        let Some(call) = self.call(process, find_call) else { return Ok(()) };
        let action = remote::signal_action(access, call, Signal::TRAP)?;
        self.step(SigtrapInput::WasRead { process, action });
        Ok(())
    }

    /// Delivers a signal: in its handler the thread blocks more. Where other threads may reset the handler of SIGTRAP, also
    /// by breakpoints that are planted only now, it is awaited that the thread has taken it.
    pub fn deliver(&mut self, tracer: &Tracer, process: ProcessNo, tid: Tid, signal: Signal) -> Result<(), OsError> {
        if self.step(SigtrapInput::HandlesSignal { process, signal }).is_yes() {
            let mask = tracer.signal_mask(tid)?;
            self.step(SigtrapInput::EntersHandler { process, tid, signal, mask });
        }
        let is_awaited = signal == Signal::TRAP && {
            let (state, is_alone) = procfs::signal_state_and_alone(tid)?;
            !is_alone && state.disposition(signal) == Disposition::Handled
        };
        if is_awaited { tracer.enter_handler(tid, signal) } else { tracer.resume(tid, Some(signal)) }
    }

    /// A thread is about to call rt_sigprocmask; `at` is the `mov` that sets the call's number. `None` if it changes nothing.
    pub fn mask_call(&mut self, access: &Access<'_>, at: Avma) -> Result<Option<MaskChange>, OsError> {
        let (tracer, tid) = (access.tracer, access.tid);
        let told = arch::coming_args(access, at);
        // What the instruction does is done whatever can be known of the call.
        arch::emulate_call_number(tracer, tid, at, CallNumber::RT_SIGPROCMASK)?;
        // A pointer to nowhere makes the call fail and changes nothing.
        let Some([how, set, ..]) = told?.filter(|[_, set, ..]| *set != 0) else { return Ok(None) };
        let set = Avma(set);
        let Ok(signals) = access.word(set) else { return Ok(None) };
        let before = tracer.signal_mask(tid)?;
        let after = mask_after_call(before, how, signals);
        let is_new = self.step(SigtrapInput::MaskCall { tid, mask: after }).is_yes();
        Ok(Some(MaskChange { before, after, set, is_new }))
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
        Ok(self.step(SigtrapInput::ActionCall { process, signal, action }).is_yes())
    }
}

/// What a call is going to change of a mask.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MaskChange {
    pub before: u64,
    pub after: u64,
    /// Where the signals are that it names.
    pub set: Avma,
    /// Whether the new mask was not known of the thread.
    pub is_new: bool,
}

/// The mask that a new thread starts with, whose maker is in the event stop of the call that made it. The C library, whose
/// threads have it there, has all signals blocked meanwhile.
fn starting_mask(access: &Access<'_>, distance: u64) -> Option<u64> {
    let blocks_all = blocks_all(access.tracer.signal_mask(access.tid).ok()?);
    let pointer = arch::thread_pointer_of_child(access).filter(|_| blocks_all)?;
    access.word(Avma(pointer.0.wrapping_add(distance))).ok().map(blockable)
}

/// Whether a thread blocks SIGTRAP, or may have until it stopped: a breakpoint unblocks it. The stop is looked for last: one
/// that begins meanwhile is still seen, and none ends, since it is we who end them.
fn blocking(tid: Tid) -> Option<Blocking> {
    let blocks = procfs::signal_state(tid).ok()?.blocked & TRAP != 0 || procfs::is_next(tid, Signal::TRAP);
    let state = standing(Pid(tid.0), tid)?;
    let is_stopped = matches!(state, ThreadState::Reported | ThreadState::Unreported(_) | ThreadState::Stopped);
    let sleeps = state == ThreadState::Other;
    (blocks || is_stopped).then(|| Blocking { tid, sleeps, ran: if sleeps { None } else { procfs::cpu_time(tid) } })
}

/// If SIGTRAP was blocked when a breakpoint was executed, its handler is gone.
fn evidence(tid: Tid) -> Option<Evidence> {
    let (state, sure) = procfs::signal_state_and_alone(tid).ok()?;
    Some(Evidence { blocked: state.caught & TRAP == 0, sure })
}
