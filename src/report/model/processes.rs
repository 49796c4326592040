//! What `ps` tells of one process.

use super::scopes::Scopes;
use super::select::Selection;
use crate::store::{Digest, FileFacts, Numbits, ProcessHead, ProcessRecord};
use std::collections::HashMap;

/// A process without its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessSummary {
    /// Which process it is, and how it ended.
    pub head: ProcessHead,
    /// Whether everything is known of it.
    pub complete: bool,
    /// The arguments of the program that it ran last, or that program's path.
    pub program: Vec<String>,
    /// What was to be measured.
    pub scopes: Scopes,
    /// How many distinct lines it ran, of those that are selected.
    pub lines: u64,
}

impl ProcessSummary {
    /// Sums a process up.
    pub fn new(record: &ProcessRecord, selection: &Selection) -> Self {
        let exec = record.execs.last();
        let argv = exec.map(|exec| exec.argv.clone()).filter(|argv| !argv.is_empty());
        let mut scopes = Scopes::default();
        scopes.add(record);
        ProcessSummary {
            scopes,
            head: record.head.clone(),
            complete: record.complete,
            program: argv.unwrap_or_else(|| exec.map(|exec| exec.exe.clone()).into_iter().collect()),
            lines: distinct_lines(record, selection),
        }
    }
}

/// Lines of sources of several images, or under several contexts: of each source once.
#[derive(Debug, Default)]
pub(super) struct LinesBySource<'a>(HashMap<(&'a str, Digest), Numbits>);

impl<'a> LinesBySource<'a> {
    /// Adds lines of a source.
    pub(super) fn add(&mut self, source: &'a FileFacts, lines: &Numbits) {
        self.0.entry(source.identity()).or_default().union_with(lines);
    }

    /// How many lines there are.
    pub(super) fn count(&self) -> u64 {
        self.0.values().map(Numbits::len).sum()
    }
}

fn distinct_lines(record: &ProcessRecord, selection: &Selection) -> u64 {
    let mut lines = LinesBySource::default();
    for (hits, file) in selection.hits(record) {
        if selection.sources.takes(&file.path, || file.origin.real.clone()) {
            lines.add(file, &hits.lines);
        }
    }
    lines.count()
}
