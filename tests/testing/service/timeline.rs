//! What a service answered and when, in slots of 100 ms.
//!
//! Invariant: recording an answer takes no lock, so that the load generator does not measure itself.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use serde::Serialize;

const SLOT: Duration = Duration::from_millis(100);

/// Room for eight hours.
const SLOTS: usize = 8 * 3600 * 10;

/// Failures that are kept word by word.
const WORDS: usize = 20;

/// The answers of one run.
pub struct Timeline {
    start: Instant,
    slots: Vec<Slot>,
    /// When the latest answer came, in nanoseconds since the start.
    latest: AtomicU64,
    failed: AtomicU64,
    reconnected: AtomicU64,
    words: Mutex<Vec<String>>,
}

#[derive(Default)]
struct Slot {
    answers: AtomicU64,
    /// The longest time without any answer that ended in this slot, in nanoseconds.
    gap: AtomicU64,
    /// The longest time that one client waited for an answer that came in this slot, in nanoseconds.
    wait: AtomicU64,
}

/// A stretch of time, as the clients saw it.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Window {
    /// How many requests were answered.
    pub answers: u64,
    /// Answers a second.
    pub per_second: f64,
    /// The longest time without any answer.
    pub gap_ms: f64,
    /// The longest that one client waited.
    pub wait_ms: f64,
}

impl Timeline {
    /// Starts now.
    pub fn start() -> Self {
        let slots = (0..SLOTS).map(|_| Slot::default()).collect();
        let (latest, failed, reconnected) = <(AtomicU64, AtomicU64, AtomicU64)>::default();
        Self { start: Instant::now(), slots, latest, failed, reconnected, words: Mutex::default() }
    }

    /// Records answers to requests that were sent at `sent` and came now.
    pub fn answered(&self, answers: u64, sent: Instant) {
        let now = Instant::now();
        let since = nanos(now - self.start);
        let before = self.latest.swap(since, Relaxed);
        let slot = &self.slots[self.slot(now)];
        slot.answers.fetch_add(answers, Relaxed);
        // Two threads may swap in the wrong order: then there was no gap.
        slot.gap.fetch_max(since.saturating_sub(before), Relaxed);
        slot.wait.fetch_max(nanos(now - sent), Relaxed);
    }

    /// Records a request that got no answer or a wrong one.
    pub fn failed(&self, cause: String) {
        self.failed.fetch_add(1, Relaxed);
        let at = self.start.elapsed().as_secs_f64();
        let mut words = self.words.lock().expect("invariant: nobody panics with it");
        if words.len() < WORDS {
            words.push(format!("{at:.1} s: {cause}"));
        }
    }

    /// Records that a client had to connect again.
    pub fn reconnected(&self) {
        self.reconnected.fetch_add(1, Relaxed);
    }

    /// How many requests failed.
    pub fn failures(&self) -> u64 {
        self.failed.load(Relaxed)
    }

    /// The first failures, word by word.
    pub fn words(&self) -> Vec<String> {
        self.words.lock().expect("invariant: nobody panics with it").clone()
    }

    /// How often a client had to connect again.
    pub fn reconnects(&self) -> u64 {
        self.reconnected.load(Relaxed)
    }

    /// How many requests were answered until now.
    pub fn answers(&self) -> u64 {
        self.slots[..=self.slot(Instant::now())].iter().map(|slot| slot.answers.load(Relaxed)).sum()
    }

    /// What happened between two moments, in whole slots.
    pub fn window(&self, from: Instant, to: Instant) -> Window {
        let slots = &self.slots[self.slot(from)..=self.slot(to)];
        let longest = |time: fn(&Slot) -> &AtomicU64| slots.iter().map(|slot| time(slot).load(Relaxed)).max();
        let ms = |nanos: Option<u64>| nanos.unwrap_or(0) as f64 / 1e6;
        let answers = slots.iter().map(|slot| slot.answers.load(Relaxed)).sum();
        let per_second = answers as f64 / (slots.len() as f64 * SLOT.as_secs_f64());
        Window { answers, per_second, gap_ms: ms(longest(|slot| &slot.gap)), wait_ms: ms(longest(|slot| &slot.wait)) }
    }

    fn slot(&self, at: Instant) -> usize {
        (at.saturating_duration_since(self.start).as_nanos() / SLOT.as_nanos()).min(SLOTS as u128 - 1) as usize
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
