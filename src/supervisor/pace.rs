//! How threads are let go on after hits: in a burst without waking another CPU for each.
//!
//! Tracer and thread share a CPU then. As long as the tracer has a real-time priority there, it hands the thread over by
//! its mask, which costs three system calls. In a long burst of the only thread there is, the tracer steps aside instead:
//! with an idle policy it is preempted by the thread as that is let go on, and goes on itself as the thread stops.
//!
//! Invariant: whoever waits for the tracer waits for one that has precedence: it steps back before it sleeps.

use platform::affinity::{self, Ordinary, OwnCpu};
use platform::{OsError, Pid, Tid, Tracer};
use std::time::{Duration, Instant};

/// A thread that trapped this recently is in a burst.
const BURST: Duration = Duration::from_millis(1);

/// A burst that is this long is worth the two system calls of stepping aside and back.
const LONG: u32 = 16;

/// While the tracer stands aside, hits that are further apart tell that somebody else has the CPU. Should the tracer be
/// killed then, it could not even end before the thread's next hit, of which the thread would die.
const SLOW: Duration = Duration::from_micros(100);

/// After that it keeps its precedence for so long, twice as long each time unless it stood aside for a long burst.
const PENALTY: Duration = Duration::from_millis(1);

/// But no longer.
const LONGEST_PENALTY: Duration = Duration::from_millis(200);

/// Hits of one thread in quick succession.
#[derive(Debug)]
struct Burst {
    tid: Tid,
    last: Instant,
    hits: u32,
    /// Whether the thread may be handed over, once that was looked at: to change its mask takes longer than a hit.
    thread: Option<Option<Ordinary>>,
}

/// Where hits are served, and how.
#[derive(Debug, Default)]
pub(super) struct Pace {
    cpu: Option<OwnCpu>,
    burst: Option<Burst>,
    aside: bool,
    not_aside_before: Option<Instant>,
    /// Hits since it stepped aside.
    hits_aside: u32,
    penalty: Duration,
    /// Whether only one thread is traced.
    pub is_alone: bool,
}

impl Pace {
    /// Takes a CPU for serving hits, and has the guard share it.
    pub fn take_cpu(&mut self, guard: Option<Pid>) {
        if self.cpu.is_none() {
            self.cpu = OwnCpu::take();
            if let (Some(cpu), Some(guard)) = (&self.cpu, guard) {
                cpu.share(guard.leader());
            }
        }
    }

    /// Whether the tracer gave up its precedence.
    pub fn is_aside(&self) -> bool {
        self.aside
    }

    /// Whether a burst is long and goes on, so that what changes rarely need not be looked at for each hit.
    pub fn is_in_the_midst(&self) -> bool {
        const NOW_AND_THEN: u32 = 32;
        self.aside && self.burst.as_ref().is_some_and(|burst| burst.hits % NOW_AND_THEN != 0)
    }

    /// Takes precedence again; what follows is no burst.
    pub fn step_back(&mut self) {
        if let Some(cpu) = self.cpu.as_ref().filter(|_| self.aside) {
            cpu.step_back();
        }
        self.aside = false;
        if let Some(burst) = &mut self.burst {
            burst.hits = 0;
        }
    }

    /// Lets a thread go on after a hit.
    pub fn resume(&mut self, tracer: &Tracer, tid: Tid) -> Result<(), OsError> {
        let now = Instant::now();
        let since = self.burst.as_ref().filter(|burst| burst.tid == tid).map(|burst| now.duration_since(burst.last));
        if self.aside && (!self.is_alone || since.is_none_or(|since| since >= SLOW)) {
            self.step_back();
            let longer = (self.penalty * 2).clamp(PENALTY, LONGEST_PENALTY);
            self.penalty = if self.hits_aside >= LONG { PENALTY } else { longer };
            self.not_aside_before = Some(now + self.penalty);
        }
        if since.is_none_or(|since| since >= BURST) {
            self.burst = Some(Burst { tid, last: now, hits: 0, thread: None });
            return tracer.resume(tid, None);
        }
        let (Some(burst), Some(cpu)) = (&mut self.burst, &self.cpu) else { return tracer.resume(tid, None) };
        burst.last = now;
        burst.hits += 1;
        if self.aside {
            self.hits_aside += 1;
            return tracer.resume(tid, None);
        }
        let Some(thread) = *burst.thread.get_or_insert_with(|| Ordinary::check(tid)) else {
            return tracer.resume(tid, None);
        };
        let resumed = affinity::wake_on(thread, cpu, || tracer.resume(tid, None));
        let may = self.is_alone && self.not_aside_before.is_none_or(|before| now >= before);
        // The thread is on this CPU now, and has not run yet.
        self.aside = may && burst.hits >= LONG && cpu.step_aside();
        self.hits_aside = 0;
        resumed
    }
}
