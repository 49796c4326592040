//! What ran in contexts, by source, as reports show it: sets of lines and functions, each with the contexts that it is of.
//!
//! Invariants: only lines that count in the report are in a set; no two sets of a source are equal, and a context has one at
//! most.

use super::contexts::ContextRow;
use super::functions::telling_lines;
use super::prepared::{Report, ReportFile};
use super::ran_sets::{RanOfSource, RanSet};
use crate::store::{FunctionFacts, Numbits};
use std::collections::BTreeMap;

/// What ran in contexts of the sources of a report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contexts {
    /// The contexts in the order of their labels.
    pub rows: Vec<ContextRow>,
    /// For each source of the report, what ran of it.
    pub files: Vec<Vec<SharedSet>>,
}

/// Lines and functions of a source that ran in each of some contexts, in which nothing else of it did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SharedSet {
    /// Lines that count.
    pub lines: Numbits,
    /// By their positions among the functions of the source.
    pub functions: Numbits,
    /// The contexts, by their positions in ascending order.
    pub contexts: Vec<u32>,
}

impl Contexts {
    /// Whether any has a label.
    pub fn have_labels(&self) -> bool {
        self.rows.iter().any(|row| !row.label.is_empty())
    }

    /// For each context the sources of which something ran in it, and which of the source's sets that was.
    pub fn by_context(&self) -> Vec<Vec<(usize, &SharedSet)>> {
        let mut found = vec![Vec::new(); self.rows.len()];
        for (file, sets) in self.files.iter().enumerate() {
            for set in sets {
                set.contexts.iter().for_each(|context| found[*context as usize].push((file, set)));
            }
        }
        found
    }

    /// Takes a report in parts: of each context what ran in it, by label. What did not run in any is in that of the empty
    /// label.
    pub fn for_each_part(&self, report: &Report, mut take: impl FnMut(&str, &Report)) {
        let mut never: Vec<ReportFile> = Vec::new();
        for (file, _) in report.files.iter().zip(&self.files).filter(|(_, sets)| sets.is_empty()) {
            never.push(part(file, &SharedSet::default()));
        }
        let by_context = self.by_context();
        let mut parts: Vec<(&str, Vec<(usize, &SharedSet)>)> =
            self.rows.iter().map(|row| row.label.as_str()).zip(by_context).collect();
        if parts.first().is_none_or(|(label, _)| !label.is_empty()) {
            parts.insert(0, ("", Vec::new()));
        }
        for (label, ran) in parts {
            let mut files: Vec<ReportFile> =
                ran.into_iter().map(|(file, set)| part(&report.files[file], set)).collect();
            if label.is_empty() {
                files.append(&mut never);
                files.sort_by(|one, other| one.name.cmp(&other.name));
            }
            if !files.is_empty() {
                take(label, &Report { files, ..Report::default() });
            }
        }
    }
}

/// A source with nothing but what ran in a context.
fn part(file: &ReportFile, set: &SharedSet) -> ReportFile {
    let mut part = file.clone();
    part.coverage.ran = set.lines.clone();
    let functions = (0..).zip(&file.coverage.functions).filter(|(position, _)| set.functions.contains(*position));
    part.coverage.entered = functions.map(|(_, function)| function.clone()).collect();
    part
}

/// What tells whether a function of a source ran.
pub(super) enum Telling {
    /// Its own probe.
    Probe,
    /// One of these lines, or its own probe.
    Lines(Numbits),
}

impl Telling {
    pub(super) fn of(function: &FunctionFacts, file: &ReportFile) -> Telling {
        if function.told { Telling::Probe } else { Telling::Lines(telling_lines(function, &file.coverage)) }
    }

    /// Whether the function of this number ran.
    pub(super) fn says(&self, number: Option<u32>, set: &RanSet) -> bool {
        let lines = match self {
            Telling::Probe => None,
            Telling::Lines(lines) => Some(lines),
        };
        number.is_some_and(|number| set.functions.contains(number))
            || lines.is_some_and(|lines| lines.has_any(&set.lines))
    }
}

/// What of a source counts in a report, by contexts.
pub(super) fn shared_sets(source: &RanOfSource, file: &ReportFile, positions: &[u32]) -> Vec<SharedSet> {
    let functions = file.coverage.functions.iter();
    let functions: Vec<(Telling, Option<u32>)> = functions
        .map(|function| (Telling::of(function, file), source.number_of(function.start, &function.name)))
        .collect();
    let mut sets: BTreeMap<RanSet, Vec<u32>> = BTreeMap::new();
    for (set, contexts) in source.sets() {
        let ran = (0..).zip(&functions).filter(|(_, (telling, number))| telling.says(*number, set));
        let functions = ran.map(|(position, _)| position).collect();
        let counted = RanSet { lines: set.lines.intersection(&file.coverage.executable), functions };
        if !counted.lines.is_empty() {
            sets.entry(counted).or_default().extend(contexts.into_iter().map(|number| positions[number as usize]));
        }
    }
    let shared = |(RanSet { lines, functions }, mut contexts): (RanSet, Vec<u32>)| {
        contexts.sort_unstable();
        SharedSet { lines, functions, contexts }
    };
    sets.into_iter().map(shared).collect()
}

/// Adds to each context how many lines of a source it ran, and how many of these no other did.
pub(super) fn count(rows: &mut [ContextRow], sets: &[SharedSet]) {
    let (mut once, mut twice) = (Numbits::default(), Numbits::default());
    for set in sets {
        twice.union_with(&once.intersection(&set.lines));
        if set.contexts.len() > 1 {
            twice.union_with(&set.lines);
        }
        once.union_with(&set.lines);
    }
    for set in sets {
        let lines = set.lines.len();
        for context in &set.contexts {
            rows[*context as usize].lines += lines;
        }
        if let [only] = set.contexts[..] {
            rows[only as usize].unique += set.lines.difference(&twice).len();
        }
    }
}
