//! What `ps` tells of one process.

use super::select::Selection;
use crate::store::{Digest, Numbits, ProcessHead, ProcessRecord};
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
    /// How many distinct lines it ran, of those that are selected.
    pub lines: u64,
}

impl ProcessSummary {
    /// Sums a process up.
    pub fn new(record: &ProcessRecord, selection: &Selection) -> Self {
        let exec = record.execs.last();
        let argv = exec.map(|exec| exec.argv.clone()).filter(|argv| !argv.is_empty());
        ProcessSummary {
            head: record.head.clone(),
            complete: record.complete,
            program: argv.unwrap_or_else(|| exec.map(|exec| exec.exe.clone()).into_iter().collect()),
            lines: distinct_lines(record, selection),
        }
    }
}

/// A line that is in several images, or ran under several contexts, counts once.
fn distinct_lines(record: &ProcessRecord, selection: &Selection) -> u64 {
    let mut by_source: HashMap<(&str, Digest), Numbits> = HashMap::new();
    for (hits, file) in selection.hits(record) {
        if selection.sources.takes(&file.path) {
            by_source.entry(file.identity()).or_default().union_with(&hits.lines);
        }
    }
    by_source.values().map(Numbits::len).sum()
}
