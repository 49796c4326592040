//! Saving the measured processes of a supervisor that was killed and is held at its end.
//!
//! Every thread gets a SIGSTOP, which it takes before it runs another instruction. While the supervisor is held that is
//! a stop for a signal which nobody hears of; a SIGCONT then takes it back, so that neither the program nor its parent
//! sees a stop. Only a thread whose breakpoint the supervisor had heard of, but not served, has to be stopped for good
//! until its program counter is set back, which takes a tracer: us, as soon as the supervisor is gone.
//!
//! Invariant: every process that was stopped here is continued as soon as its own text is restored; one that was in a
//! group-stop stays in it. Until then it is in the table, for the process that survives this process (`takeover`).

use super::stops::{self, Misplaced, Tracing};
use super::text;
use platform::{GuardTable, GuardedProcess, Pid, Signal, Tracer, kill, process, standing};
use std::collections::BTreeSet;

/// What is left to do when the supervisor is gone.
pub(super) struct Rescue {
    misplaced: Vec<(GuardedProcess, Vec<Misplaced>)>,
}

impl Rescue {
    /// Stops, restores and continues every process, as far as the supervisor's end need not be awaited for it; `None`
    /// where another process does that.
    pub fn start(table: &GuardTable, supervisor: Pid) -> Option<Rescue> {
        Rescue::claimed(table, supervisor, None)
    }

    /// The same in the place of a guard that is at its own end, and may have begun.
    pub fn take_over(table: &GuardTable, supervisor: Pid, guard: Pid) -> Option<Rescue> {
        let begun = table.rescuer().filter(|&rescuer| rescuer == guard);
        Rescue::claimed(table, supervisor, begun)
    }

    fn claimed(table: &GuardTable, supervisor: Pid, after: Option<Pid>) -> Option<Rescue> {
        let known: Vec<_> = table.processes().collect();
        stops::stop_all(&known);
        table.claim_rescue(process::own_pid(), after).ok()?;
        let originals = text::originals(table);
        let mut misplaced = Vec::new();
        for process in &known {
            let breakpoints = text::restore(process.pid, supervisor, &originals).unwrap_or_default();
            if process.stopped {
                table.rescued(*process);
                continue;
            }
            match stops::find_misplaced(process.pid, &breakpoints, table, Tracing::Held) {
                Some(found) if found.is_empty() => go_on(table, *process),
                Some(found) => misplaced.push((*process, found)),
                None => table.rescued(*process),
            }
        }
        // Children that the supervisor had not heard of stand at their very first stop.
        let mut seen: BTreeSet<Pid> = known.iter().map(|process| process.pid).collect();
        loop {
            let tracees = standing::tracees_of(supervisor.leader());
            let new: Vec<Pid> = tracees.into_iter().filter(|&pid| seen.insert(pid)).collect();
            for &pid in &new {
                let _no_breakpoints = text::restore(pid, supervisor, &originals);
            }
            if new.is_empty() {
                break;
            }
        }
        Some(Rescue { misplaced })
    }

    /// Sets the program counters right that need it; the supervisor is gone.
    pub fn finish(self, tracer: &Tracer, table: &GuardTable) {
        for (process, threads) in self.misplaced {
            threads.iter().for_each(|thread| thread.set_right(tracer));
            go_on(table, process);
        }
    }
}

/// Has a process that was stopped for its rescue run on; nothing is left to do for it.
pub(super) fn go_on(table: &GuardTable, process: GuardedProcess) {
    let _ended = kill(process.pid, Signal::CONT);
    table.rescued(process);
}
