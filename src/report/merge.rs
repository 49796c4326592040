//! The union of what processes ran, by source path.
//!
//! Invariants: a line that ran counts as one that has code; the order of the processes does not matter; memory grows
//! with the sources, not with the processes.

use super::notes::Notes;
use super::percent::Ratio;
use super::select::Selection;
use crate::store::{FunctionFacts, ImageFacts, Numbits, ProcessRecord, UnixMillis};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// How many images are known by their place in memory at most.
const MAX_PLACED: usize = 256;

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
    files: Vec<FileCoverage>,
    /// Index into `files` by where it is; `None` for a path that the selection leaves out.
    located: HashMap<String, Option<usize>>,
    /// The same by the path in the debug info.
    by_path: HashMap<String, Option<usize>>,
    placed: HashMap<*const ImageFacts, PlacedImage>,
    notes: Notes,
}

/// Where the files of an image that was seen before are. The `Arc` keeps its address from being used again.
#[derive(Debug)]
struct PlacedImage {
    _image: Arc<ImageFacts>,
    files: Arc<[Option<usize>]>,
}

impl<'a> Merge<'a> {
    /// Starts with nothing; of what is added, only what is selected counts.
    pub fn new(selection: &'a Selection) -> Self {
        Merge {
            selection,
            files: Vec::new(),
            located: HashMap::new(),
            by_path: HashMap::new(),
            placed: HashMap::new(),
            notes: Notes::default(),
        }
    }

    /// Adds a process, if it is selected.
    pub fn add(&mut self, record: &ProcessRecord) {
        if !self.selection.takes_process(record.pid) {
            return;
        }
        self.notes.add_process(record);
        let contexts: Vec<bool> = record.contexts.iter().map(|label| self.selection.takes_context(label)).collect();
        let placed: Vec<Option<Arc<[Option<usize>]>>> =
            record.images.iter().map(|image| self.place(image, record.started)).collect();
        for hits in record.hits.iter().filter(|hits| contexts[hits.context]) {
            if let Some(file) = placed[hits.image].as_ref().and_then(|files| files[hits.file]) {
                self.files[file].ran.union_with(&hits.lines);
            }
        }
    }

    /// Ends with the union.
    pub fn finish(mut self) -> Coverage {
        let mut coverage = Coverage { files: BTreeMap::new(), notes: self.notes };
        for (path, index) in self.located {
            let Some(index) = index else { continue };
            let mut file = std::mem::take(&mut self.files[index]);
            file.executable.union_with(&file.ran);
            if !file.executable.is_empty() {
                coverage.files.insert(path, file);
            }
        }
        coverage
    }

    fn place(&mut self, image: &Arc<ImageFacts>, measured: UnixMillis) -> Option<Arc<[Option<usize>]>> {
        if !self.selection.modules.takes(&image.path) {
            return None;
        }
        if let Some(placed) = self.placed.get(&Arc::as_ptr(image)) {
            return Some(placed.files.clone());
        }
        self.notes.add_image(image);
        let mut files = Vec::with_capacity(image.files.len());
        for facts in &image.files {
            let index = self.place_file(&facts.path);
            if let Some(index) = index {
                let file = &mut self.files[index];
                file.executable.union_with(&facts.executable);
                file.functions.extend(facts.functions.iter().cloned());
                file.images.insert(image.path.clone());
                file.measured = Some(file.measured.map_or(measured, |before| before.min(measured)));
            }
            files.push(index);
        }
        if self.placed.len() >= MAX_PLACED {
            self.placed.clear();
        }
        let files: Arc<[Option<usize>]> = files.into();
        let placed = PlacedImage { _image: image.clone(), files: files.clone() };
        self.placed.insert(Arc::as_ptr(image), placed);
        Some(files)
    }

    fn place_file(&mut self, path: &str) -> Option<usize> {
        if let Some(index) = self.by_path.get(path) {
            return *index;
        }
        let located = self.selection.paths.locate(path);
        let index = *self.located.entry(located).or_insert_with_key(|located| {
            self.selection.sources.takes(located).then(|| {
                self.files.push(FileCoverage::default());
                self.files.len() - 1
            })
        });
        self.by_path.insert(path.to_owned(), index);
        index
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::{ModuleFilter, SourceFilter};
    use crate::store::sample;
    use std::path::Path;

    fn merged<'a>(selection: &Selection, records: impl IntoIterator<Item = &'a ProcessRecord>) -> Coverage {
        let mut merge = Merge::new(selection);
        records.into_iter().for_each(|record| merge.add(record));
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
        let mut records = Vec::new();
        for line in 1..=2 * MAX_PLACED as u32 {
            let mut record = sample::record();
            record.hits = vec![sample::hits(0, 0, 0, &[line])];
            records.push(record);
        }
        let coverage = merged(&Selection::all(), &records);
        assert_eq!(ran(&coverage, "/src/a.c"), (1..=2 * MAX_PLACED as u32).collect::<Vec<_>>());
    }

    #[test]
    fn only_what_is_selected_counts() {
        let record = sample::record();
        let cwd = Path::new("/");
        let pattern = |text: &str| [text.parse().unwrap()];
        let all = Selection::all;
        let of = |selection: Selection| ran(&merged(&selection, [&record]), "/src/a.c");
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
        assert_eq!(coverage.files["/src/a.c"].ratio(), Ratio { ran: 1, lines: 5 });
        assert_eq!(coverage.files.len(), 1, "a source without code is none");
    }
}
