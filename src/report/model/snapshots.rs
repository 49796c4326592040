//! What single processes ran, as coverage.py keeps it.
//!
//! Invariants: a snapshot has the lines that count in the report that it belongs to and no others; paths are those that
//! Python's `os.path.realpath` gives, as coverage.py looks for no others.

use super::builds::{ChosenSources, Placer};
use super::prepared::Report;
use super::select::Selection;
use crate::store::{Numbits, ProcessRecord, Snapshot};
use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Turns processes into snapshots.
#[derive(Debug)]
pub struct Snapshots<'a> {
    selection: &'a Selection,
    placer: Placer<'a>,
    /// By where it is, a source's real path and its lines that count.
    counted: HashMap<&'a str, (String, &'a Numbits)>,
}

impl<'a> Snapshots<'a> {
    /// Of processes that are in a report.
    pub fn new(selection: &'a Selection, sources: &'a ChosenSources, report: &'a Report) -> Self {
        let counted = report.files.iter().map(|file| {
            let real = real_path(Path::new(&file.path)).to_string_lossy().into_owned();
            (file.path.as_str(), (real, &file.coverage.executable))
        });
        Snapshots { selection, placer: Placer::new(sources), counted: counted.collect() }
    }

    /// What a process ran of the sources that it has, also of those where it ran nothing.
    pub fn of(&mut self, record: &ProcessRecord) -> Snapshot {
        let mut snapshot = Snapshot::default();
        if !self.selection.takes_process(record.head.pid) {
            return snapshot;
        }
        let places: Vec<_> = record.images.iter().filter_map(|image| self.placer.place(image).0).collect();
        for place in places {
            for source in place.iter().flatten() {
                if let Some((real, _)) = self.find(*source) {
                    snapshot.files.entry(real.clone()).or_default();
                }
            }
        }
        for (source, hits) in self.placer.positions(self.selection, record) {
            let label = &record.contexts[hits.context];
            let Some((real, counted)) = self.find(source) else { continue };
            let lines = hits.lines.intersection(counted);
            if !lines.is_empty() {
                let contexts = snapshot.files.entry(real.clone()).or_default();
                contexts.entry(label.clone()).or_default().union_with(&lines);
            }
        }
        snapshot
    }

    fn find(&self, source: usize) -> Option<&(String, &'a Numbits)> {
        self.counted.get(self.placer.sources.paths[source].as_str())
    }
}

/// A path without symbolic links, as far as it exists.
fn real_path(path: &Path) -> PathBuf {
    let real = |parent: &Path| Some((parent.canonicalize().ok()?, path.strip_prefix(parent).ok()?.to_owned()));
    match path.ancestors().find_map(real) {
        Some((real, rest)) if rest.as_os_str() == OsStr::new("") => real,
        Some((real, rest)) => real.join(rest),
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Exclusions, Merge};
    use crate::store::sample;
    use std::os::unix::fs::symlink;

    #[test]
    fn snapshots_add_up_to_the_report() {
        let selection = Selection::all();
        let records: Vec<ProcessRecord> = (0..20).map(sample::varied).collect();
        let sources = ChosenSources::of(&selection, &records);
        let mut merge = Merge::new(&selection, &sources);
        records.iter().for_each(|record| merge.add(record));
        let mut report = Report::prepare(merge.finish(), &selection.paths, &Exclusions::default());
        let excluded = report.files[0].coverage.ran.iter().take(1).collect();
        report.files[0].coverage.exclude(&excluded);
        let mut union = Snapshot::default();
        let mut snapshots = Snapshots::new(&selection, &sources, &report);
        records.iter().for_each(|record| union.union_with(&snapshots.of(record)));
        for file in &report.files {
            let mut ran = Numbits::default();
            union.files[&file.path].values().for_each(|lines| ran.union_with(lines));
            assert_eq!(ran, file.coverage.ran, "{}", file.path);
        }
        assert_eq!(union.files.len(), report.files.len());
    }

    #[test]
    fn links_are_followed_as_far_as_there_are_any() {
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().canonicalize().unwrap();
        std::fs::create_dir(real.join("src")).unwrap();
        symlink("src", real.join("link")).unwrap();
        assert_eq!(real_path(&folder.path().join("link/none/a.c")), real.join("src/none/a.c"));
        assert_eq!(real_path(&folder.path().join("link")), real.join("src"));
        assert_eq!(real_path(Path::new("/none/a.c")), Path::new("/none/a.c"));
    }
}
