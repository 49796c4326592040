//! The union of what processes ran, by source path.
//!
//! Invariants: a line that ran counts as one that has code; the order of the processes does not matter; memory grows
//! with the sources, not with the processes.

use super::builds::{ChosenSources, Placer};
use super::notes::Notes;
use super::percent::Ratio;
use super::select::Selection;
use crate::store::{Digest, FunctionFacts, ImageFacts, Numbits, ProcessRecord, UnixMillis};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a set of processes ran.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// The sources by absolute path.
    pub files: BTreeMap<String, FileCoverage>,
    /// What to tell the reader of a report besides.
    pub notes: Notes,
}

/// What ran of one source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileCoverage {
    /// Lines that have code.
    pub executable: Numbits,
    /// Lines that ran.
    pub ran: Numbits,
    /// Functions that start in it.
    pub functions: BTreeSet<FunctionFacts>,
    /// Paths of the images that have it.
    pub images: BTreeSet<String>,
    /// What its images were built from.
    pub digest: Digest,
    /// When it was measured first.
    pub measured: Option<UnixMillis>,
}

impl FileCoverage {
    /// How many of its lines ran.
    pub fn ratio(&self) -> Ratio {
        Ratio { ran: self.ran.len(), lines: self.executable.len() }
    }

    /// What of it is in a function.
    pub(super) fn of_function(&self, function: &FunctionFacts) -> FileCoverage {
        let within = |lines: &Numbits| lines.within(function.start..=function.end).collect();
        FileCoverage { executable: within(&self.executable), ran: within(&self.ran), ..FileCoverage::default() }
    }

    /// Takes away what is behind a source's last line; gives how many lines that were.
    pub(super) fn cut(&mut self, end: u32) -> u64 {
        let beyond: Numbits = self.executable.within(end.saturating_add(1)..=u32::MAX).collect();
        if !beyond.is_empty() {
            self.exclude(&beyond);
            self.functions.retain(|function| function.start <= end);
        }
        beyond.len()
    }

    /// Takes it that these lines have no code.
    pub(super) fn exclude(&mut self, lines: &Numbits) {
        if !lines.is_empty() {
            self.executable = self.executable.difference(lines);
            self.ran = self.ran.difference(lines);
        }
    }
}

impl Coverage {
    /// How many of all lines ran.
    pub fn total(&self) -> Ratio {
        self.files.values().map(FileCoverage::ratio).sum()
    }
}

/// Adds up processes, one at a time.
#[derive(Debug)]
pub struct Merge<'a> {
    selection: &'a Selection,
    placer: Placer<'a>,
    /// By position of the source.
    files: Vec<FileCoverage>,
    notes: Notes,
}

impl<'a> Merge<'a> {
    /// Starts with nothing; of what is added, only what is selected counts.
    pub fn new(selection: &'a Selection, sources: &'a ChosenSources) -> Self {
        let files = vec![FileCoverage::default(); sources.paths.len()];
        Merge { selection, placer: Placer::new(sources), files, notes: Notes::default() }
    }

    /// Adds a process, if it is selected.
    pub fn add(&mut self, record: &ProcessRecord) {
        if !self.selection.takes_process(record.pid) {
            return;
        }
        self.notes.add_process(record);
        record.images.iter().for_each(|image| self.enter(image, record.started));
        for (file, hits) in self.placer.positions(self.selection, record) {
            self.files[file].ran.union_with(&hits.lines);
        }
    }

    /// Ends with the union.
    pub fn finish(mut self) -> Coverage {
        let sources = self.placer.sources;
        self.notes.add_sources(sources, &self.selection.paths);
        let mut coverage = Coverage { files: BTreeMap::new(), notes: self.notes };
        for ((path, digest), mut file) in sources.paths.iter().zip(&sources.digests).zip(self.files) {
            file.executable.union_with(&file.ran);
            file.digest = *digest;
            if !file.executable.is_empty() {
                coverage.files.insert(path.clone(), file);
            }
        }
        coverage
    }

    fn enter(&mut self, image: &Arc<ImageFacts>, measured: UnixMillis) {
        let (Some(places), true) = self.placer.place(image) else { return };
        self.notes.add_image(image);
        for (facts, place) in image.files.iter().zip(places.iter()) {
            let Some(place) = *place else { continue };
            let file = &mut self.files[place];
            file.executable.union_with(&facts.executable);
            file.functions.extend(facts.functions.iter().cloned());
            file.images.insert(image.path.clone());
            file.measured = Some(file.measured.map_or(measured, |before| before.min(measured)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::{ModuleFilter, SourceFilter};
    use crate::store::sample;
    use std::path::Path;

    fn merged<'a>(
        selection: &Selection,
        records: impl IntoIterator<Item = &'a ProcessRecord, IntoIter: Clone>,
    ) -> Coverage {
        let records = records.into_iter();
        let sources = ChosenSources::of(selection, records.clone());
        let mut merge = Merge::new(selection, &sources);
        records.for_each(|record| merge.add(record));
        merge.finish()
    }

    fn ran(coverage: &Coverage, path: &str) -> Vec<u32> {
        coverage.files.get(path).map_or(Vec::new(), |file| file.ran.iter().collect())
    }

    #[test]
    fn the_union_is_the_same_in_any_order_and_any_grouping() {
        let records: Vec<ProcessRecord> = (0..40).map(sample::varied).collect();
        let all = Selection::all();
        let forward = merged(&all, &records);
        assert_eq!(forward, merged(&all, records.iter().rev()));
        let twice = merged(&all, records.iter().chain(&records));
        assert_eq!(forward.files, twice.files, "adding again changes no line");
    }

    #[test]
    fn the_union_has_what_each_process_ran_and_no_more() {
        let records: Vec<ProcessRecord> = (0..40).map(sample::varied).collect();
        let coverage = merged(&Selection::all(), &records);
        let mut expected: BTreeMap<&str, (BTreeSet<u32>, BTreeSet<u32>)> = BTreeMap::new();
        for record in &records {
            for file in record.images.iter().flat_map(|image| &image.files) {
                expected.entry(&file.path).or_default().0.extend(file.executable.iter());
            }
            for hits in &record.hits {
                let path = record.images[hits.image].files[hits.file].path.as_str();
                let (executable, ran) = expected.entry(path).or_default();
                executable.extend(hits.lines.iter());
                ran.extend(hits.lines.iter());
            }
        }
        expected.retain(|_, (executable, _)| !executable.is_empty());
        assert_eq!(coverage.files.len(), expected.len());
        for (path, (executable, ran)) in expected {
            let file = &coverage.files[path];
            assert_eq!(file.executable.iter().collect::<BTreeSet<_>>(), executable, "{path:?}");
            assert_eq!(file.ran.iter().collect::<BTreeSet<_>>(), ran, "{path:?}");
        }
    }

    #[test]
    fn many_images_do_not_confuse_each_other() {
        const MANY: u32 = 512;
        let mut records = Vec::new();
        for line in 1..=MANY {
            let mut record = sample::record();
            record.hits = vec![sample::hits(0, 0, 0, &[line])];
            records.push(record);
        }
        let coverage = merged(&Selection::all(), &records);
        assert_eq!(ran(&coverage, "/real/a.c"), (1..=MANY).collect::<Vec<_>>());
    }

    #[test]
    fn only_what_is_selected_counts() {
        let record = sample::record();
        let cwd = Path::new("/");
        let pattern = |text: &str| [text.parse().unwrap()];
        let all = Selection::all;
        let of = |selection: Selection| ran(&merged(&selection, [&record]), "/real/a.c");
        assert_eq!(of(all()), [1, 8, 9, 4000]);
        assert_eq!(of(Selection { pids: [4712].into(), ..all() }), [1, 8, 9, 4000]);
        assert_eq!(merged(&Selection { pids: [1].into(), ..all() }, [&record]), Coverage::default());
        let modules = ModuleFilter::new(&pattern("libx*"), cwd);
        assert_eq!(of(Selection { modules, ..all() }), [9]);
        let contexts = vec![globset::Glob::new("test_*").unwrap().compile_matcher()];
        assert_eq!(of(Selection { contexts, ..all() }), [4000]);
        let contexts = vec![globset::Glob::new("").unwrap().compile_matcher()];
        assert_eq!(of(Selection { contexts, ..all() }), [1, 8, 9]);
        let sources = SourceFilter::new(&[], &pattern("*.c"), cwd);
        let none = merged(&Selection { sources, ..all() }, [&record]);
        assert!(none.files.is_empty() && none.total() == Ratio::default());
    }

    #[test]
    fn a_line_that_ran_has_code() {
        let mut record = sample::record();
        record.hits = vec![sample::hits(0, 0, 0, &[77])];
        let coverage = merged(&Selection::all(), [&record]);
        assert_eq!(coverage.files["/real/a.c"].ratio(), Ratio { ran: 1, lines: 5 });
        assert_eq!(coverage.files.len(), 1, "a source without code is none");
    }
}
