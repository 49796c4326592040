//! Which processes, images, sources and contexts a report is about.

use super::paths::Paths;
use super::prepared::is_named;
use crate::filter::{ModuleFilter, SourceFilter};
use crate::store::{FileFacts, Hits, ProcessFile, ProcessRecord};
use globset::{Glob, GlobMatcher};
use std::collections::BTreeSet;
use std::path::Path;

/// The longest text that is taken for a glob.
const LONGEST_GLOB: usize = 4_096;

/// Which contexts are meant: a glob for labels, or a label as it is.
///
/// A label may be any text, such as that of a test with parameters, `parse[a-b]`: it always means itself, and a text that is
/// no glob means only itself.
#[derive(Clone, Debug)]
pub struct ContextPattern {
    text: String,
    glob: Option<GlobMatcher>,
}

impl ContextPattern {
    /// Takes a text as it was given.
    pub fn new(text: &str) -> Self {
        let glob = Some(text).filter(|text| text.len() <= LONGEST_GLOB).and_then(|text| Glob::new(text).ok());
        ContextPattern { text: text.to_owned(), glob: glob.map(|glob| glob.compile_matcher()) }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether a context of this label is meant.
    pub fn takes(&self, label: &str) -> bool {
        self.text == label || self.glob.as_ref().is_some_and(|glob| glob.is_match(label))
    }
}

/// What a report is about.
#[derive(Clone, Debug)]
pub struct Selection {
    /// The processes, by pid; all if there is none.
    pub pids: BTreeSet<i32>,
    /// The runs that they are of, by name; all if there is none.
    pub runs: BTreeSet<String>,
    /// The images whose lines count.
    pub modules: ModuleFilter,
    /// The sources, by where they are.
    pub sources: SourceFilter,
    /// Only those that may be meant by this path or end of one.
    pub named: Option<String>,
    /// Where they are.
    pub paths: Paths,
    /// The contexts, by their labels; all if there is none.
    pub contexts: Vec<ContextPattern>,
    /// Those that are not meant all the same.
    pub without_contexts: Vec<ContextPattern>,
}

impl Selection {
    /// A selection of all processes, images, sources and contexts.
    pub(crate) fn all() -> Self {
        let nowhere = std::path::Path::new("/");
        Selection {
            pids: BTreeSet::new(),
            runs: BTreeSet::new(),
            modules: ModuleFilter::new(&[], nowhere),
            sources: SourceFilter::new(&[], &[], nowhere),
            named: None,
            paths: Paths::default(),
            contexts: Vec::new(),
            without_contexts: Vec::new(),
        }
    }

    /// Whether the source at a path is meant, which debug info may call by another one.
    pub fn takes_source(&self, path: &str, called: &str) -> bool {
        self.sources.takes(path, || Some(called.to_owned()).filter(|called| called.starts_with('/')))
            && self.named.as_ref().is_none_or(|name| is_named(Path::new(path), name))
    }

    /// Whether a data file may have a process that is meant.
    pub fn may_take(&self, file: &ProcessFile) -> bool {
        // Processes of other runs may be in what `combine` wrote.
        file.has_several() || (self.takes_process(file.pid) && self.takes_run(&file.run))
    }

    /// Whether the processes of a run are meant.
    pub fn takes_run(&self, run: &str) -> bool {
        self.runs.is_empty() || self.runs.contains(run)
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
        let takes = |pattern: &ContextPattern| pattern.takes(label);
        (self.contexts.is_empty() || self.contexts.iter().any(takes)) && !self.without_contexts.iter().any(takes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_means_itself_whatever_it_is() {
        let long = "[x]".repeat(20_000);
        for label in ["a*", "parse[a-b]", "[", "{a,b", "\\", "../../x", "a\nb", "", &long] {
            assert!(ContextPattern::new(label).takes(label), "{label:?}");
            assert!(ContextPattern::new("*").takes(label), "{label:?}");
        }
        assert!(ContextPattern::new("*/x").takes("../../x") && ContextPattern::new("a?b").takes("a\nb"));
        assert!(ContextPattern::new("parse[a-b]").takes("parsea") && !ContextPattern::new("[").takes("a"));
    }
}
