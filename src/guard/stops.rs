//! Stopping the threads of measured processes for a rescue, and setting those right that stand behind a breakpoint.
//!
//! Invariant: a thread is moved back only from right behind a breakpoint that was in its process until now.

use platform::standing::{self, ThreadState};
use platform::{Avma, Event, GuardTable, GuardedProcess, Pid, Signal, Tid, Tracer, Wait, kill_thread, threads};
use std::time::{Duration, Instant};

/// How long threads are waited for that are about to stop; one in the middle of a long system call stops at its end.
const PATIENCE: Duration = Duration::from_millis(50);

/// How long to let them run in between: they may be waiting for this very CPU.
const MOMENT: Duration = Duration::from_micros(50);

/// Who traces the threads while they are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tracing {
    /// The supervisor, which is held at its end: they stand in stops that it hears of no more.
    Held,
    /// Nobody: they are in a group-stop.
    Nobody,
}

/// A thread that is behind a breakpoint's first byte instead of before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Misplaced {
    tid: Tid,
    belongs: Avma,
}

/// Stops every process that is not in a group-stop: first of all one thread of each, by one call each.
pub(super) fn stop_all(processes: &[GuardedProcess]) {
    let running = || processes.iter().filter(|process| !process.stopped).map(|process| process.pid);
    for pid in running() {
        let _ended = kill_thread(pid, pid.leader(), Signal::STOP);
    }
    for pid in running() {
        for tid in threads::of(pid).unwrap_or_default().into_iter().filter(|&tid| tid != pid.leader()) {
            let _ended = kill_thread(pid, tid, Signal::STOP);
        }
    }
}

/// Waits until every thread of a process stays stopped or sleeps, and finds those that are at one of `breakpoints`
/// which the supervisor had heard of; `None` for a process in a group-stop that it had not heard of.
pub(super) fn find_misplaced(
    pid: Pid,
    breakpoints: &[Avma],
    table: &GuardTable,
    tracing: Tracing,
) -> Option<Vec<Misplaced>> {
    let since = Instant::now();
    let mut misplaced = Vec::new();
    for tid in threads::of(pid).unwrap_or_default() {
        let mut found = standing::standing(pid, tid);
        while found == Some(ThreadState::Runs) && since.elapsed() < PATIENCE {
            std::thread::sleep(MOMENT);
            found = standing::standing(pid, tid);
        }
        match (found, tracing) {
            (Some(ThreadState::Reported), Tracing::Held) | (Some(ThreadState::Stopped), Tracing::Nobody) => {}
            (Some(ThreadState::Unreported(Wait::Event { event: Event::GroupStop(_), .. })), Tracing::Held) => {
                return None;
            }
            (Some(_) | None, _) => continue,
        }
        let Some(belongs) = standing::pc(pid, tid).map(platform::arch::breakpoint_before) else { continue };
        if breakpoints.binary_search(&belongs).is_ok() || table.being_served() == Some((tid, belongs)) {
            misplaced.push(Misplaced { tid, belongs });
        }
    }
    Some(misplaced)
}

impl Misplaced {
    /// Moves it back. Its SIGSTOP comes before its next instruction, so it is met there.
    pub fn set_right(&self, tracer: &Tracer) {
        let tid = self.tid;
        if tracer.seize(tid).is_err() {
            return;
        }
        let signal = loop {
            match tracer.wait_for(tid) {
                Ok(Wait::Signal { signal: Signal::STOP, .. } | Wait::Event { .. }) => break None,
                Ok(Wait::Signal { signal, .. }) => break Some(signal),
                Ok(Wait::Call { .. } | Wait::Continued { .. }) => {}
                Ok(Wait::Exited { .. } | Wait::Killed { .. }) | Err(_) => return,
            }
        };
        let _killed = tracer.set_pc(tid, self.belongs).and_then(|()| tracer.detach(tid, signal));
    }
}
