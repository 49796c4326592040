//! Waiting for what the tracees report, also where there are thousands of them.
//!
//! waitpid(-1) looks at every tracee until it finds one that has something to report, so that to hear many of many takes
//! the square of their number. Among many, the SIGCHLD that each report sends names whom to ask; where several come
//! together it names only one of them, so the others are looked for: by waitpid(-1) as long as there are few, and by asking
//! one after the other where it found several.
//!
//! Invariant: it blocks only after nothing was found behind the last SIGCHLD, so that no report is left lying; and a
//! tracee that is named again and again keeps no other one waiting.

use crate::supervisor::decide::state::State;
use platform::{OsError, Tid, Tracer, Waited, WhenNone, take_child_signal};
use std::time::{Duration, Instant};

/// More tracees than this are many.
const MANY: usize = 64;

/// After so many reports that waitpid(-1) found in a row every tracee is asked.
const FEW: u32 = 4;

/// After so many tracees in a row that were named, others are looked for.
const NAMED_IN_A_ROW: u32 = 16;

/// How far the search is.
#[derive(Debug)]
pub(crate) struct Reports {
    /// Tracees to ask, the next one last.
    to_ask: Vec<Tid>,
    /// When asking them began.
    asking_since: Instant,
    /// Whether there may be reports that nobody named.
    more: bool,
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

    /// Takes the next report.
    pub fn next(&mut self, tracer: &Tracer, state: &State, when_none: WhenNone) -> Result<Waited, OsError> {
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
        if self.named_in_a_row < NAMED_IN_A_ROW
            && let Some(waited) = self.named(tracer, Some(Duration::ZERO))
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
            match self.named(tracer, None) {
                Some(waited) => return Ok(waited),
                None if self.more => {}
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

    /// The report of any tracee.
    fn found(&mut self, tracer: &Tracer, state: &State) -> Result<Option<Waited>, OsError> {
        if !std::mem::take(&mut self.more) {
            return Ok(None);
        }
        let began = Instant::now();
        match tracer.wait(WhenNone::Return)? {
            Waited::Nothing => {
                (self.quiet, self.found_in_a_row) = (began, 0);
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
