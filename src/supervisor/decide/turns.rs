//! When threads of a process enter its handler of SIGTRAP. A breakpoint of ours that a thread meets with SIGTRAP blocked
//! resets the handler until it is served, and a SIGTRAP that another thread gets at that moment would end the process.
//! That is so in the handler itself, which the threads enter one after the other at first, and in new threads, which
//! begin with all signals blocked: these are waited for.
//!
//! Invariant: nobody waits longer than [`PATIENCE`] after the last breakpoint that was met in the handler, and than
//! [`FOR_NEW`] after the last thread was born. All times are since the measurement began.

use crate::link::ProcessNo;
use platform::Tid;
use std::collections::HashMap;
use std::time::Duration;

/// Who has met no breakpoint for so long has got through the handler, or waits for another thread.
const PATIENCE: Duration = Duration::from_millis(20);

/// A new thread that has met none for so long meets none.
const FOR_NEW: Duration = Duration::from_millis(100);

/// So many who met none tell that there are none any more.
const ENOUGH: u32 = 8;

/// The last thread that entered a process's handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Turn {
    tid: Tid,
    since: Duration,
    /// How many entered since a breakpoint was met there.
    smooth: u32,
}

/// The last turns of the processes that handle SIGTRAP.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Turns {
    last: HashMap<ProcessNo, Turn>,
    /// New threads that have met no breakpoint, and since when.
    new: HashMap<Tid, (ProcessNo, Duration)>,
}

impl Turns {
    /// Whether a thread may enter its process's handler now, which it does then.
    pub fn take(&mut self, process: ProcessNo, tid: Tid, now: Duration) -> bool {
        self.new.retain(|_, (_, since)| now.saturating_sub(*since) < FOR_NEW);
        if self.new.iter().any(|(new, (of, _))| *new != tid && *of == process) {
            return false;
        }
        let turn = self.last.entry(process).or_insert(Turn { tid, since: now, smooth: 0 });
        let waits = turn.tid != tid && turn.smooth < ENOUGH && now.saturating_sub(turn.since) < PATIENCE;
        if !waits {
            *turn = Turn { tid, since: now, smooth: turn.smooth.saturating_add(1) };
        }
        !waits
    }

    /// A thread met a breakpoint that reset its process's handler.
    pub fn reset(&mut self, process: ProcessNo, tid: Tid, now: Duration) {
        self.begun(tid);
        if let Some(turn) = self.last.get_mut(&process).filter(|turn| turn.tid == tid) {
            (turn.since, turn.smooth) = (now, 0);
        }
    }

    /// A process that handles SIGTRAP has a new thread.
    pub fn born(&mut self, process: ProcessNo, tid: Tid, now: Duration) {
        self.new.insert(tid, (process, now));
    }

    /// A new thread has met a breakpoint, which is served, or is gone.
    pub fn begun(&mut self, tid: Tid) {
        self.new.remove(&tid);
    }

    /// A process is gone, or runs something else.
    pub fn forget(&mut self, process: ProcessNo) {
        self.last.remove(&process);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROCESS: ProcessNo = ProcessNo(0);

    #[test]
    fn others_wait_until_the_handler_is_passed_and_not_for_ever() {
        let (mut turns, start) = (Turns::default(), Duration::from_secs(1));
        let (half, whole) = (PATIENCE / 2, PATIENCE);
        assert!(turns.take(PROCESS, Tid(1), start));
        assert!(!turns.take(PROCESS, Tid(2), start + half));
        assert!(turns.take(ProcessNo(1), Tid(3), start + half));
        turns.reset(PROCESS, Tid(1), start + half);
        turns.reset(PROCESS, Tid(2), start + whole);
        assert!(!turns.take(PROCESS, Tid(2), start + whole));
        assert!(turns.take(PROCESS, Tid(1), start + whole));
        assert!(turns.take(PROCESS, Tid(2), start + 2 * whole));
    }

    #[test]
    fn a_new_thread_is_waited_for_until_it_has_met_a_breakpoint_or_is_gone() {
        let (mut turns, start) = (Turns::default(), Duration::from_secs(1));
        turns.born(PROCESS, Tid(2), start);
        turns.born(PROCESS, Tid(3), start);
        assert!(!turns.take(PROCESS, Tid(1), start) && turns.take(ProcessNo(1), Tid(9), start));
        turns.reset(PROCESS, Tid(2), start);
        assert!(!turns.take(PROCESS, Tid(1), start));
        turns.begun(Tid(3));
        assert!(turns.take(PROCESS, Tid(1), start));
        turns.born(PROCESS, Tid(4), start);
        assert!(turns.take(PROCESS, Tid(1), start + FOR_NEW));
    }

    #[test]
    fn nobody_waits_once_the_handler_is_known_throughout() {
        let (mut turns, start) = (Turns::default(), Duration::from_secs(1));
        assert!((0..ENOUGH).all(|_| turns.take(PROCESS, Tid(1), start)));
        assert!(turns.take(PROCESS, Tid(2), start));
        turns.reset(PROCESS, Tid(2), start);
        assert!(!turns.take(PROCESS, Tid(1), start));
        turns.forget(PROCESS);
        assert!(turns.take(PROCESS, Tid(1), start));
    }
}
