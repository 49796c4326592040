//! Finishing the rescue of processes whose supervisor and guard were both killed: what they left untraced, perhaps
//! stopped, with breakpoints in.
//!
//! The front does it, which may reach all that it started also where only ancestors may (Yama), and may trace for a
//! moment. Where the front is gone the recorder does what needs no tracer.
//!
//! Invariant: whatever fails, every process of the table that was not in a group-stop is continued.

use super::rescue::go_on;
use super::stops::{self, Tracing};
use super::text;
use platform::affinity::{self, Rank};
use platform::standing::{self, ThreadState};
use platform::threads::{self, Activity};
use platform::{GuardTable, OnTracerDeath, Pid, Signal, Tracer, kill, process};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// How long the front may take before the recorder does it: it may be stopped.
const PATIENCE: Duration = Duration::from_millis(200);

/// How often it is looked how far another process is.
const MOMENT: Duration = Duration::from_millis(1);

/// Whether the one that finishes may trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Means {
    Tracer,
    MemoryOnly,
}

/// Finishes the rescue, unless a living process is at it: then false, and it is to be tried again once that has ended.
/// The supervisor must be gone.
pub(super) fn finish(table: &GuardTable) -> bool {
    finish_with(table, Means::Tracer)
}

/// The same for a process that must not trace: it waits for `front` to do it as long as that lives, and helps where it
/// takes too long.
pub fn finish_after(table: &GuardTable, front: Pid) {
    let since = Instant::now();
    while !is_over(table) && !is_gone(front) && since.elapsed() < PATIENCE {
        std::thread::sleep(MOMENT);
    }
    while !finish_with(table, Means::MemoryOnly) {
        std::thread::sleep(MOMENT);
    }
}

fn is_over(table: &GuardTable) -> bool {
    table.processes().next().is_none()
}

fn is_gone(pid: Pid) -> bool {
    threads::activity(pid.leader()) == Activity::Gone
}

fn finish_with(table: &GuardTable, means: Means) -> bool {
    if is_over(table) {
        return true;
    }
    let me = process::own_pid();
    let claimed = match table.claim_rescue(me, None) {
        Err(other) if is_gone(other) => table.claim_rescue(me, Some(other)),
        claimed => claimed,
    };
    if claimed.is_ok() {
        let _as_far_as_allowed = Rank::Guard.take();
        rescue(table, means);
        affinity::rank_as_usual();
    }
    claimed.is_ok()
}

fn rescue(table: &GuardTable, means: Means) {
    let known: Vec<_> = table.processes().collect();
    stops::stop_all(&known);
    let unknown = stop_unknown(known.iter().map(|process| process.pid).collect());
    // Nobody has its memory open any more.
    let supervisor = table.supervisor().unwrap_or(Pid(0));
    let originals = text::originals(table);
    for process in known {
        let breakpoints = text::restore(process.pid, supervisor, &originals).unwrap_or_default();
        if process.stopped {
            table.rescued(process);
            continue;
        }
        let misplaced = stops::find_misplaced(process.pid, &breakpoints, table, Tracing::Nobody);
        if means == Means::Tracer {
            let tracer = Tracer::for_this_thread(OnTracerDeath::LetGo);
            misplaced.into_iter().flatten().for_each(|thread| thread.set_right(&tracer));
        }
        go_on(table, process);
    }
    for pid in unknown {
        let _no_breakpoints = text::restore(pid, supervisor, &originals);
        let _ended = kill(pid, Signal::CONT);
    }
}

/// Finds descendants of `known` that the supervisor had not heard of, which may have been born with breakpoints, and
/// stops them. What another tracer has, or what is stopped, is left alone.
fn stop_unknown(mut known: BTreeSet<Pid>) -> Vec<Pid> {
    let mut stopped = Vec::new();
    for maker in known.clone() {
        for pid in threads::descendants(maker) {
            let is_free = || threads::tracer_of(pid.leader()).is_none();
            let is_stopped = || standing::standing(pid, pid.leader()) == Some(ThreadState::Stopped);
            if known.insert(pid) && is_free() && !is_stopped() && kill(pid, Signal::STOP).is_ok() {
                stopped.push(pid);
            }
        }
    }
    stopped
}
