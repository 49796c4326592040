//! How threads are let go on after hits: in a burst without waking another CPU for each.
//!
//! Tracer and thread share a CPU then. As long as the tracer has a real-time priority there, it hands the thread over by
//! its mask, which costs three system calls. In a long burst of the only thread there is, the tracer steps aside instead:
//! with an idle policy it is preempted by the thread as that is let go on, and goes on itself as the thread stops.
//!
//! Invariant: what waits for the tracer waits for one that has precedence: it steps back before it sleeps.

use platform::affinity::{self, Ordinary, OwnCpu};
use platform::{OsError, Pid, Tid, Tracer};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// A thread that trapped this recently is in a burst.
const BURST: Duration = Duration::from_millis(1);

/// A burst that is this long is worth the two system calls of stepping aside and back.
const LONG: u32 = 16;

/// While the tracer steps aside, hits that are further apart tell that somebody else has the CPU. Should the tracer be
/// killed then, it could not even end before the thread's next hit, of which the thread would die.
const SLOW: Duration = Duration::from_micros(100);

/// After that it keeps its precedence for so long, twice as long each time unless it stood aside for a long burst.
const PENALTY: Duration = Duration::from_millis(1);

/// But no longer.
const LONGEST_PENALTY: Duration = Duration::from_millis(200);

/// After an attach, when everything that runs is met for the first time, it does not stand aside for so long.
const RUSH: Duration = Duration::from_secs(3);

/// Bursts of more threads than this are forgotten once they are over.
const REMEMBERED: usize = 256;

/// Hits of one thread in quick succession.
#[derive(Debug)]
struct Burst {
    last: Instant,
    hits: u32,
    /// Whether the thread may be handed over, once that was looked at: to change its mask takes longer than a hit.
    thread: Option<Option<Ordinary>>,
}

/// Where hits are served, and how.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    cpu: Option<OwnCpu>,
    bursts: HashMap<Tid, Burst>,
    /// Whose hit was served last, and when.
    last: Option<(Tid, Instant)>,
    aside: bool,
    not_aside_before: Option<Instant>,
    /// Hits since it stepped aside.
    hits_aside: u32,
    penalty: Duration,
    /// Whether only one thread is traced.
    pub is_alone: bool,
}

impl Pace {
    /// Takes a CPU for serving hits, and has those share it that rescue what is traced.
    pub fn take_cpu(&mut self, rescuers: &[Pid]) {
        if self.cpu.is_none() {
            self.cpu = OwnCpu::take();
            if let Some(cpu) = &self.cpu {
                rescuers.iter().for_each(|rescuer| cpu.share(rescuer.leader()));
            }
        }
    }

    /// Whether the tracer gave up its precedence.
    pub fn is_aside(&self) -> bool {
        self.aside
    }

    /// Keeps its precedence for a while, so that the guard can save the program from our death.
    pub fn stay_ahead(&mut self) {
        self.step_back();
        self.not_aside_before = Some(Instant::now() + RUSH);
    }

    /// Whether a burst is long and goes on, so that what changes rarely need not be looked at for each hit.
    pub fn is_in_the_midst(&self) -> bool {
        const NOW_AND_THEN: u32 = 32;
        let hits = self.last.and_then(|(tid, _)| Some(self.bursts.get(&tid)?.hits));
        self.aside && hits.is_some_and(|hits| hits % NOW_AND_THEN != 0)
    }

    /// Takes precedence again; what follows is no burst.
    pub fn step_back(&mut self) {
        if let Some(cpu) = self.cpu.as_ref().filter(|_| self.aside) {
            cpu.step_back();
        }
        self.aside = false;
        if let Some(burst) = self.last.and_then(|(tid, _)| self.bursts.get_mut(&tid)) {
            burst.hits = 0;
        }
    }

    /// Lets a thread go on after a hit: on our CPU if it, or another thread, was here a moment ago. What is met there can
    /// be saved if we are killed, since nothing of the program runs on this CPU between our death and the guard.
    pub fn resume(&mut self, tracer: &Tracer, tid: Tid) -> Result<(), OsError> {
        let now = Instant::now();
        let since = self.bursts.get(&tid).map(|burst| now.duration_since(burst.last));
        if self.aside && (!self.is_alone || since.is_none_or(|since| since >= SLOW)) {
            self.step_back();
            let longer = (self.penalty * 2).clamp(PENALTY, LONGEST_PENALTY);
            self.penalty = if self.hits_aside >= LONG { PENALTY } else { longer };
            self.not_aside_before = Some(now + self.penalty);
        }
        let last = self.last.replace((tid, now));
        if self.bursts.len() > REMEMBERED {
            self.bursts.retain(|_, burst| now.duration_since(burst.last) < BURST);
        }
        let goes_on = since.is_some_and(|since| since < BURST);
        let burst = self.bursts.entry(tid).or_insert(Burst { last: now, hits: 0, thread: None });
        burst.last = now;
        (burst.hits, burst.thread) = if goes_on { (burst.hits + 1, burst.thread) } else { (0, None) };
        let others_too = last.is_some_and(|(_, last)| now.duration_since(last) < BURST);
        let Some(cpu) = self.cpu.as_ref().filter(|_| goes_on || others_too) else { return tracer.resume(tid, None) };
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
