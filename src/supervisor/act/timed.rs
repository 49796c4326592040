//! Calls with a timeout that an ignored signal breaks off, and that are started again because a tracer alone makes that
//! show: their timeout counts from when that first happened.
//!
//! A restarted call is followed by its syscall-stops to its end, so that the next call of the same kind is never taken
//! for it. When its time is over it is broken off once more and gets the answer that its timeout would have given.
//!
//! Invariant: only a thread that is in such a call, or on its way into it, is resumed by PTRACE_SYSCALL.

use crate::supervisor::decide::action::BrokenCall;
use platform::arch;
use platform::{Access, OsError, Signal, Tid, Tracer, timeout_of};
use std::collections::HashMap;
use std::time::Instant;

/// How far a restarted call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CallPhase {
    /// Its syscall-entry-stop is next.
    Enters,
    /// Its syscall-exit-stop is next.
    Inside,
    /// The same, and it was asked to stop because its time is over.
    Overdue,
    /// It gave up again; why is reported by the next stop.
    GaveUp,
}

#[derive(Clone, Copy, Debug)]
struct Call {
    due: Instant,
    /// What it returns then.
    answer: i64,
    phase: CallPhase,
}

/// The calls that were started again, by thread.
#[derive(Debug, Default)]
pub(crate) struct TimedCalls(HashMap<Tid, Call>);

impl TimedCalls {
    /// Lets a call that gave up with EINTR start again, unless a handler runs (the kernel decides at the resume), or
    /// answers it if its time is over.
    pub fn restart(&mut self, access: &Access<'_>) -> Result<(), OsError> {
        let (tracer, tid) = (access.tracer, access.tid);
        let before = self.0.remove(&tid).filter(|call| call.phase == CallPhase::GaveUp);
        if !arch::gave_up(tracer, tid)? {
            return Ok(());
        }
        let now = Instant::now();
        let begun = || {
            // Where its timeout cannot be read it has all of it again.
            let timeout = timeout_of(access).ok().flatten()?;
            Some(Call { due: now.checked_add(timeout.after)?, answer: timeout.answer, phase: CallPhase::Enters })
        };
        let call = before.or_else(begun);
        if let Some(call) = call.filter(|call| call.due <= now) {
            return arch::set_result(tracer, tid, call.answer);
        }
        arch::restart_unless_handled(tracer, tid)?;
        self.0.extend(call.map(|call| (tid, Call { phase: CallPhase::Enters, ..call })));
        Ok(())
    }

    /// Resumes a thread, to its next syscall-stop if it is followed.
    pub fn resume(&self, tracer: &Tracer, tid: Tid, signal: Option<Signal>) -> Result<(), OsError> {
        if self.0.contains_key(&tid) { tracer.resume_to_syscall(tid, signal) } else { tracer.resume(tid, signal) }
    }

    /// A thread is in a syscall-stop. Where that is the end of its call, an interrupt of ours that broke the call
    /// off has no stop of its own any more (ptrace_stop, kernel/signal.c), so what follows from it is done here.
    pub fn follow(&mut self, tracer: &Tracer, tid: Tid, broken: BrokenCall) -> Result<(), OsError> {
        let Some(call) = self.0.get_mut(&tid) else { return Ok(()) };
        match call.phase {
            CallPhase::Enters => call.phase = CallPhase::Inside,
            CallPhase::Overdue if arch::gave_up(tracer, tid)? => {
                let answered = arch::set_result(tracer, tid, call.answer);
                self.0.remove(&tid);
                return answered;
            }
            CallPhase::Inside if arch::gave_up(tracer, tid)? => {
                if broken == BrokenCall::Restarts {
                    call.phase = CallPhase::Enters;
                    return arch::repeat_call(tracer, tid);
                }
                call.phase = CallPhase::GaveUp;
            }
            CallPhase::Inside | CallPhase::Overdue | CallPhase::GaveUp => drop(self.0.remove(&tid)),
        }
        Ok(())
    }

    /// A thread is in its call by another way than [`TimedCalls::follow`].
    pub fn has_entered(&mut self, tid: Tid) {
        self.0.entry(tid).and_modify(|call| call.phase = CallPhase::Inside);
    }

    /// The thread is gone, or its call ends otherwise.
    pub fn forget(&mut self, tid: Tid) {
        self.0.remove(&tid);
    }

    /// When the next of them is due.
    pub fn next_due(&self) -> Option<Instant> {
        self.0.values().filter(|call| call.phase == CallPhase::Inside).map(|call| call.due).min()
    }

    /// The threads whose time is over, each once.
    pub fn overdue(&mut self, now: Instant) -> Vec<Tid> {
        let inside = |call: &Call| call.phase == CallPhase::Inside && call.due <= now;
        let overdue: Vec<Tid> = self.0.iter().filter(|(_, call)| inside(call)).map(|(tid, _)| *tid).collect();
        for tid in &overdue {
            self.0.entry(*tid).and_modify(|call| call.phase = CallPhase::Overdue);
        }
        overdue
    }
}
