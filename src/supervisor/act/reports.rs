//! Waiting for what the tracees report, also where there are thousands of them.
//!
//! waitpid(-1) looks at every tracee until it finds one that has something to report, so that to hear many of many takes
//! the square of their number. Among many, the SIGCHLD that each report sends names whom to ask; where several come
//! together it names only one of them, so the others are looked for: first those that reported last, since mostly it is
//! them again; now and then all, by waitpid(-1) as long as it finds few, and by asking one after the other where it found
//! several.
//!
//! Invariant: it blocks for long only after nothing was found behind the last SIGCHLD, so that no report is left lying; and
//! a tracee that is named again and again keeps no other one waiting.

use crate::supervisor::decide::state::State;
use platform::{OsError, Tid, Tracer, Waited, WhenNone, take_child_signal};
use std::time::{Duration, Instant};

/// More tracees than this are many.
const MANY: usize = 64;

/// After so many reports that waitpid(-1) found in a row every tracee is asked.
const FEW: u32 = 4;

/// After so many tracees in a row that were named, or had reported last, others are looked for.
const NAMED_IN_A_ROW: u32 = 16;

/// When all tracees are looked at for a report that nobody named.
#[derive(Clone, Copy, Debug)]
struct Sweep {
    not_before: Instant,
}

impl Sweep {
    /// After one that found nothing, so many times as long as it took others are not looked at but by name...
    const REST: u32 = 4;
    /// ...and no longer than this, which is how long a report may have to wait that nobody named.
    const LONGEST: Duration = Duration::from_millis(2);

    /// One that began then and is over now found nothing.
    fn found_nothing(&mut self, began: Instant, now: Instant) {
        self.not_before = now + (now.duration_since(began) * Self::REST).min(Self::LONGEST);
    }

    /// How long it is until the next one.
    fn due_in(self, now: Instant) -> Duration {
        self.not_before.saturating_duration_since(now)
    }
}

/// Those who reported last, the latest one first.
#[derive(Debug, Default)]
struct Recent([Option<Tid>; Recent::KEPT]);

impl Recent {
    /// A maker and who it made, and who waited for them.
    const KEPT: usize = 4;

    fn put(&mut self, tid: Tid) {
        let before = self.0.iter().position(|other| *other == Some(tid)).unwrap_or(Self::KEPT - 1);
        self.0[..=before].rotate_right(1);
        self.0[0] = Some(tid);
    }
}

/// How far the search is.
#[derive(Debug)]
pub(crate) struct Reports {
    /// Tracees to ask, the next one last.
    to_ask: Vec<Tid>,
    /// When asking them began.
    asking_since: Instant,
    /// Whether there may be reports that nobody named.
    more: bool,
    recent: Recent,
    sweep: Sweep,
    found_in_a_row: u32,
    named_in_a_row: u32,
    named_last: Instant,
    /// When nothing was there to be heard.
    quiet: Instant,
    /// The last report cannot have come before.
    since: Instant,
}

impl Reports {
    /// Nothing was heard so far.
    pub fn new() -> Self {
        let now = Instant::now();
        Reports {
            to_ask: Vec::new(),
            asking_since: now,
            more: true,
            recent: Recent::default(),
            sweep: Sweep { not_before: now },
            found_in_a_row: 0,
            named_in_a_row: 0,
            named_last: now,
            quiet: now,
            since: now,
        }
    }

    /// Whether there are so many tracees that each report is to be served before the next one is looked for.
    pub fn are_of_many(state: &State) -> bool {
        state.threads() > MANY
    }

    /// The next search looks at every tracee.
    pub fn look_at_all(&mut self) {
        self.sweep.not_before = Instant::now();
    }

    /// How long the thread may have been stopped whose report was taken last.
    pub fn held(&self) -> Duration {
        self.since.elapsed()
    }

    /// What was heard is served, and the next report among few tracees may come from here on.
    pub fn served(&mut self, state: &State) {
        if !Self::are_of_many(state) {
            self.quiet = Instant::now();
        }
    }

    /// A tracee is about to report for the first time.
    pub fn expect(&mut self, tid: Tid) {
        self.recent.put(tid);
    }

    /// Takes the next report.
    pub fn next(&mut self, tracer: &Tracer, state: &State, when_none: WhenNone) -> Result<Waited, OsError> {
        let waited = self.search(tracer, state, when_none);
        if let Ok(Waited::Report(report)) = &waited {
            self.recent.put(report.tid());
        }
        waited
    }

    fn search(&mut self, tracer: &Tracer, state: &State, when_none: WhenNone) -> Result<Waited, OsError> {
        if !Self::are_of_many(state) {
            self.more = true;
            self.to_ask.clear();
            let waited = tracer.wait(when_none);
            if when_none == WhenNone::Wait {
                self.quiet = Instant::now();
            }
            self.since = self.quiet;
            return waited;
        }
        if let Some(report) = tracer.take_given_back() {
            self.since = self.quiet;
            return Ok(Waited::Report(report));
        }
        if self.named_in_a_row < NAMED_IN_A_ROW
            && let Some(waited) = self.named(tracer, Some(Duration::ZERO)).or_else(|| self.recent(tracer))
        {
            return Ok(waited);
        }
        self.named_in_a_row = 0;
        loop {
            if let Some(waited) = self.asked(tracer).or_else(|| self.found(tracer, state).transpose()).transpose()? {
                return Ok(waited);
            }
            if when_none == WhenNone::Return {
                return Ok(Waited::Nothing);
            }
            let patience = self.more.then(|| self.sweep.due_in(Instant::now()));
            match self.named(tracer, patience) {
                Some(waited) => return Ok(waited),
                // The name was that of one that was heard already.
                None if self.more && patience.is_none() => {}
                None => return Ok(Waited::Nothing),
            }
        }
    }

    /// The report of the tracee that a SIGCHLD names.
    fn named(&mut self, tracer: &Tracer, patience: Option<Duration>) -> Option<Waited> {
        let now = Instant::now();
        let Some(tid) = take_child_signal(patience) else {
            // Each report before the last SIGCHLD was heard, and there has been no other.
            if !self.more && self.to_ask.is_empty() {
                self.quiet = now;
            }
            return None;
        };
        self.more = true;
        let before = std::mem::replace(&mut self.named_last, Instant::now());
        let report = tracer.report_of(tid)?;
        self.named_in_a_row += 1;
        self.since = before.max(self.quiet);
        Some(Waited::Report(report))
    }

    /// The report of one of those who reported last.
    fn recent(&mut self, tracer: &Tracer) -> Option<Waited> {
        let mut recent = self.recent.0.iter().copied().flatten().filter(|_| self.more);
        let report = recent.find_map(|tid| tracer.report_of(tid))?;
        self.named_in_a_row += 1;
        self.since = self.quiet;
        Some(Waited::Report(report))
    }

    /// The report of one of those that are to be asked.
    fn asked(&mut self, tracer: &Tracer) -> Option<Result<Waited, OsError>> {
        while let Some(tid) = self.to_ask.pop() {
            let report = tracer.report_of(tid);
            if self.to_ask.is_empty() {
                self.quiet = self.asking_since;
            }
            if let Some(report) = report {
                self.since = self.quiet;
                return Some(Ok(Waited::Report(report)));
            }
        }
        None
    }

    /// The report of any tracee, if it is time to look at all of them.
    fn found(&mut self, tracer: &Tracer, state: &State) -> Result<Option<Waited>, OsError> {
        let began = Instant::now();
        if !self.more || !self.sweep.due_in(began).is_zero() {
            return Ok(None);
        }
        self.more = false;
        match tracer.wait(WhenNone::Return)? {
            Waited::Nothing => {
                (self.quiet, self.found_in_a_row) = (began, 0);
                self.sweep.found_nothing(began, Instant::now());
                Ok(None)
            }
            Waited::NoTracee => Ok(Some(Waited::NoTracee)),
            Waited::Report(report) => {
                (self.more, self.since) = (true, self.quiet);
                self.found_in_a_row += 1;
                if self.found_in_a_row >= FEW {
                    self.found_in_a_row = 0;
                    self.asking_since = Instant::now();
                    self.to_ask = state.tids().collect();
                }
                Ok(Some(Waited::Report(report)))
            }
        }
    }

    /// Gives the CPU to others for a moment, or until somebody reports.
    pub fn rest(&mut self, moment: Duration) {
        // One that is pending may be old news.
        self.more |= take_child_signal(Some(Duration::ZERO)).is_some();
        self.more |= take_child_signal(Some(moment)).is_some();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_reported_last_are_kept_once_each() {
        let mut recent = Recent::default();
        [1, 2, 3, 2, 1].into_iter().for_each(|tid| recent.put(Tid(tid)));
        assert_eq!(recent.0, [Some(Tid(1)), Some(Tid(2)), Some(Tid(3)), None]);
        [4, 5].into_iter().for_each(|tid| recent.put(Tid(tid)));
        assert_eq!(recent.0, [Some(Tid(5)), Some(Tid(4)), Some(Tid(1)), Some(Tid(2))]);
    }

    #[test]
    fn a_search_in_vain_takes_a_part_of_the_time() {
        let start = Instant::now();
        let mut sweep = Sweep { not_before: start };
        assert_eq!(sweep.due_in(start), Duration::ZERO);
        let took = Duration::from_micros(100);
        sweep.found_nothing(start, start + took);
        assert_eq!(sweep.due_in(start + took), took * Sweep::REST);
        assert_eq!(sweep.due_in(start + took * 10), Duration::ZERO);
        sweep.found_nothing(start, start + Duration::from_secs(1));
        assert_eq!(sweep.due_in(start + Duration::from_secs(1)), Sweep::LONGEST);
    }
}
