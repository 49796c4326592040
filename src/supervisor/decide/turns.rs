//! When threads of a process enter its handler of SIGTRAP. A breakpoint of ours that a thread meets with SIGTRAP blocked
//! resets the handler until it is served, and a SIGTRAP that another thread gets at that moment would end the process.
//! That is so in the handler itself, which the threads enter one after the other, in new threads, which begin with all
//! signals blocked, and in whatever else met such a breakpoint a moment ago: these are waited for.
//!
//! Invariant: after another thread entered the handler or met a breakpoint with SIGTRAP blocked, nobody waits longer
//! than until that had [`LONGEST`] of a CPU, than [`STARVED`] where it gets none, and than [`PATIENCE`] where it sleeps.
//! All times are since the measurement began.

use crate::link::ProcessNo;
use platform::Tid;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// So long is waited for a thread that sleeps, perhaps for another one, or that is in the handler though that has no
/// new breakpoints any more.
const PATIENCE: Duration = Duration::from_millis(20);

/// So long for a thread in the handler, or a new one, that runs.
const LONGEST: Duration = Duration::from_secs(1);

/// So long for a thread that would run if it had a CPU: on a busy machine it may get none for seconds.
const STARVED: Duration = Duration::from_secs(60);

/// So many who met no breakpoint in the handler tell that there are none any more.
const ENOUGH: u32 = 8;

/// Why a thread may meet a breakpoint with SIGTRAP blocked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    /// It entered the handler.
    Handles,
    /// It is new.
    New,
    /// It met one, or blocks SIGTRAP.
    Met,
}

/// A thread that may meet a breakpoint with SIGTRAP blocked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Suspect {
    process: ProcessNo,
    reason: Reason,
    since: Duration,
    /// The CPU time that it had used when it was first looked at.
    ran: Option<Duration>,
}

impl Suspect {
    fn new(process: ProcessNo, reason: Reason, since: Duration) -> Self {
        Suspect { process, reason, since, ran: None }
    }

    /// Whether it has had `longest`; `ran` is the CPU time that it has used, where that counts.
    fn has_had(&mut self, ran: Option<Duration>, longest: Duration, now: Duration) -> bool {
        let waited = now.saturating_sub(self.since);
        let used = ran.map(|ran| ran.saturating_sub(*self.ran.get_or_insert(ran)));
        waited >= longest && used.is_none_or(|used| used >= longest || waited >= STARVED)
    }
}

/// A thread that blocks SIGTRAP now, or is in a stop that may hide that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Blocking {
    pub tid: Tid,
    /// Whether it waits for something else than a CPU.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sleeps: bool,
    /// The CPU time that it has used, if that is known and it does not sleep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ran: Option<Duration>,
}

/// Who is waited for, and who waits, in the processes that handle SIGTRAP.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Turns {
    suspects: HashMap<Tid, Suspect>,
    /// Threads that wait in their stops.
    waiting: HashSet<Tid>,
    /// How many entered the handler since a breakpoint was met there.
    smooth: HashMap<ProcessNo, u32>,
}

impl Turns {
    /// Whether a thread must be looked at before another one enters the handler; `blocks` is whether it is known to have
    /// blocked SIGTRAP.
    pub fn is_suspect(&self, process: ProcessNo, tid: Tid, blocks: bool) -> bool {
        !self.waiting.contains(&tid) && (self.suspects.contains_key(&tid) || (blocks && !self.is_known(process)))
    }

    /// Whether no breakpoint was met in the handler for long.
    fn is_known(&self, process: ProcessNo) -> bool {
        self.smooth.get(&process).is_some_and(|smooth| *smooth >= ENOUGH)
    }

    /// Whether a thread may enter its process's handler now, which it does then. Of the suspects these block SIGTRAP.
    pub fn take(&mut self, process: ProcessNo, tid: Tid, blocking: &[Blocking], now: Duration) -> bool {
        let is_known = self.is_known(process);
        self.suspects.retain(|other, suspect| {
            suspect.process != process || blocking.iter().any(|blocking| blocking.tid == *other)
        });
        let waits = |Blocking { tid, sleeps, ran }: Blocking| {
            let met = Suspect::new(process, Reason::Met, now);
            let suspect = self.suspects.entry(tid).or_insert(met);
            let longest = match suspect.reason {
                _ if sleeps => PATIENCE,
                Reason::New => LONGEST,
                Reason::Handles if !is_known => LONGEST,
                Reason::Handles | Reason::Met => PATIENCE,
            };
            !suspect.has_had(ran, longest, now)
        };
        // All are noted, the first time that they are seen.
        if blocking.iter().copied().map(waits).fold(false, |waits, other| waits | other) {
            self.waiting.insert(tid);
            return false;
        }
        self.waiting.remove(&tid);
        let smooth = self.smooth.entry(process).or_default();
        *smooth = smooth.saturating_add(1);
        self.suspects.insert(tid, Suspect::new(process, Reason::Handles, now));
        true
    }

    /// A thread met a breakpoint that reset its process's handler.
    pub fn reset(&mut self, process: ProcessNo, tid: Tid, now: Duration) {
        let reason = match self.suspects.get(&tid).map(|suspect| suspect.reason) {
            Some(Reason::Handles) => Reason::Handles,
            Some(Reason::New | Reason::Met) | None => Reason::Met,
        };
        if reason == Reason::Handles {
            self.smooth.insert(process, 0);
        }
        self.suspects.insert(tid, Suspect::new(process, reason, now));
    }

    /// A process that handles SIGTRAP has a new thread.
    pub fn born(&mut self, process: ProcessNo, tid: Tid, now: Duration) {
        self.suspects.insert(tid, Suspect::new(process, Reason::New, now));
    }

    /// A thread has met a breakpoint without SIGTRAP blocked.
    pub fn begun(&mut self, tid: Tid) {
        self.suspects.remove(&tid);
    }

    /// A thread is gone.
    pub fn gone(&mut self, tid: Tid) {
        self.suspects.remove(&tid);
        self.waiting.remove(&tid);
    }

    /// A process is gone, or runs something else.
    pub fn forget(&mut self, process: ProcessNo) {
        self.smooth.remove(&process);
        self.suspects.retain(|_, suspect| suspect.process != process);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROCESS: ProcessNo = ProcessNo(0);
    const START: Duration = Duration::from_secs(1);

    fn runs(tid: i32) -> Blocking {
        Blocking { tid: Tid(tid), sleeps: false, ran: None }
    }

    fn sleeps(tid: i32) -> Blocking {
        Blocking { tid: Tid(tid), sleeps: true, ran: None }
    }

    #[test]
    fn others_wait_as_long_as_one_is_in_the_handler() {
        let mut turns = Turns::default();
        assert!(turns.take(PROCESS, Tid(1), &[], START));
        assert!(turns.is_suspect(PROCESS, Tid(1), false) && !turns.is_suspect(PROCESS, Tid(2), false));
        assert!(!turns.take(PROCESS, Tid(2), &[runs(1)], START + LONGEST / 2));
        assert!(turns.take(ProcessNo(1), Tid(3), &[], START));
        assert!(turns.take(PROCESS, Tid(2), &[], START + LONGEST / 2));
        assert!(turns.is_suspect(PROCESS, Tid(2), false));
    }

    #[test]
    fn nobody_waits_for_ever() {
        let mut turns = Turns::default();
        assert!(turns.take(PROCESS, Tid(1), &[], START));
        turns.reset(PROCESS, Tid(1), START + LONGEST / 2);
        assert!(!turns.take(PROCESS, Tid(2), &[runs(1)], START + LONGEST));
        assert!(turns.take(PROCESS, Tid(2), &[runs(1)], START + LONGEST / 2 + LONGEST));
        // One that sleeps may wait for the very thread that waits for it.
        assert!(!turns.take(PROCESS, Tid(3), &[sleeps(2)], START + LONGEST / 2 + LONGEST + PATIENCE / 2));
        assert!(turns.take(PROCESS, Tid(3), &[sleeps(2)], START + LONGEST / 2 + LONGEST + PATIENCE));
    }

    #[test]
    fn one_that_gets_no_cpu_is_waited_for_longer() {
        let ran = |millis| Blocking { ran: Some(Duration::from_millis(millis)), ..runs(1) };
        let mut turns = Turns::default();
        assert!(turns.take(PROCESS, Tid(1), &[], START));
        assert!(!turns.take(PROCESS, Tid(2), &[ran(7)], START + LONGEST / 2));
        assert!(!turns.take(PROCESS, Tid(2), &[ran(8)], START + 10 * LONGEST));
        let mut fed = turns.clone();
        assert!(fed.take(PROCESS, Tid(2), &[ran(1007)], START + 10 * LONGEST));
        assert!(turns.take(PROCESS, Tid(2), &[ran(8)], START + STARVED));
    }

    #[test]
    fn who_traps_again_is_not_in_the_handler() {
        let mut turns = Turns::default();
        assert!(turns.take(PROCESS, Tid(1), &[], START));
        assert!(!turns.take(PROCESS, Tid(2), &[runs(1)], START));
        assert!(!turns.is_suspect(PROCESS, Tid(2), true));
        assert!(turns.take(PROCESS, Tid(1), &[], START));
    }

    #[test]
    fn one_that_blocks_the_signal_for_long_is_waited_for_once() {
        let mut turns = Turns::default();
        assert!(turns.is_suspect(PROCESS, Tid(2), true) && !turns.is_suspect(PROCESS, Tid(2), false));
        assert!(!turns.take(PROCESS, Tid(1), &[runs(2)], START));
        assert!(turns.take(PROCESS, Tid(1), &[runs(2)], START + PATIENCE));
        assert!(turns.take(PROCESS, Tid(1), &[runs(2)], START + PATIENCE));
        turns.reset(PROCESS, Tid(2), START + PATIENCE);
        assert!(!turns.take(PROCESS, Tid(1), &[runs(2)], START + PATIENCE));
        turns.gone(Tid(2));
        assert!(turns.take(PROCESS, Tid(1), &[], START + PATIENCE));
    }

    #[test]
    fn a_new_thread_is_waited_for_until_it_has_met_a_breakpoint_or_is_gone() {
        let mut turns = Turns::default();
        turns.born(PROCESS, Tid(2), START);
        turns.born(PROCESS, Tid(3), START);
        turns.begun(Tid(3));
        assert!(!turns.take(PROCESS, Tid(1), &[runs(2)], START));
        turns.reset(PROCESS, Tid(2), START);
        assert!(!turns.take(PROCESS, Tid(1), &[runs(2)], START));
        assert!(turns.take(PROCESS, Tid(1), &[runs(2)], START + PATIENCE));
        turns.born(PROCESS, Tid(4), START);
        assert!(!turns.take(PROCESS, Tid(1), &[runs(4)], START + LONGEST / 2));
        assert!(turns.take(PROCESS, Tid(1), &[runs(4)], START + LONGEST));
    }

    #[test]
    fn a_handler_that_is_known_throughout_is_not_waited_for_long() {
        let mut turns = Turns::default();
        assert!((0..ENOUGH).all(|_| turns.take(PROCESS, Tid(1), &[], START)));
        assert!(!turns.take(PROCESS, Tid(2), &[runs(1)], START));
        assert!(turns.take(PROCESS, Tid(2), &[runs(1)], START + PATIENCE));
        turns.reset(PROCESS, Tid(2), START + PATIENCE);
        assert!(!turns.take(PROCESS, Tid(1), &[runs(2)], START + 2 * PATIENCE));
        turns.gone(Tid(1));
        turns.forget(PROCESS);
        assert_eq!(turns, Turns::default());
    }
}
