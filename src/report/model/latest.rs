//! Which run of a test counts: of several runs of one build the newest, so that after a run of only some tests the totals are
//! those of a run of all.
//!
//! Invariant: a context of a run is left out only if whatever opened it in that run did so in a newer run of the same build,
//! too. Contexts of a whole run, and those that a command or the program switches to, add up.

use crate::store::{ByImage, ContextKind, ImageFacts, ProcessImages};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// Which runs opened contexts for tests.
#[derive(Debug, Default)]
pub(super) struct TestRuns {
    /// The builds, in the order in which they came.
    builds: HashMap<Arc<ImageFacts>, usize>,
    placed: ByImage<usize>,
    /// By label and build.
    openers: BTreeMap<(String, Option<usize>), BTreeSet<String>>,
}

/// What of tests counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LatestTests {
    /// By run: the labels of contexts that a newer run has, too.
    superseded: HashMap<String, HashSet<String>>,
    /// How many tests the last run that had any did not run, and how many tests there are.
    pub earlier: (u64, u64),
    /// The name of that run.
    pub last: Option<String>,
}

impl TestRuns {
    /// Takes the contexts that a process opened.
    pub fn add(&mut self, process: &ProcessImages) {
        for span in &process.spans {
            if span.label.is_empty() || !matches!(span.opened, Some(ContextKind::Process | ContextKind::Function)) {
                continue;
            }
            let exec = process.execs.iter().rev().find(|exec| exec.at <= span.at).or(process.execs.first());
            let image = exec.and_then(|exec| process.images.iter().find(|image| image.path == exec.exe));
            let build = image.map(|image| self.build(image));
            let runs = self.openers.entry((span.label.clone(), build)).or_default();
            if !runs.contains(&process.head.run) {
                runs.insert(process.head.run.clone());
            }
        }
    }

    fn build(&mut self, image: &Arc<ImageFacts>) -> usize {
        *self.placed.get_or(image, || {
            let next = self.builds.len();
            *self.builds.entry(image.clone()).or_insert(next)
        })
    }

    /// Decides what counts; the names of runs are in the order of time.
    pub fn finish(self) -> LatestTests {
        let last = self.openers.values().flatten().max().cloned();
        let mut latest = LatestTests { last, ..LatestTests::default() };
        let (mut newest, mut counts) = (BTreeMap::new(), BTreeMap::new());
        for ((label, build), runs) in &self.openers {
            let last = runs.last().expect("invariant: each has a run");
            let of_label = newest.entry(label).or_insert(last);
            *of_label = last.max(*of_label);
            for run in runs {
                // Of a program that is not known it is not known either whether it was the same.
                let is_old = build.is_some() && run < last;
                *counts.entry((run, label)).or_insert(false) |= !is_old;
            }
        }
        for ((run, label), _) in counts.into_iter().filter(|(_, counts)| !counts) {
            latest.superseded.entry(run.clone()).or_default().insert(label.clone());
        }
        let earlier = newest.values().filter(|run| latest.last.as_ref() != Some(run)).count();
        latest.earlier = (earlier as u64, newest.len() as u64);
        latest
    }
}

impl LatestTests {
    /// The labels of a run that do not count in it.
    pub fn left_out(&self, run: &str) -> Option<&HashSet<String>> {
        self.superseded.get(run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Span, sample};

    fn process(run: &str, label: &str, kind: ContextKind, build: &str) -> ProcessImages {
        let mut record = sample::record();
        record.head.run = run.to_owned();
        Arc::make_mut(&mut record.images[0]).build_id = Some(build.to_owned());
        let at = record.execs[1].at;
        let spans = vec![Span { at, label: label.to_owned(), opened: Some(kind) }];
        ProcessImages { head: record.head, images: record.images, execs: record.execs, spans }
    }

    #[test]
    fn the_newest_run_of_a_build_counts() {
        let mut runs = TestRuns::default();
        for (run, label, kind, build) in [
            ("1", "again", ContextKind::Process, "a"),
            ("2", "again", ContextKind::Process, "a"),
            ("1", "once", ContextKind::Function, "a"),
            ("1", "rebuilt", ContextKind::Process, "a"),
            ("2", "rebuilt", ContextKind::Process, "b"),
            ("1", "switched", ContextKind::Command, "a"),
            ("2", "switched", ContextKind::Command, "a"),
        ] {
            runs.add(&process(run, label, kind, build));
        }
        let latest = runs.finish();
        assert_eq!(latest.left_out("1"), Some(&HashSet::from(["again".to_owned()])));
        assert_eq!(latest.left_out("2"), None);
        assert_eq!((latest.earlier, latest.last.as_deref()), ((1, 3), Some("2")), "only one did not run again");
    }
}
