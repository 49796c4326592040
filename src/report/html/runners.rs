//! Which processes ran which lines, gathered process by process.
//!
//! Invariants: equal sets of lines of a source are kept once; what is kept is limited, whatever the number of processes,
//! and what is left out is counted.

use super::script::gaps;
use crate::report::model::builds::{ChosenSources, Placer};
use crate::report::model::processes::ProcessSummary;
use crate::report::model::select::Selection;
use crate::store::{Numbits, ProcessRecord};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

/// Bytes that are kept at most, about.
const BUDGET: usize = 128 << 20;

/// Bytes of a program's arguments that are kept.
const MAX_ARGUMENTS: usize = 240;

/// Gathers which processes ran which lines.
#[derive(Debug)]
pub struct Runners<'a> {
    selection: &'a Selection,
    placer: Placer<'a>,
    /// By position of the source.
    files: Vec<OfFile>,
    processes: Vec<ProcessSummary>,
    left: usize,
}

/// Who ran what of one source.
#[derive(Debug, Default)]
pub(super) struct OfFile {
    by_lines: HashMap<Numbits, Vec<PidSpan>>,
    left_out: usize,
}

/// Processes that follow each other: the first and the last.
type PidSpan = (usize, usize);

/// What a page holds of it.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Embedded {
    /// Sets of lines and those who ran them, both as runs: how many are between it and the one before, how many it has.
    sets: Vec<(Vec<usize>, Vec<usize>)>,
    /// How many processes are not in here.
    pub(super) left_out: usize,
}

impl<'a> Runners<'a> {
    /// Starts with nothing; of what is added, only what is selected counts.
    pub fn new(selection: &'a Selection, sources: &'a ChosenSources) -> Self {
        Runners {
            selection,
            placer: Placer::new(sources),
            files: sources.paths.iter().map(|_| OfFile::default()).collect(),
            processes: Vec::new(),
            left: BUDGET,
        }
    }

    /// Adds a process, if it is selected.
    pub fn add(&mut self, record: &ProcessRecord) {
        if !self.selection.takes_process(record.head.pid) {
            return;
        }
        let mut ran: BTreeMap<usize, Numbits> = BTreeMap::new();
        for (file, hits) in self.placer.positions(self.selection, record) {
            ran.entry(file).or_default().union_with(&hits.lines);
        }
        let process = self.processes.len();
        for (file, lines) in ran {
            if !lines.is_empty() {
                self.left = self.left.saturating_sub(self.files[file].add(lines, process, self.left));
            }
        }
        let mut summary = ProcessSummary::new(record, self.selection);
        shorten(&mut summary.program);
        self.processes.push(summary);
    }

    /// The processes in the order in which they were added.
    pub(super) fn processes(&self) -> &[ProcessSummary] {
        &self.processes
    }

    /// Who ran what of the source at a path.
    pub(super) fn of_file(&self, path: &str) -> Option<&OfFile> {
        let position = self.placer.sources.paths.binary_search_by(|source| source.as_str().cmp(path));
        position.ok().map(|position| &self.files[position])
    }
}

impl OfFile {
    /// Adds the lines of a process; returns how many bytes that took.
    fn add(&mut self, lines: Numbits, process: usize, left: usize) -> usize {
        let size = lines.as_bytes().len() + 64;
        if let Some(runs) = self.by_lines.get_mut(&lines) {
            match runs.last_mut() {
                Some((_, last)) if *last + 1 == process => *last = process,
                _ if left >= size_of::<PidSpan>() => {
                    runs.push((process, process));
                    return size_of::<PidSpan>();
                }
                _ => self.left_out += 1,
            }
            return 0;
        }
        if left < size {
            self.left_out += 1;
            return 0;
        }
        self.by_lines.insert(lines, vec![(process, process)]);
        size
    }

    /// What a page holds of it: those sets first that most processes ran, as long as they take no more than this many
    /// numbers.
    pub(super) fn embedded(&self, most: usize) -> Embedded {
        let count = |runs: &[PidSpan]| runs.iter().map(|(first, last)| last - first + 1).sum::<usize>();
        let mut sets: Vec<_> = self.by_lines.iter().map(|(lines, runs)| (count(runs), lines, runs)).collect();
        sets.sort_by(|one, other| (other.0, one.2, one.1).cmp(&(one.0, other.2, other.1)));
        let mut embedded = Embedded { sets: Vec::new(), left_out: self.left_out };
        let mut left = most;
        for (processes, lines, runs) in sets {
            let set = (
                gaps(lines.ranges().into_iter().map(|(first, last)| (first as usize, last as usize))),
                gaps(runs.iter().copied()),
            );
            match left.checked_sub(set.0.len() + set.1.len()) {
                Some(rest) => {
                    left = rest;
                    embedded.sets.push(set);
                }
                None => embedded.left_out += processes,
            }
        }
        embedded
    }
}

/// Drops arguments, and the end of the last that is left.
fn shorten(program: &mut Vec<String>) {
    let mut left = MAX_ARGUMENTS;
    program.retain_mut(|word| {
        let keeps = left > 0;
        let end = (0..=left.min(word.len())).rev().find(|end| word.is_char_boundary(*end)).unwrap_or(0);
        word.truncate(end);
        left = left.saturating_sub(end + 1);
        keeps
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sample;

    fn record(pid: i32, lines: &[u32]) -> ProcessRecord {
        let mut record = sample::record();
        record.head.pid = pid;
        record.hits = vec![sample::hits(0, 0, 0, lines)];
        record
    }

    #[test]
    fn equal_sets_are_kept_once_with_all_who_ran_them() {
        let selection = Selection::all();
        let sources = ChosenSources::of(&selection, [&record(1, &[])]);
        let mut runners = Runners::new(&selection, &sources);
        for (pid, lines) in [(1, &[1, 2, 9][..]), (2, &[1, 2, 9]), (3, &[9]), (4, &[1, 2, 9]), (5, &[])] {
            runners.add(&record(pid, lines));
        }
        let file = runners.of_file("/real/a.c").unwrap();
        let all = Embedded { sets: vec![(vec![1, 2, 6, 1], vec![0, 2, 1, 1]), (vec![9, 1], vec![2, 1])], left_out: 0 };
        assert_eq!(file.embedded(100), all);
        let less = file.embedded(9);
        assert_eq!((less.sets.len(), less.left_out), (1, 1));
        assert_eq!(runners.processes().len(), 5);
        assert!(runners.of_file("/src/none.c").is_none());
    }

    #[test]
    fn only_so_much_is_kept_and_the_rest_counted() {
        let selection = Selection::all();
        let sources = ChosenSources::of(&selection, [&record(1, &[])]);
        let mut runners = Runners::new(&selection, &sources);
        runners.left = 70;
        for (pid, lines) in [(1, &[1][..]), (2, &[1]), (3, &[2]), (4, &[1])] {
            runners.add(&record(pid, lines));
        }
        let expected = Embedded { sets: vec![(vec![1, 1], vec![0, 2])], left_out: 2 };
        assert_eq!(runners.of_file("/real/a.c").unwrap().embedded(100), expected);
    }

    #[test]
    fn arguments_are_shortened() {
        let mut program = vec!["\u{e4}".repeat(119), "bcd".to_owned(), "e".to_owned()];
        shorten(&mut program);
        assert_eq!((program.len(), program[1].as_str()), (2, "b"));
    }
}
