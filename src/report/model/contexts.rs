//! What ran under each context: which lines, which of them under no other, for how long and how it ended.
//!
//! Invariant: what two contexts ran is in both; a context that several processes opened is one.

use super::builds::{ChosenSources, Placer};
use super::prepared::{Report, ReportFile};
use super::select::Selection;
use crate::store::{EndReason, FunctionFacts, Numbits, ProcessRecord};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How what a context was opened for ended; of several the last in this order counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ContextResult {
    /// Nobody opened it, or nobody saw the end, or another program took its place.
    #[default]
    Unknown,
    /// With this status, which is no failure.
    Exited(i32),
    /// It goes on.
    Running,
    /// With this status, which is a failure.
    Failed(i32),
    /// By this signal.
    Killed(i32),
}

/// What ran under one context.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContextRow {
    /// Its label.
    pub label: String,
    /// How many lines ran.
    pub lines: u64,
    /// How many of them ran under no other context.
    pub unique: u64,
    /// How long, in all processes that opened it.
    pub millis: i64,
    /// How many processes opened it.
    pub opened: u64,
    pub result: ContextResult,
}

/// What ran of a source, by context.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct RanOfSource {
    lines: BTreeMap<u32, Numbits>,
    functions: BTreeMap<u32, BTreeSet<FunctionFacts>>,
}

/// Gathers what ran by context.
#[derive(Debug)]
pub struct ContextLines<'a> {
    selection: &'a Selection,
    placer: Placer<'a>,
    numbers: BTreeMap<String, u32>,
    rows: Vec<ContextRow>,
    sources: HashMap<&'a str, RanOfSource>,
}

impl<'a> ContextLines<'a> {
    /// Of sources that count; nothing is known yet.
    pub fn new(selection: &'a Selection, sources: &'a ChosenSources) -> Self {
        let placer = Placer::new(sources);
        ContextLines { selection, placer, numbers: BTreeMap::new(), rows: Vec::new(), sources: HashMap::new() }
    }

    /// Takes what a process ran.
    pub fn add(&mut self, record: &ProcessRecord) {
        for (at, span) in record.spans.iter().enumerate() {
            if !self.selection.takes_context(&span.label) || !span.opened {
                continue;
            }
            let next = record.spans.get(at + 1).map(|next| next.at);
            let end = next.or(record.head.end.map(|end| end.at));
            let result = match (next, record.head.end.map(|end| end.reason)) {
                (Some(_), _) | (None, Some(EndReason::Detached)) => ContextResult::Unknown,
                (None, None) => ContextResult::Running,
                (None, Some(EndReason::Exited(0))) => ContextResult::Exited(0),
                (None, Some(EndReason::Exited(status))) => ContextResult::Failed(status),
                (None, Some(EndReason::Signaled { signal, .. })) => ContextResult::Killed(signal),
            };
            let row = self.row(&span.label);
            let row = &mut self.rows[row as usize];
            row.opened += 1;
            row.millis += end.map_or(0, |end| end.0.saturating_sub(span.at.0).max(0));
            row.result = row.result.max(result);
        }
        for (path, hits) in self.placer.hits(self.selection, record) {
            let context = self.row(&record.contexts[hits.context]);
            let source = self.sources.entry(path).or_default();
            source.lines.entry(context).or_default().union_with(&hits.lines);
            let file = &record.images[hits.image].files[hits.file];
            let entered = file.entered(&hits.functions).cloned();
            source.functions.entry(context).or_default().extend(entered);
        }
    }

    fn row(&mut self, label: &str) -> u32 {
        if let Some(number) = self.numbers.get(label) {
            return *number;
        }
        let number = self.rows.len() as u32;
        self.numbers.insert(label.to_owned(), number);
        self.rows.push(ContextRow { label: label.to_owned(), ..ContextRow::default() });
        number
    }

    /// All contexts in the order of their labels, by the lines that count in a report.
    pub fn rows(mut self, report: &Report) -> Vec<ContextRow> {
        for file in &report.files {
            let Some(source) = self.sources.get(file.path.as_str()) else { continue };
            let (mut once, mut twice) = (Numbits::default(), Numbits::default());
            for lines in source.lines.values() {
                twice.union_with(&once.intersection(lines));
                once.union_with(lines);
            }
            let unique = once.difference(&twice);
            for (context, lines) in &source.lines {
                let counted = lines.intersection(&file.coverage.executable);
                let row = &mut self.rows[*context as usize];
                row.unique += counted.intersection(&unique).len();
                row.lines += counted.len();
            }
        }
        let rows = &mut self.rows;
        self.numbers.values().map(|number| std::mem::take(&mut rows[*number as usize])).collect()
    }

    /// A report in parts: of each context what ran in it, by label. What did not run at all is in that of the empty label.
    pub fn parts(&self, report: &Report) -> Vec<(String, Report)> {
        let mut labels: Vec<&str> = self.numbers.keys().map(String::as_str).collect();
        if labels.first().is_none_or(|first| !first.is_empty()) {
            labels.insert(0, "");
        }
        let parts = labels.into_iter().map(|label| {
            let number = self.numbers.get(label);
            let part = |file: &ReportFile| {
                let source = self.sources.get(file.path.as_str());
                let ran = source.and_then(|source| source.lines.get(number?)).filter(|ran| !ran.is_empty());
                if ran.is_none() && (!label.is_empty() || source.is_some()) {
                    return None;
                }
                let entered = source.and_then(|source| source.functions.get(number?));
                let is_entered = |function: &&FunctionFacts| {
                    entered.is_some_and(|entered| entered.iter().any(|other| is_same(other, function)))
                };
                let mut file = file.clone();
                file.coverage.ran =
                    ran.map_or_else(Numbits::default, |ran| ran.intersection(&file.coverage.executable));
                file.coverage.entered = file.coverage.entered.iter().filter(is_entered).cloned().collect();
                Some(file)
            };
            let files: Vec<ReportFile> = report.files.iter().filter_map(part).collect();
            (label.to_owned(), Report { files, ..Report::default() })
        });
        parts.filter(|(_, part)| !part.files.is_empty()).collect()
    }

    /// The contexts that ran some of the lines of a source, each with those.
    pub fn who_ran(&self, path: &str, asked: &Numbits) -> Vec<(ContextRow, Numbits)> {
        let Some(source) = self.sources.get(path) else { return Vec::new() };
        let found = self.numbers.values().filter_map(|number| {
            let lines = source.lines.get(number)?.intersection(asked);
            (!lines.is_empty()).then(|| (self.rows[*number as usize].clone(), lines))
        });
        found.collect()
    }

    /// The contexts in which a function of a source ran, each with the lines of it that did.
    pub fn who_called(&self, path: &str, function: &FunctionFacts, lines: &Numbits) -> Vec<(ContextRow, Numbits)> {
        let Some(source) = self.sources.get(path) else { return Vec::new() };
        let found = self.numbers.values().filter_map(|number| {
            let ran = source.lines.get(number)?.intersection(lines);
            let is_entered = source
                .functions
                .get(number)
                .is_some_and(|entered| entered.iter().any(|entered| is_same(entered, function)));
            let has_run = if function.told { is_entered } else { is_entered || !ran.is_empty() };
            has_run.then(|| (self.rows[*number as usize].clone(), ran))
        });
        found.collect()
    }
}

/// Whether two images mean the same function.
fn is_same(one: &FunctionFacts, other: &FunctionFacts) -> bool {
    (one.start, &one.name) == (other.start, &other.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Exclusions, Merge, Survey};
    use crate::store::{End, Span, UnixMillis, sample};

    fn record(pid: i32, label: &str, lines: &[u32], status: i32) -> ProcessRecord {
        let mut record = sample::record();
        (record.head.pid, record.head.sequence) = (pid, pid as u32);
        record.contexts = vec![String::new(), label.to_owned()];
        record.hits = vec![sample::hits(0, 0, 1, lines)];
        let span = |at, label: &str, opened| Span { at: UnixMillis(at), label: label.to_owned(), opened };
        record.spans = vec![span(1_000, "", false), span(2_000, label, true)];
        record.head.end = Some(End { at: UnixMillis(2_500), reason: EndReason::Exited(status) });
        record
    }

    #[test]
    fn what_two_contexts_ran_is_in_both_and_unique_to_none() {
        let selection = Selection::all();
        let records = [
            record(1, "one", &[1, 8], 0),
            record(2, "two", &[8, 9], 3),
            record(3, "one", &[9], 0),
            record(4, "two", &[4000], 0),
        ];
        let mut survey = Survey::new(&selection);
        records.iter().for_each(|record| survey.add(&record.head, &record.images));
        let sources = survey.finish();
        let mut merge = Merge::new(&selection, &sources);
        let mut contexts = ContextLines::new(&selection, &sources);
        for record in &records {
            merge.add(record);
            contexts.add(record);
        }
        let report = Report::prepare(merge.finish(), &selection.paths, &Exclusions::default());
        let file = &report.files[0];
        let who = |lines: &[u32]| {
            let asked = lines.iter().copied().collect();
            let found = contexts.who_ran(&file.path, &asked);
            found.into_iter().map(|(row, lines)| (row.label, lines.iter().collect::<Vec<_>>())).collect::<Vec<_>>()
        };
        assert_eq!(who(&[8]), [("one".to_owned(), vec![8]), ("two".to_owned(), vec![8])]);
        assert_eq!(who(&[1, 4000]), [("one".to_owned(), vec![1]), ("two".to_owned(), vec![4000])]);
        assert_eq!(who(&[2]), []);
        let ran = |(label, part): &(String, Report)| {
            let lines = |file: &ReportFile| file.coverage.ran.iter().collect::<Vec<_>>();
            (label.clone(), part.files.iter().map(lines).collect::<Vec<_>>())
        };
        let parts = contexts.parts(&report);
        assert_eq!(
            parts.iter().map(ran).collect::<Vec<_>>(),
            [("one".to_owned(), vec![vec![1, 8, 9]]), ("two".to_owned(), vec![vec![8, 9, 4000]])]
        );
        let rows = contexts.rows(&report);
        let row = |label: &str, lines, unique, result| ContextRow {
            label: label.to_owned(),
            lines,
            unique,
            millis: 1_000,
            opened: 2,
            result,
        };
        let expected = [row("one", 3, 1, ContextResult::Exited(0)), row("two", 3, 1, ContextResult::Failed(3))];
        assert_eq!(rows, expected);
    }
}
