//! Which processes, images, sources and contexts a report is about.

use super::paths::Paths;
use crate::filter::{ModuleFilter, SourceFilter};
use crate::store::{FileFacts, Hits, ProcessFile, ProcessRecord};
use globset::GlobMatcher;
use std::collections::BTreeSet;

/// What a report is about.
#[derive(Clone, Debug)]
pub struct Selection {
    /// The processes, by pid; all if there is none.
    pub pids: BTreeSet<i32>,
    /// The images whose lines count.
    pub modules: ModuleFilter,
    /// The sources, by where they are.
    pub sources: SourceFilter,
    /// Where they are.
    pub paths: Paths,
    /// The contexts, by globs for their labels; all if there is none.
    pub contexts: Vec<GlobMatcher>,
    /// Those that are not meant all the same.
    pub without_contexts: Vec<GlobMatcher>,
}

impl Selection {
    /// A selection of all processes, images, sources and contexts.
    pub(crate) fn all() -> Self {
        let nowhere = std::path::Path::new("/");
        Selection {
            pids: BTreeSet::new(),
            modules: ModuleFilter::new(&[], nowhere),
            sources: SourceFilter::new(&[], &[], nowhere),
            paths: Paths::default(),
            contexts: Vec::new(),
            without_contexts: Vec::new(),
        }
    }

    /// Whether a data file may have a process that is meant.
    pub fn may_take(&self, file: &ProcessFile) -> bool {
        file.has_several() || self.takes_process(file.pid)
    }

    /// Whether a process is meant.
    pub fn takes_process(&self, pid: i32) -> bool {
        self.pids.is_empty() || self.pids.contains(&pid)
    }

    /// What a process ran in images and under contexts that are meant, with the source.
    pub fn hits<'r>(&self, record: &'r ProcessRecord) -> impl Iterator<Item = (&'r Hits, &'r FileFacts)> {
        record.hits.iter().filter_map(|hits| {
            let image = &record.images[hits.image];
            let meant = self.takes_context(&record.contexts[hits.context]) && self.modules.takes(&image.path);
            meant.then(|| (hits, &image.files[hits.file]))
        })
    }

    /// Whether a context is meant.
    pub fn takes_context(&self, label: &str) -> bool {
        let matches = |glob: &GlobMatcher| glob.glob().glob() == label || glob.is_match(label);
        (self.contexts.is_empty() || self.contexts.iter().any(matches)) && !self.without_contexts.iter().any(matches)
    }
}
