//! Bringing every process's file up to date, a few at a time, so that many or large ones keep nobody waiting.
//!
//! Invariants: every process gets its turn in every round; what was seen when the round began is in the files when it
//! ends; a file that cannot be written does not stop the others.

use super::control::ClientId;
use super::ledger::{Completeness, Ledger, LedgerError};
use crate::link::ProcessNo;
use crate::store::UnixMillis;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How long is written before anybody else gets a turn.
const SLICE: Duration = Duration::from_millis(20);

/// Who waits for the end of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asker {
    /// Nobody: it is only to begin now.
    Nobody,
    /// The front, which wants to know who runs.
    Front,
    /// A command at the control socket.
    Client(ClientId),
}

/// A round under way.
#[derive(Debug)]
pub(super) struct Round {
    ended: VecDeque<ProcessNo>,
    living: VecDeque<ProcessNo>,
    /// Who gets an answer when it is over.
    pub askers: Vec<Asker>,
    /// The processes whose files were written for good.
    pub finished: Vec<ProcessNo>,
    /// Whether a living process's file was written.
    pub anything_new: bool,
    /// The first thing that went wrong.
    pub failure: Option<String>,
}

impl Round {
    /// Looks what is new.
    pub fn begin(ledger: &mut Ledger, askers: Vec<Asker>) -> Self {
        let failure = ledger.catch_up().err().map(|error| error.to_string());
        ledger.collect(UnixMillis(platform::unix_millis()));
        let living = ledger.living().into_iter().map(|(process, _)| process).collect();
        let ended = ledger.ended_and_known().into();
        Round { ended, living, askers, finished: Vec::new(), anything_new: false, failure }
    }

    /// Writes some files; true when all are written.
    pub fn go_on(&mut self, ledger: &mut Ledger) -> bool {
        let began = Instant::now();
        while began.elapsed() < SLICE {
            let result = if let Some(process) = self.ended.pop_front() {
                ledger.finish(process, Completeness::Complete).map(|()| self.finished.push(process))
            } else if let Some(process) = self.living.pop_front() {
                ledger.flush(process).map(|new| self.anything_new |= new)
            } else {
                let results = [ledger.write_shared(), ledger.restore_images()];
                results.into_iter().for_each(|result| self.note(result));
                return true;
            };
            self.note(result);
        }
        false
    }

    fn note(&mut self, result: Result<(), LedgerError>) {
        if let Err(error) = result {
            self.failure.get_or_insert(error.to_string());
        }
    }
}
