//! The files of the processes: written as they go on, written for the last time, and read back by a recovery.

use super::{Ledger, LedgerError};
use crate::link::{ContextId, ImageId, ProcessNo};
use crate::recorder::facts::Facts;
use crate::recorder::facts::Opens;
use crate::recorder::lines::RanOfFile;
use crate::recorder::replay::{ProcessFacts, SpanFacts};
use crate::store::{EndReason, Hits, OpenedFile, OpenedFor, ProcessFile, ProcessRecord, Reader, Span};
use platform::Pid;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Whether everything up to the end of a process (or the detach) is in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::recorder) enum Completeness {
    /// The file has everything.
    Complete,
    /// The process goes on, or its measurement was cut short.
    Incomplete,
}

impl Ledger {
    /// Writes the file of a process that goes on, as it was when collecting; true if there was anything new. One in which
    /// nothing was planted goes into a shared file, with the others.
    pub fn flush(&mut self, process: ProcessNo) -> Result<bool, LedgerError> {
        let facts = self.replay.processes.get(&process).filter(|facts| facts.changed && !facts.execs.is_empty());
        let Some(facts) = facts else { return Ok(false) };
        if self.is_planted(facts) {
            let record = self.record(facts, Completeness::Incomplete);
            self.writer.write_to(&self.data, &record)?;
            self.shared.leave(process);
        } else {
            self.shared.change();
        }
        if let Some(facts) = self.replay.processes.get_mut(&process) {
            facts.changed = false;
        }
        Ok(true)
    }

    /// Writes the file of a process for the last time and forgets the process; one that never got to its exec has none, and
    /// one in which nothing was planted goes into a shared file, with the others.
    pub fn finish(&mut self, process: ProcessNo, completeness: Completeness) -> Result<(), LedgerError> {
        let Some(facts) = self.replay.processes.get(&process) else {
            return Ok(());
        };
        if !facts.execs.is_empty() {
            let record = self.record(facts, completeness);
            let (head, is_planted) = (facts.head.clone(), self.is_planted(facts));
            if is_planted {
                self.writer.write_to(&self.data, &record)?;
                self.unsynced.push(self.data.path_of(&ProcessFile::of(&head)));
                self.finished += 1;
            } else {
                self.shared.add(record);
            }
            self.shared.leave(process);
            if head.end.is_some_and(|end| end.reason == EndReason::Detached) {
                self.let_go.push((Pid(head.pid), head.start_ticks));
            }
        }
        self.replay.processes.remove(&process);
        Ok(())
    }

    /// Writes what is known of images again, where somebody removed it beside the run.
    pub fn restore_images(&mut self) -> Result<(), LedgerError> {
        Ok(self.writer.restore_fact_files(&self.data)?)
    }

    /// What is in a process's own file already.
    pub fn stored(&self, process: ProcessNo) -> Option<ProcessRecord> {
        let facts = self.replay.processes.get(&process)?;
        self.data.read(&Reader::default(), &ProcessFile::of(&facts.head)).ok()
    }

    /// Whether breakpoints belong into a process, as far as its images are known.
    pub(super) fn is_planted(&self, facts: &ProcessFacts) -> bool {
        let mut known = facts.images.iter().filter_map(|image| self.facts.get(image));
        known.any(|facts| !facts.image.files.is_empty())
    }

    /// Goes on from what is in a process's file already.
    pub fn resume(&mut self, process: ProcessNo, stored: ProcessRecord) {
        let lines = self.lines.enter_record(&stored);
        if let Some(facts) = self.replay.processes.get_mut(&process) {
            facts.lines = lines;
            facts.flushes = stored.flushes;
        }
    }

    /// What is to be on disk: the files written for good.
    pub fn unsynced(&mut self) -> BTreeMap<PathBuf, Vec<PathBuf>> {
        let mut files = BTreeMap::new();
        for image in self.writer.take_fact_files() {
            let folder = image.parent().map(PathBuf::from).unwrap_or_default();
            files.entry(folder).or_insert_with(Vec::new).push(image);
        }
        if !self.unsynced.is_empty() {
            files.insert(self.data.path().to_owned(), std::mem::take(&mut self.unsynced));
        }
        files
    }

    /// The same with the run's journal and marks, so that a crash of the machine loses no more than what came since.
    pub fn unsynced_with_run(&mut self) -> BTreeMap<PathBuf, Vec<PathBuf>> {
        let mut files = self.unsynced();
        let mut of_run = std::mem::take(&mut self.unsynced_run);
        of_run.extend([self.run.journal(), self.run.marks_path()]);
        files.insert(self.run.path().to_owned(), of_run);
        files
    }

    pub(super) fn record(&self, facts: &ProcessFacts, completeness: Completeness) -> ProcessRecord {
        let images: Vec<(ImageId, &Facts)> = facts
            .images
            .iter()
            .filter_map(|image| self.facts.get(image).map(|facts| (*image, facts)))
            .filter(|(_, facts)| !facts.image.files.is_empty() || !facts.image.warnings.is_empty())
            .collect();
        let label = |context: ContextId| self.replay.contexts.get(&context).map_or("", String::as_str);
        let used: BTreeSet<ContextId> = facts.sections.iter().map(|section| section.context).collect();
        let labels: BTreeSet<&str> = used.iter().map(|context| label(*context)).chain([""]).collect();
        let contexts: Vec<&str> = labels.into_iter().collect();
        let mut hits = Vec::new();
        for id in used {
            let context = contexts.binary_search(&label(id)).expect("invariant: made of the same");
            for (index, (image, _)) in images.iter().enumerate() {
                hits.extend(facts.lines.of_image(id, *image).map(|(file, ran)| {
                    let RanOfFile { lines, functions } = ran.clone();
                    Hits { image: index, file, context, lines, functions }
                }));
            }
        }
        let file = |((context, path), (reads, writes)): (&(ContextId, String), &(bool, bool))| OpenedFile {
            label: label(*context).to_owned(),
            path: path.clone(),
            opened_for: OpenedFor::of(*reads, *writes),
            digest: if *reads { self.read_files.borrow_mut().digest(Path::new(path)) } else { None },
        };
        let opens = |image: &ImageId| self.facts.get(image).map_or(Opens::Unseen, |facts| facts.opens);
        let opens = facts.images.iter().map(opens);
        let are_known = facts.head.attached.is_none() && Opens::are_all_watched(opens);
        let span = |span: &SpanFacts| Span { at: span.at, label: label(span.context).to_owned(), opened: span.opened };
        ProcessRecord {
            complete: completeness == Completeness::Complete,
            head: facts.head.clone(),
            execs: facts.execs.clone(),
            hits,
            spans: facts.spans.iter().map(span).collect(),
            files: are_known.then(|| facts.opened.iter().map(file).collect()),
            images: images.iter().map(|(_, facts)| Arc::clone(&facts.image)).collect(),
            contexts: contexts.into_iter().map(str::to_owned).collect(),
            flushes: facts.flushes.clone(),
            warnings: facts.warnings.iter().chain(&self.replay.warnings).cloned().collect(),
        }
    }
}
