//! Saving the measured processes of a supervisor that was killed and is held at its end.
//!
//! Every thread gets a SIGSTOP, which it takes before it runs another instruction. While the supervisor is held that is
//! a stop for a signal which nobody hears of; a SIGCONT then takes it back, so that neither the program nor its parent
//! sees a stop. Only a thread whose breakpoint the supervisor had heard of, but not served, has to be stopped for good
//! until its program counter is set back, which takes a tracer: us, as soon as the supervisor is gone.
//!
//! Invariant: every process that was stopped here is continued; one that was in a group-stop stays in it.

use super::text;
use platform::standing::{self, Standing};
use platform::{Avma, Event, GuardTable, Pid, Signal, Tid, Tracer, Wait, kill, kill_thread, threads};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// How long threads are waited for that are about to stop; one in the middle of a long system call stops at its end.
const PATIENCE: Duration = Duration::from_millis(50);

/// How long to let them run in between: they may be waiting for this very CPU.
const MOMENT: Duration = Duration::from_micros(50);

/// A thread that stands behind a breakpoint's first byte instead of before it.
struct Misplaced {
    pid: Pid,
    tid: Tid,
    belongs: Avma,
}

/// What is left to do when the supervisor is gone.
pub(super) struct Rescue {
    misplaced: Vec<Misplaced>,
}

impl Rescue {
    /// Stops, restores and continues everybody, as far as the supervisor's end need not be awaited for it.
    pub fn start(table: &GuardTable, supervisor: Pid) -> Rescue {
        let known: Vec<_> = table.processes().collect();
        let running = || known.iter().filter(|process| !process.stopped).map(|process| process.pid);
        // First of all, and by one call each.
        for pid in running() {
            let _ended = kill_thread(pid, pid.leader(), Signal::STOP);
        }
        for pid in running() {
            stop_other_threads(pid);
        }
        let mut seen: BTreeSet<Pid> = known.iter().map(|process| process.pid).collect();
        let (mut misplaced, mut continued) = (Vec::new(), Vec::new());
        for process in &known {
            let breakpoints = text::restore(process.pid, supervisor).unwrap_or_default();
            if process.stopped {
                continue;
            }
            match find_misplaced(process.pid, &breakpoints, table) {
                Some(found) if found.is_empty() => continued.push(process.pid),
                Some(found) => misplaced.extend(found),
                None => {}
            }
        }
        // Children that the supervisor had not heard of stand at their very first stop.
        loop {
            let tracees = standing::tracees_of(supervisor.leader());
            let new: Vec<Pid> = tracees.into_iter().filter(|&pid| seen.insert(pid)).collect();
            for &pid in &new {
                let _no_breakpoints = text::restore(pid, supervisor);
            }
            if new.is_empty() {
                break;
            }
        }
        for pid in continued {
            let _ended = kill(pid, Signal::CONT);
        }
        Rescue { misplaced }
    }

    /// Sets the program counters right that need it; the supervisor is gone.
    pub fn finish(self, tracer: &Tracer) {
        for thread in &self.misplaced {
            set_right(tracer, thread);
        }
        for pid in self.misplaced.iter().map(|thread| thread.pid).collect::<BTreeSet<_>>() {
            let _ended = kill(pid, Signal::CONT);
        }
    }
}

fn stop_other_threads(pid: Pid) {
    for tid in threads::of(pid).unwrap_or_default().into_iter().filter(|&tid| tid != pid.leader()) {
        let _ended = kill_thread(pid, tid, Signal::STOP);
    }
}

/// Waits until every thread of a process stands still or sleeps, and finds those that stand for one of `breakpoints`
/// which the supervisor had heard of; `None` for a process in a group-stop that it had not heard of.
fn find_misplaced(pid: Pid, breakpoints: &[Avma], table: &GuardTable) -> Option<Vec<Misplaced>> {
    let since = Instant::now();
    let mut misplaced = Vec::new();
    for tid in threads::of(pid).unwrap_or_default() {
        let mut found = standing::standing(pid, tid);
        while found == Some(Standing::Runs) && since.elapsed() < PATIENCE {
            std::thread::sleep(MOMENT);
            found = standing::standing(pid, tid);
        }
        match found {
            Some(Standing::Reported) => {}
            Some(Standing::Unreported(Wait::Event { event: Event::GroupStop(_), .. })) => return None,
            Some(Standing::Unreported(_) | Standing::Runs | Standing::Other) | None => continue,
        }
        let Some(belongs) = standing::pc(pid, tid).map(platform::arch::registers::breakpoint_before) else { continue };
        if breakpoints.binary_search(&belongs).is_ok() || table.being_served() == Some((tid, belongs)) {
            misplaced.push(Misplaced { pid, tid, belongs });
        }
    }
    Some(misplaced)
}

/// Its SIGSTOP comes before its next instruction, so it is met there.
fn set_right(tracer: &Tracer, thread: &Misplaced) {
    let tid = thread.tid;
    if tracer.seize(tid).is_err() {
        return;
    }
    let signal = loop {
        match tracer.wait_for(tid) {
            Ok(Wait::Signal { signal: Signal::STOP, .. } | Wait::Event { .. }) => break None,
            Ok(Wait::Signal { signal, .. }) => break Some(signal),
            Ok(Wait::Continued { .. }) => {}
            Ok(Wait::Exited { .. } | Wait::Killed { .. }) | Err(_) => return,
        }
    };
    let _killed = tracer.set_pc(tid, thread.belongs).and_then(|()| tracer.detach(tid, signal));
}
