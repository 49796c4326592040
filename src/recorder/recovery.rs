//! Picking up what a run left that was cut short: the process that opens the data directory next does it.
//!
//! Invariant: a run's directory is removed only after every process of it is in its file.

use super::ledger::{Completeness, Ledger, LedgerError};
use crate::link::RunDir;
use crate::store::{DataDir, EndReason, StoreError, UnixMillis};
use std::collections::BTreeSet;
use std::fmt;
use std::io;

/// What was picked up of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// The run's name.
    pub run: String,
    /// How many processes were written into their files.
    pub processes: u64,
    /// Of these, how many are incomplete.
    pub incomplete: u64,
}

impl fmt::Display for Recovered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = if self.processes == 1 { "process" } else { "processes" };
        let (count, run, incomplete) = (self.processes, &self.run, self.incomplete);
        write!(f, "recovered {count} {noun} of run {run}, which was cut short ({incomplete} incomplete)")
    }
}

/// Why a run could not be picked up.
#[derive(Debug, thiserror::Error)]
#[error("recover run {run}: {source}; what it left stays there for the next command (`cov-trace erase` gives it up)")]
pub struct RecoveryError {
    /// The run's name.
    run: String,
    /// What failed first.
    source: LedgerError,
}

/// Recovers every run of the data directory that nobody is recording any more; one that cannot be does not stop the
/// others.
pub fn recover(data: &DataDir) -> Result<Vec<Result<Recovered, RecoveryError>>, StoreError> {
    let mut recovered = Vec::new();
    for found in data.runs()? {
        // Holding the lock keeps a second recovery away.
        let _lock = match found.lock_if_dead() {
            Ok(Some(lock)) => lock,
            Ok(None) => continue,
            Err(source) => {
                recovered.push(Err(RecoveryError { run: found.run, source: source.into() }));
                continue;
            }
        };
        let name = found.run.clone();
        let run = match found.open() {
            Ok(run) => run,
            // Somebody else was faster.
            Err(StoreError::Directory { source, .. }) if source.kind() == io::ErrorKind::NotFound => continue,
            Err(source) => {
                recovered.push(Err(RecoveryError { run: name, source: source.into() }));
                continue;
            }
        };
        if !run.has_journal() {
            // Another recovery was faster, or the run never began.
            continue;
        }
        recovered.push(recover_run(&run, data).map_err(|source| RecoveryError { run: name, source }));
    }
    Ok(recovered)
}

fn recover_run(run: &RunDir, data: &DataDir) -> Result<Recovered, LedgerError> {
    let mut ledger = Ledger::open(run, data)?;
    ledger.resume_from_checkpoint();
    ledger.catch_up()?;
    ledger.load_facts();
    let mut recovered = Recovered { run: run.name().to_owned(), processes: 0, incomplete: 0 };
    let processes: Vec<_> = ledger.replay.processes.iter().map(|(process, facts)| (*process, facts.head.end)).collect();
    let mut complete_already = BTreeSet::new();
    let mut shared = ledger.find_shared()?;
    for (process, _) in &processes {
        let stored = ledger.stored(*process).or_else(|| shared.living.remove(process));
        let mut complete = shared.ended.contains(process);
        if let Some(stored) = stored.filter(|_| !complete) {
            complete = stored.complete;
            ledger.resume(*process, stored);
        }
        if complete {
            // Its marks may be another one's by now.
            ledger.replay.processes.remove(process);
            complete_already.insert(*process);
        }
    }
    // What came after the last flush was seen by nobody; it was marked by then.
    let last_mark = ledger.last_mark().unwrap_or(UnixMillis(platform::unix_millis()));
    ledger.collect(last_mark);
    for (process, end) in processes {
        if complete_already.contains(&process) {
            continue;
        }
        // A process that was let go because its recorder died ran on unseen.
        let ended = end.is_some_and(|end| end.reason != EndReason::Detached);
        let completeness = match ended && !ledger.note_lost_marks(process) {
            true => Completeness::Complete,
            false => Completeness::Incomplete,
        };
        ledger.finish(process, completeness)?;
        recovered.processes += 1;
        recovered.incomplete += u64::from(completeness == Completeness::Incomplete);
    }
    ledger.write_shared()?;
    run.remove()?;
    Ok(recovered)
}
