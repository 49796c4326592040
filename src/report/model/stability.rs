//! What ran in some runs of a build and not in others: tests that do not do the same each time.
//!
//! Invariant: only runs in which a context had the same build of an image are compared.

use super::paths::Paths;
use crate::store::{ImageFacts, Numbits, ProcessRecord};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// What ran, by run.
#[derive(Debug, Default)]
pub struct Stability {
    runs: BTreeSet<String>,
    /// The builds, in the order in which they came.
    builds: HashMap<Arc<ImageFacts>, usize>,
    images: Vec<Arc<ImageFacts>>,
    /// By label and build, by run: what ran of each file.
    ran: BTreeMap<(String, usize), BTreeMap<String, BTreeMap<usize, Numbits>>>,
}

/// Lines of a source that ran in some of the runs in which a context had a build, and not in all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnstableLines {
    /// The label of the context.
    pub label: String,
    /// The executable or library.
    pub image: String,
    /// What the source is called.
    pub source: String,
    /// The lines.
    pub lines: Numbits,
    /// In how many runs each of them ran at the most...
    pub ran_in: usize,
    /// ...of so many.
    pub runs: usize,
}

/// What a comparison of runs found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StabilityFound {
    /// How many runs there are.
    pub runs: usize,
    /// How many contexts were in two runs of one build at least.
    pub compared: usize,
    /// What is not the same in all of them.
    pub unstable: Vec<UnstableLines>,
    /// Contexts that some runs of a build do not have that has others: each with the number of runs that have it, and of all.
    pub sometimes: Vec<(String, usize, usize)>,
}

impl Stability {
    /// Takes what a process ran.
    pub fn add(&mut self, record: &ProcessRecord) {
        let run = &record.head.run;
        self.runs.insert(run.clone());
        let labels: BTreeSet<&String> =
            record.contexts.iter().chain(record.spans.iter().map(|span| &span.label)).collect();
        let builds: Vec<usize> = record.images.iter().map(|image| self.build(image)).collect();
        for build in &builds {
            for label in &labels {
                self.ran.entry(((*label).clone(), *build)).or_default().entry(run.clone()).or_default();
            }
        }
        for hits in &record.hits {
            let key = (record.contexts[hits.context].clone(), builds[hits.image]);
            let of_run = self.ran.entry(key).or_default().entry(run.clone()).or_default();
            of_run.entry(hits.file).or_default().union_with(&hits.lines);
        }
    }

    fn build(&mut self, image: &Arc<ImageFacts>) -> usize {
        let next = self.images.len();
        let build = *self.builds.entry(image.clone()).or_insert(next);
        if build == next {
            self.images.push(image.clone());
        }
        build
    }

    /// Compares the runs; sources are called as `paths` say.
    pub fn finish(self, paths: &Paths) -> StabilityFound {
        let mut found = StabilityFound { runs: self.runs.len(), ..StabilityFound::default() };
        // The runs that have each build.
        let mut runs_of = vec![BTreeSet::new(); self.images.len()];
        for ((_, build), by_run) in &self.ran {
            runs_of[*build].extend(by_run.keys());
        }
        let (mut compared, mut sometimes) = (BTreeSet::new(), BTreeMap::new());
        for ((label, build), by_run) in &self.ran {
            let image = &self.images[*build];
            let all = runs_of[*build].len();
            if by_run.len() < all && !label.is_empty() {
                sometimes.insert(label.clone(), (by_run.len(), all));
            }
            if by_run.len() < 2 {
                continue;
            }
            compared.insert(label);
            let files: BTreeSet<usize> = by_run.values().flat_map(|of_run| of_run.keys().copied()).collect();
            for file in files {
                let of_file: Vec<&Numbits> = by_run.values().filter_map(|of_run| of_run.get(&file)).collect();
                let (mut any, mut every) = (Numbits::default(), None::<Numbits>);
                for lines in &of_file {
                    any.union_with(lines);
                    every = Some(every.map_or_else(|| (*lines).clone(), |every| every.intersection(lines)));
                }
                let every = every.filter(|_| of_file.len() == by_run.len()).unwrap_or_default();
                let lines = any.difference(&every);
                if lines.is_empty() {
                    continue;
                }
                let times = |line: u32| of_file.iter().filter(|lines| lines.contains(line)).count();
                let ran_in = lines.iter().map(times).max().unwrap_or(0);
                found.unstable.push(UnstableLines {
                    label: label.clone(),
                    image: image.path.clone(),
                    source: paths.name(&paths.place(&image.files[file], &mut [])),
                    lines,
                    ran_in,
                    runs: by_run.len(),
                });
            }
        }
        found.compared = compared.len();
        found.sometimes = sometimes.into_iter().map(|(label, (some, all))| (label, some, all)).collect();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sample;

    fn record(run: &str, label: &str, lines: &[u32]) -> ProcessRecord {
        let mut record = sample::record();
        record.head.run = run.to_owned();
        record.contexts = vec![String::new(), label.to_owned()];
        record.hits = vec![sample::hits(0, 0, 1, lines)];
        record.spans.clear();
        record
    }

    #[test]
    fn what_is_not_the_same_in_all_runs_is_found() {
        let mut stability = Stability::default();
        for (run, label, lines) in [
            ("1", "one", &[1, 8][..]),
            ("2", "one", &[1]),
            ("3", "one", &[1, 8]),
            ("1", "two", &[8]),
            ("2", "two", &[8]),
            ("3", "two", &[8]),
            ("1", "rare", &[1]),
        ] {
            stability.add(&record(run, label, lines));
        }
        // Another build does not count with them.
        let mut other = record("4", "two", &[1]);
        Arc::make_mut(&mut other.images[0]).build_id = Some("other".to_owned());
        stability.add(&other);
        let found = stability.finish(&Paths::default());
        let place = |found: &UnstableLines| {
            (found.label.clone(), found.lines.iter().collect::<Vec<_>>(), found.ran_in, found.runs)
        };
        assert_eq!(found.unstable.iter().map(place).collect::<Vec<_>>(), [("one".to_owned(), vec![8], 2, 3)]);
        assert_eq!((found.runs, found.compared), (4, 3), "the empty one is compared, too");
        // The second image is in all four runs.
        assert_eq!(found.sometimes.iter().map(|(label, ..)| label.as_str()).collect::<Vec<_>>(), ["one", "rare"]);
    }
}
