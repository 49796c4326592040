//! The files that processes share in which nothing was planted: one of those that go on, and of those that have ended a
//! file, then another one once that is large. The first also has the labels of the run, and stays for them.
//!
//! Invariants: a process is in its next file before it leaves the one it was in; a large file is never written again.

use super::{Ledger, LedgerError};
use crate::link::ProcessNo;
use crate::recorder::replay::ProcessFacts;
use crate::store::{ProcessFile, ProcessRecord, Reader, RunLabels};
use std::collections::{BTreeMap, BTreeSet};

/// From which length on, in bytes, a file is not added to: until then all of it is written each time.
const LARGE: usize = 256 * 1024;

/// What the shared files of a run have, and are to have.
#[derive(Debug)]
pub(super) struct SharedFiles {
    /// The file that processes which have ended are added to.
    number: u32,
    /// Those of them that are in it, then those that are to be.
    ended: Vec<ProcessRecord>,
    written: usize,
    /// Those that the file of the living has.
    living: BTreeSet<ProcessNo>,
    /// Whether that is to be written.
    living_changed: bool,
    /// Whether the run has a data file: one without processes is worth nothing.
    begun: bool,
}

impl Default for SharedFiles {
    fn default() -> Self {
        SharedFiles {
            number: 1,
            ended: Vec::new(),
            written: 0,
            living: BTreeSet::new(),
            living_changed: true,
            begun: false,
        }
    }
}

impl SharedFiles {
    /// Notes that a process is no longer to be among the living, if it was.
    pub fn leave(&mut self, process: ProcessNo) {
        self.living_changed |= self.living.contains(&process);
    }

    /// Notes that there is something new of a living process.
    pub fn change(&mut self) {
        self.living_changed = true;
    }

    /// Takes a process that has ended.
    pub fn add(&mut self, record: ProcessRecord) {
        self.ended.push(record);
    }

    /// How many that have ended are in no file for good.
    pub fn unwritten(&self) -> u64 {
        (self.ended.len() - self.written) as u64
    }

    /// Takes it that the data directory is another one, in which nothing is yet.
    pub fn go_on_elsewhere(&mut self) {
        self.ended.drain(..self.written);
        self.written = 0;
        self.living.clear();
        self.living_changed = true;
    }
}

/// What the shared files of a run have that was cut short.
#[derive(Debug, Default)]
pub(in crate::recorder) struct FoundShared {
    /// The processes that went on, as they were.
    pub living: BTreeMap<ProcessNo, ProcessRecord>,
    /// Those that are in a file for good.
    pub ended: BTreeSet<ProcessNo>,
}

impl Ledger {
    /// Reads the shared files that the run has already, and goes on beside them. One that cannot be read has nothing.
    pub fn find_shared(&mut self) -> Result<FoundShared, LedgerError> {
        let mut found = FoundShared::default();
        let mut files = self.data.process_files()?;
        files.retain(|file| file.run == self.run.name());
        self.shared.begun |= !files.is_empty();
        for file in files.iter().filter(|file| file.has_several()) {
            let records = self.data.read_all(&Reader::default(), file).unwrap_or_default().into_iter();
            let records = records.map(|record| (ProcessNo(record.head.sequence), record));
            if file.is_of_living() {
                found.living.extend(records);
                // What the disk had no room for when the run began may have got in here later.
                if self.labels.is_empty() {
                    let labels = self.data.read_labels(&Reader::default(), file).unwrap_or_default();
                    self.labels = labels.get(self.run.name()).cloned().unwrap_or_default();
                }
            } else {
                found.ended.extend(records.map(|(process, _)| process));
                self.shared.number = self.shared.number.max(file.sequence.saturating_add(1));
            }
        }
        Ok(found)
    }

    /// How many processes that have ended are in no shared file, since it could not be written.
    pub fn unwritten(&self) -> u64 {
        self.shared.unwritten()
    }

    /// Writes the shared files, where there is something new.
    pub fn write_shared(&mut self) -> Result<(), LedgerError> {
        let unwritten = self.shared.unwritten();
        if unwritten > 0 {
            let file = ProcessFile::of_several(self.run.name().to_owned(), self.shared.number);
            let records: Vec<&ProcessRecord> = self.shared.ended.iter().collect();
            let length = self.writer.write_file(&self.data, &file, &records)?;
            self.finished += unwritten;
            self.unsynced.push(self.data.path_of(&file));
            self.shared.written = self.shared.ended.len();
            if length >= LARGE {
                self.shared.ended.clear();
                self.shared.written = 0;
                self.shared.number += 1;
            }
        }
        if self.shared.living_changed {
            self.write_living()?;
        }
        Ok(())
    }

    fn write_living(&mut self) -> Result<(), LedgerError> {
        let file = ProcessFile::of_living(self.run.name().to_owned());
        let goes_on = |facts: &ProcessFacts| !facts.execs.is_empty() && !self.is_planted(facts);
        let living = self.replay.processes.iter().filter(|(_, facts)| goes_on(facts));
        let (numbers, records): (BTreeSet<ProcessNo>, Vec<ProcessRecord>) =
            living.map(|(process, facts)| (*process, self.record(facts, super::Completeness::Incomplete))).unzip();
        self.shared.begun |= self.finished > 0 || self.replay.processes.values().any(|facts| !facts.execs.is_empty());
        if !self.shared.begun {
            return Ok(());
        }
        if records.is_empty() && self.labels.is_empty() {
            self.data.remove_file(&file)?;
        } else {
            let labels = RunLabels::of_run(self.run.name(), self.labels.clone());
            self.writer.write_labelled(&self.data, &file, &records.iter().collect::<Vec<_>>(), &labels)?;
            self.unsynced.push(self.data.path_of(&file));
        }
        self.shared.living = numbers;
        self.shared.living_changed = false;
        Ok(())
    }
}
