//! The union of what processes ran, by source path.
//!
//! Invariants: a line that ran counts as one that has code; the order of the processes does not matter; memory grows
//! with the sources, not with the processes.

use super::builds::{ChosenSources, Placer};
use super::coverage::{Coverage, FileCoverage};
use super::notes::Notes;
use super::select::Selection;
use crate::store::{Hits, ImageFacts, Numbits, ProcessRecord, UnixMillis};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Adds up processes, one at a time.
#[derive(Debug)]
pub struct Merge<'a> {
    selection: &'a Selection,
    placer: Placer<'a>,
    /// By position of the source.
    files: Vec<FileCoverage>,
    /// By place of the image in memory.
    entered: HashMap<usize, Entered>,
    notes: Notes,
}

/// How many images are kept until their functions are taken, at most.
const MAX_KEPT: usize = 256;

/// Which functions of an image ran, with where its sources are, by file. The `Arc` keeps its address from being used
/// again.
#[derive(Debug)]
struct Entered {
    image: Arc<ImageFacts>,
    files: BTreeMap<usize, (usize, Numbits)>,
}

impl<'a> Merge<'a> {
    /// Starts with nothing; of what is added, only what is selected counts.
    pub fn new(selection: &'a Selection, sources: &'a ChosenSources) -> Self {
        let files = vec![FileCoverage::default(); sources.paths.len()];
        Merge { selection, placer: Placer::new(sources), files, entered: HashMap::new(), notes: Notes::default() }
    }

    /// Adds a process, if it is selected.
    pub fn add(&mut self, record: &ProcessRecord) {
        if !self.selection.takes_process(record.head.pid) {
            return;
        }
        self.notes.add_process(record);
        record.images.iter().for_each(|image| self.enter(image, record.head.started));
        for (file, hits) in self.placer.positions(self.selection, record) {
            self.files[file].ran.union_with(&hits.lines);
            if !hits.functions.is_empty() {
                self.keep_functions(&record.images[hits.image], file, hits);
            }
        }
    }

    /// Ends with the union.
    pub fn finish(mut self) -> Coverage {
        self.settle();
        let sources = self.placer.sources;
        self.notes.add_sources(sources, &self.selection.paths);
        let mut coverage = Coverage { files: BTreeMap::new(), notes: self.notes };
        for ((path, digest), mut file) in sources.paths.iter().zip(&sources.digests).zip(self.files) {
            file.executable.union_with(&file.ran);
            file.digest = *digest;
            file.unite_functions();
            if !file.executable.is_empty() {
                coverage.files.insert(path.clone(), file);
            }
        }
        coverage
    }

    fn keep_functions(&mut self, image: &Arc<ImageFacts>, place: usize, hits: &Hits) {
        let at = Arc::as_ptr(image).addr();
        if self.entered.len() >= MAX_KEPT && !self.entered.contains_key(&at) {
            self.settle();
        }
        let new = || Entered { image: image.clone(), files: BTreeMap::new() };
        let entered = self.entered.entry(at).or_insert_with(new);
        let (_, functions) = entered.files.entry(hits.file).or_insert_with(|| (place, Numbits::default()));
        functions.union_with(&hits.functions);
    }

    /// Takes what is known of the functions of kept images, and forgets these.
    fn settle(&mut self) {
        for Entered { image, files } in std::mem::take(&mut self.entered).into_values() {
            for (file, (place, functions)) in files {
                self.files[place].entered.extend(image.files[file].entered(&functions).cloned());
            }
        }
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
    use super::super::percent::Ratio;
    use super::super::select::ContextPattern;
    use super::*;
    use crate::filter::{ModuleFilter, SourceFilter};
    use crate::store::sample;
    use std::collections::BTreeSet;
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
        let contexts = vec![ContextPattern::new("test_*")];
        assert_eq!(of(Selection { contexts, ..all() }), [4000]);
        let contexts = vec![ContextPattern::new("")];
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
