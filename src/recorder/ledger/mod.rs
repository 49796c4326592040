//! Turning what a run left in journal and marks into one file per process, and one of those in which nothing was planted:
//! continuously while it is live, and the same way afterwards where it was cut short.

mod checkpoint;
mod files;
mod shared;

pub(super) use checkpoint::Checkpoint;
pub(super) use files::Completeness;

use super::facts::{Facts, StoredFacts};
use super::lines::{New, RunLines};
use super::replay::Replay;
use crate::link::{ImageId, JournalReader, ProcessNo, Repeats, RunDir};
use crate::store::ReadFiles;
use crate::store::{DataDir, Flush, LabelValues, StoreError, UnixMillis, Warning, Writer, is_label_key};
use crate::warning::WarningKind;
use platform::{Marks, OsError, Pid};
use shared::SharedFiles;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;

/// Why a run's data is not in its files.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// A file of the run could not be used.
    #[error(transparent)]
    Os(#[from] OsError),
    /// The journal could not be read.
    #[error("read the run's journal: {0}")]
    Journal(std::io::Error),
    /// A process's file could not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A run's journal and marks on the one side, its processes' files on the other.
pub(super) struct Ledger {
    run: RunDir,
    data: DataDir,
    journal: JournalReader,
    memory_journal: Option<JournalReader>,
    marks: Marks,
    memory_marks: Option<Marks>,
    pub replay: Replay,
    facts: BTreeMap<ImageId, Facts>,
    /// The labels of the run.
    pub labels: LabelValues,
    writer: Writer,
    shared: SharedFiles,
    /// What all processes that ran a program have run.
    pub lines: RunLines,
    /// Processes whose last file was written.
    pub finished: u64,
    /// How often processes ran the same.
    pub repeats: Repeats,
    /// Those of them that were let go: pid and start in clock ticks since boot.
    pub let_go: Vec<(Pid, u64)>,
    /// What files had that processes read.
    read_files: RefCell<ReadFiles>,
    /// Files written for good that may not be on disk.
    unsynced: Vec<PathBuf>,
    /// Files of the run that may not be on disk.
    unsynced_run: Vec<PathBuf>,
    /// How much of the journal is in the last checkpoint, in bytes.
    checkpointed: u64,
}

impl Ledger {
    pub fn open(run: &RunDir, data: &DataDir) -> Result<Self, LedgerError> {
        Ok(Ledger {
            run: run.clone(),
            data: data.clone(),
            journal: JournalReader::new(run.journal_to_read()?),
            marks: Marks::to_read(run.marks_to_read()?),
            memory_journal: None,
            memory_marks: None,
            replay: Replay::new(run.name(), run.scope()),
            facts: BTreeMap::new(),
            labels: kept_labels(run),
            writer: Writer::new()?,
            shared: SharedFiles::default(),
            lines: RunLines::default(),
            finished: 0,
            repeats: Repeats::default(),
            let_go: Vec::new(),
            read_files: RefCell::default(),
            unsynced: Vec::new(),
            unsynced_run: Vec::new(),
            checkpointed: 0,
        })
    }

    /// Takes marks that are kept in memory.
    pub fn add_memory_marks(&mut self, file: File) {
        self.memory_marks = Some(Marks::new(file));
    }

    /// Takes a journal that goes on in memory.
    pub fn add_memory_journal(&mut self, file: File) {
        self.memory_journal = Some(JournalReader::new(file));
    }

    /// Size of the map of marks in bytes.
    pub fn size_of_marks(&self) -> u64 {
        self.marks.len() + self.memory_marks.as_ref().map_or(0, Marks::len)
    }

    /// Whether all that was heard would survive this process.
    pub fn is_recoverable(&self) -> bool {
        self.memory_journal.is_none() && self.memory_marks.is_none() && !self.run.is_gone()
    }

    /// Goes on in another data directory, in which nothing is yet.
    pub fn go_on_in(&mut self, data: &DataDir) {
        self.data = data.clone();
        self.writer.forget_images();
        self.shared.go_on_elsewhere();
        self.unsynced.clear();
        self.replay.processes.values_mut().for_each(|process| process.changed = true);
    }

    /// Takes an image's facts.
    pub fn add_facts(&mut self, image: ImageId, facts: Facts) {
        self.unsynced_run.push(self.run.facts(image));
        self.facts.insert(image, facts);
        for process in self.replay.processes.values_mut().filter(|process| process.images.contains(&image)) {
            process.changed = true;
        }
    }

    /// Takes the facts of all images that the run's directory has and that are not known yet.
    pub fn load_facts(&mut self) {
        let unknown: Vec<ImageId> =
            self.replay.images.keys().copied().filter(|image| !self.facts.contains_key(image)).collect();
        for image in unknown {
            let stored = self.run.read_facts(image).ok().and_then(|bytes| StoredFacts::decode(&bytes));
            if let Some(stored) = stored {
                self.facts.insert(image, stored.into_facts());
            }
        }
    }

    /// Reads what is new in journal and marks.
    pub fn catch_up(&mut self) -> Result<(), LedgerError> {
        for journal in std::iter::once(&mut self.journal).chain(&mut self.memory_journal) {
            let new = journal.read_new().map_err(LedgerError::Journal)?;
            new.records.into_iter().for_each(|record| self.replay.take(record));
            self.replay.note_damage(new.damaged);
        }
        self.marks.follow()?;
        if let Some(marks) = &mut self.memory_marks {
            marks.follow()?;
        }
        Ok(())
    }

    /// Looks what the processes have run since the last time; it is noted as seen at `at`.
    pub fn collect(&mut self, at: UnixMillis) {
        for process in self.replay.processes.values_mut().filter(|process| !process.execs.is_empty()) {
            for image in &process.images {
                if let Some(facts) = self.facts.get(image) {
                    self.lines.enter(*image, &facts.image);
                }
            }
            let mut new = New::default();
            for (index, section) in process.sections.iter().enumerate() {
                let marks = if section.in_memory { self.memory_marks.as_ref() } else { Some(&self.marks) };
                if process.lines.is_done(index) {
                    continue;
                }
                let (Some(marks), Some(facts)) = (marks, self.facts.get(&section.image)) else { continue };
                let bytes = marks.read(section.base, u64::from(section.bits).div_ceil(8));
                let found = process.lines.take(index, bytes, section, facts, &mut self.lines);
                new.in_process += found.in_process;
                new.in_run += found.in_run;
                process.changed |= found.functions > 0;
            }
            if new.in_process > 0 {
                self.repeats.processes += u64::from(process.flushes.is_empty());
                self.repeats.lines += new.in_process;
                self.repeats.distinct += new.in_run;
                // A clock may be set back, and the time of the last mark is known only roughly.
                let at = process.flushes.last().map_or(at, |last| at.max(UnixMillis(last.at.0 + 1)));
                process.flushes.push(Flush { at, new_lines: new.in_process, new_in_run: new.in_run });
                process.changed = true;
            }
        }
    }

    /// The processes that have not ended, with their pids.
    pub fn living(&self) -> Vec<(ProcessNo, i32)> {
        let living = self.replay.processes.iter().filter(|(_, facts)| facts.head.end.is_none());
        living.map(|(process, facts)| (*process, facts.head.pid)).collect()
    }

    /// The processes that have ended and are not in their files for good.
    pub fn ended(&self) -> Vec<ProcessNo> {
        self.replay
            .processes
            .iter()
            .filter(|(_, facts)| facts.head.end.is_some())
            .map(|(process, _)| *process)
            .collect()
    }

    /// Those of them whose images are all known: the facts of an image come a moment after its plan.
    pub fn ended_and_known(&self) -> Vec<ProcessNo> {
        let known = |process: &ProcessNo| {
            let facts = self.replay.processes.get(process);
            facts.is_some_and(|facts| facts.images.iter().all(|image| self.facts.contains_key(image)))
        };
        self.ended().into_iter().filter(known).collect()
    }

    /// Notes if marks of a process were in memory only and are gone; true if so.
    pub fn note_lost_marks(&mut self, process: ProcessNo) -> bool {
        let Some(facts) = self.replay.processes.get_mut(&process) else { return false };
        let lost = facts.sections.iter().filter(|section| section.in_memory).count() as u64;
        if lost > 0 && self.memory_marks.is_none() {
            let text = "the disk was full, and marks that were in memory went with the processes that kept them";
            facts.warnings.push(Warning::new(WarningKind::HitsLost, text, lost));
        }
        lost > 0 && self.memory_marks.is_none()
    }

    /// When the marks were written to last, as far as the file system knows.
    pub fn last_mark(&self) -> Option<UnixMillis> {
        let modified = std::fs::metadata(self.run.marks_path()).and_then(|marks| marks.modified()).ok()?;
        let since = modified.duration_since(std::time::UNIX_EPOCH).ok()?;
        Some(UnixMillis(since.as_millis() as i64))
    }
}

/// The labels that a run's directory has.
fn kept_labels(run: &RunDir) -> LabelValues {
    let mut labels = run.labels().unwrap_or_default();
    labels.retain(|key, _| is_label_key(key));
    labels
}

#[cfg(test)]
mod tests;
