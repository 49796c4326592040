//! What ran under each context: which lines, which of them under no other, for how long and how it ended.
//!
//! Invariant: what two contexts ran is in both; a context that several processes opened is one.

use super::builds::{ChosenSources, Placer};
use super::prepared::{Report, ReportFile};
use super::ran_sets::{Numbering, RanOfSource, RanSet};
use super::select::Selection;
use super::shared_sets::{Contexts, SharedSet, Telling, count, shared_sets};
use crate::store::{ByImage, ContextKind, EndReason, FunctionFacts, Numbits, ProcessRecord, UnixMillis};
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

impl ContextResult {
    /// How what a process was in from one of its spans on ended.
    pub(crate) fn of_span(record: &ProcessRecord, span: usize) -> Self {
        match (record.spans.get(span + 1), record.head.end.map(|end| end.reason)) {
            (Some(_), _) | (None, Some(EndReason::Detached)) => ContextResult::Unknown,
            (None, None) => ContextResult::Running,
            (None, Some(EndReason::Exited(0))) => ContextResult::Exited(0),
            (None, Some(EndReason::Exited(status))) => ContextResult::Failed(status),
            (None, Some(EndReason::Signaled { signal, .. })) => ContextResult::Killed(signal),
        }
    }
}

/// What ran under one context.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContextRow {
    /// Its label.
    pub label: String,
    /// What opened it; nothing is said of the empty one.
    pub kinds: BTreeSet<ContextKind>,
    /// How many lines ran.
    pub lines: u64,
    /// How many of them ran under no other context.
    pub unique: u64,
    /// How long, in all processes that opened it.
    pub millis: i64,
    /// How many processes opened it.
    pub opened: u64,
    /// When the first of them did.
    pub begin: Option<UnixMillis>,
    /// When the last of them left it.
    pub end: Option<UnixMillis>,
    pub result: ContextResult,
}

/// Gathers what ran by context.
#[derive(Debug)]
pub struct ContextLines<'a> {
    selection: &'a Selection,
    placer: Placer<'a>,
    /// The contexts by label, in the order in which they came.
    numbers: BTreeMap<String, u32>,
    rows: Vec<ContextRow>,
    /// By position of the source.
    sources: Vec<RanOfSource>,
    /// The numbers of the functions of images, by source.
    images: ByImage<HashMap<usize, Numbering>>,
}

impl<'a> ContextLines<'a> {
    /// Of sources that count; nothing is known yet.
    pub fn new(selection: &'a Selection, sources: &'a ChosenSources) -> Self {
        ContextLines {
            selection,
            placer: Placer::new(sources),
            numbers: BTreeMap::new(),
            rows: Vec::new(),
            sources: sources.paths.iter().map(|_| RanOfSource::default()).collect(),
            images: ByImage::default(),
        }
    }

    /// Takes what a process ran, if it is selected.
    pub fn add(&mut self, record: &ProcessRecord) {
        if self.selection.takes_process(record.head.pid) {
            self.add_spans(record);
            self.add_hits(record);
        }
    }

    fn add_spans(&mut self, record: &ProcessRecord) {
        let left_out = self.placer.sources.latest.left_out(&record.head.run);
        for (at, span) in record.spans.iter().enumerate() {
            let is_meant = self.selection.takes_context(&span.label)
                && left_out.is_none_or(|left_out| !left_out.contains(&span.label));
            let Some(kind) = span.opened.filter(|_| is_meant) else { continue };
            let next = record.spans.get(at + 1).map(|next| next.at);
            let end = next.or(record.head.end.map(|end| end.at));
            let result = ContextResult::of_span(record, at);
            let row = self.row(&span.label);
            let row = &mut self.rows[row as usize];
            row.opened += 1;
            if !span.label.is_empty() {
                row.kinds.insert(kind);
            }
            row.millis += end.map_or(0, |end| end.0.saturating_sub(span.at.0).max(0));
            row.begin = Some(row.begin.map_or(span.at, |begin| begin.min(span.at)));
            row.end = row.end.max(end);
            row.result = row.result.max(result);
        }
    }

    fn add_hits(&mut self, record: &ProcessRecord) {
        let mut rows: Vec<Option<u32>> = vec![None; record.contexts.len()];
        for (position, hits) in self.placer.positions(self.selection, record) {
            let row = match rows[hits.context] {
                Some(row) => row,
                None => self.row(&record.contexts[hits.context]),
            };
            rows[hits.context] = Some(row);
            let source = &mut self.sources[position];
            let image = &record.images[hits.image];
            let files = self.images.get_or(image, HashMap::new);
            let numbering = files.entry(hits.file).or_insert_with(|| source.number(&image.files[hits.file]));
            source.add(row, hits, numbering);
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

    fn source(&self, path: &str) -> Option<&RanOfSource> {
        let position = self.placer.sources.paths.binary_search_by(|source| source.as_str().cmp(path)).ok()?;
        Some(&self.sources[position])
    }

    /// All contexts, and what ran in them of the sources of a report.
    pub fn finish(mut self, report: &Report) -> Contexts {
        let mut positions = vec![0; self.rows.len()];
        for (position, number) in (0..).zip(self.numbers.values()) {
            positions[*number as usize] = position;
        }
        let of_file = |file: &ReportFile| {
            self.source(&file.path).map(|source| shared_sets(source, file, &positions)).unwrap_or_default()
        };
        let files: Vec<Vec<SharedSet>> = report.files.iter().map(of_file).collect();
        let rows = &mut self.rows;
        let mut rows: Vec<ContextRow> =
            self.numbers.values().map(|number| std::mem::take(&mut rows[*number as usize])).collect();
        files.iter().for_each(|sets| count(&mut rows, sets));
        Contexts { rows, files }
    }

    /// The contexts that ran some of the lines of a source, each with those.
    pub fn who_ran(&self, path: &str, asked: &Numbits) -> Vec<(ContextRow, Numbits)> {
        self.of_those(path, |_, set| Some(set.lines.intersection(asked)).filter(|lines| !lines.is_empty()))
    }

    /// The contexts in which a function of a source ran, each with the lines of it that did.
    pub fn who_called(
        &self,
        file: &ReportFile,
        function: &FunctionFacts,
        lines: &Numbits,
    ) -> Vec<(ContextRow, Numbits)> {
        let telling = Telling::of(function, file);
        self.of_those(&file.path, |source, set| {
            telling.says(source.number_of(function.start, &function.name), set).then(|| set.lines.intersection(lines))
        })
    }

    /// Contexts of a source, in the order of their labels, with what a question finds of them.
    fn of_those(
        &self,
        path: &str,
        found: impl Fn(&RanOfSource, &RanSet) -> Option<Numbits>,
    ) -> Vec<(ContextRow, Numbits)> {
        let Some(source) = self.source(path) else { return Vec::new() };
        let of_context = |number: &u32| {
            let found = found(source, source.of(*number)?)?;
            Some((self.rows[*number as usize].clone(), found))
        };
        self.numbers.values().filter_map(of_context).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Exclusions, Merge, Survey};
    use crate::store::{End, ProcessImages, Span, UnixMillis, sample};

    fn record(pid: i32, label: &str, lines: &[u32], status: i32) -> ProcessRecord {
        let mut record = sample::record();
        (record.head.pid, record.head.sequence) = (pid, pid as u32);
        record.contexts = vec![String::new(), label.to_owned()];
        record.hits = vec![sample::hits(0, 0, 1, lines)];
        let span =
            |at, label: &str, opened: Option<ContextKind>| Span { at: UnixMillis(at), label: label.to_owned(), opened };
        record.spans = vec![span(1_000, "", None), span(2_000, label, Some(ContextKind::Process))];
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
        records.iter().for_each(|record| survey.add(&ProcessImages::of(record)));
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
        let ran = |label: &str, part: &Report| {
            let lines = |file: &ReportFile| file.coverage.ran.iter().collect::<Vec<_>>();
            (label.to_owned(), part.files.iter().map(lines).collect::<Vec<_>>())
        };
        let contexts = contexts.finish(&report);
        let mut parts = Vec::new();
        contexts.for_each_part(&report, |label, part| parts.push(ran(label, part)));
        assert_eq!(parts, [("one".to_owned(), vec![vec![1, 8, 9]]), ("two".to_owned(), vec![vec![8, 9, 4000]])]);
        let row = |label: &str, lines, unique, result| ContextRow {
            label: label.to_owned(),
            kinds: [ContextKind::Process].into(),
            lines,
            unique,
            millis: 1_000,
            opened: 2,
            begin: Some(UnixMillis(2_000)),
            end: Some(UnixMillis(2_500)),
            result,
        };
        let expected = [row("one", 3, 1, ContextResult::Exited(0)), row("two", 3, 1, ContextResult::Failed(3))];
        assert_eq!(contexts.rows, expected);
        let set = |lines: &[u32], contexts: &[u32]| SharedSet {
            lines: lines.iter().copied().collect(),
            // That of line 8, by its lines.
            functions: [1].into_iter().collect(),
            contexts: contexts.to_vec(),
        };
        assert_eq!(contexts.files, [[set(&[8, 9, 4000], &[1]), set(&[1, 8, 9], &[0])]]);
    }

    #[test]
    fn functions_are_those_of_each_context() {
        let selection = Selection::all();
        let mut records = [record(1, "one", &[1], 0), record(2, "two", &[1, 8], 0)];
        // Of the function at 1 its own probe tells, and of that at 8 its lines.
        records[0].hits[0].functions = [1].into_iter().collect();
        let sources = ChosenSources::of(&selection, &records);
        let mut merge = Merge::new(&selection, &sources);
        let mut contexts = ContextLines::new(&selection, &sources);
        for record in &records {
            merge.add(record);
            contexts.add(record);
        }
        let report = Report::prepare(merge.finish(), &selection.paths, &Exclusions::default());
        let labels =
            |found: Vec<(ContextRow, Numbits)>| found.into_iter().map(|(row, _)| row.label).collect::<Vec<_>>();
        let file = &report.files[0];
        let who: Vec<Vec<String>> = file
            .coverage
            .functions
            .iter()
            .map(|function| labels(contexts.who_called(file, function, &file.coverage.executable)))
            .collect();
        assert_eq!(who, [["one"], ["two"]]);
        let sets = &contexts.finish(&report).files[0];
        let functions = |set: &SharedSet| set.functions.iter().collect::<Vec<_>>();
        assert_eq!(sets.iter().map(functions).collect::<Vec<_>>(), [[0], [1]]);
    }
}
