//! Lines out of marks, as they appear: only bits that are new are looked at.
//!
//! Invariants: a line counts once, however many images have its source; it is new in the run only for the process that
//! ran it first, or of several that did between two looks for the one that appeared first.

use super::facts::{Facts, FunctionPlace};
use super::replay::MarkSection;
use crate::debuginfo::Line;
use crate::link::{ContextId, ImageId};
use crate::store::{Digest, FileFacts, ImageFacts, Numbits, ProcessRecord};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// A source of the run, by position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct SourceIndex(usize);

/// What the processes of a run ran together, by source.
#[derive(Clone, Debug, Default)]
pub(super) struct RunLines {
    /// By where a source really is, and its text.
    places: HashMap<(String, Digest), SourceIndex>,
    sources: Vec<SourceLines>,
    images: BTreeMap<ImageId, Vec<SourceIndex>>,
}

#[derive(Clone, Debug, Default)]
struct SourceLines {
    executable: Numbits,
    ran: Numbits,
}

/// What one process ran.
#[derive(Clone, Debug, Default)]
pub(super) struct ProcessLines {
    /// The marks as they were seen last, by section.
    seen: Vec<Vec<u8>>,
    /// The sections in which nothing will be marked any more and that were seen since.
    done: HashSet<usize>,
    by_file: BTreeMap<(ContextId, ImageId, u32), RanOfFile>,
    by_source: BTreeMap<SourceIndex, Numbits>,
}

/// What ran of a file of an image.
#[derive(Clone, Debug, Default)]
pub(super) struct RanOfFile {
    pub lines: Numbits,
    /// The functions, as the file counts them.
    pub functions: Numbits,
}

/// How many lines a look at the marks brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct New {
    pub in_process: u64,
    pub in_run: u64,
    /// Functions that this process had not run before.
    pub functions: u64,
}

impl RunLines {
    /// Takes an image that a process of the run has mapped.
    pub fn enter(&mut self, image: ImageId, facts: &ImageFacts) {
        if self.images.contains_key(&image) {
            return;
        }
        let places: Vec<SourceIndex> = facts.files.iter().map(|file| self.place(file)).collect();
        for (place, file) in places.iter().zip(&facts.files) {
            self.sources[place.0].executable.union_with(&file.executable);
        }
        self.images.insert(image, places);
    }

    /// How many lines ran and how many there are.
    pub fn totals(&self) -> (u64, u64) {
        let sum = |(ran, all), source: &SourceLines| (ran + source.ran.len(), all + source.executable.len());
        self.sources.iter().fold((0, 0), sum)
    }

    /// How many lines the sources of some images have.
    pub fn executable_of(&self, images: &[ImageId]) -> u64 {
        let places = images.iter().filter_map(|image| self.images.get(image)).flatten();
        let distinct: BTreeSet<SourceIndex> = places.copied().collect();
        distinct.iter().map(|place| self.sources[place.0].executable.len()).sum()
    }

    /// Takes what is in a process's file already.
    pub fn enter_record(&mut self, record: &ProcessRecord) -> ProcessLines {
        let mut lines = ProcessLines::default();
        for hits in &record.hits {
            let place = self.place(&record.images[hits.image].files[hits.file]);
            self.sources[place.0].ran.union_with(&hits.lines);
            lines.by_source.entry(place).or_default().union_with(&hits.lines);
        }
        lines
    }

    fn place(&mut self, file: &FileFacts) -> SourceIndex {
        let (path, digest) = file.identity();
        let next = SourceIndex(self.sources.len());
        let place = *self.places.entry((path.to_owned(), digest)).or_insert(next);
        if place == next {
            self.sources.push(SourceLines::default());
        }
        place
    }
}

impl ProcessLines {
    /// Takes the marks of a process's section in an image that was entered.
    pub fn take(
        &mut self,
        section: usize,
        bytes: Vec<u8>,
        &MarkSection { context, image, exact, closed, .. }: &MarkSection,
        facts: &Facts,
        run: &mut RunLines,
    ) -> New {
        let mut new = New::default();
        let most = if exact { 1 } else { usize::MAX };
        if self.seen.len() <= section {
            self.seen.resize(section + 1, Vec::new());
        }
        let seen = std::mem::take(&mut self.seen[section]);
        if seen != bytes {
            let mut before = None;
            for (byte, now) in bytes.iter().enumerate() {
                let mut appeared = now & !seen.get(byte).copied().unwrap_or(0);
                while appeared != 0 {
                    let probe = byte * 8 + appeared.trailing_zeros() as usize;
                    appeared &= appeared - 1;
                    for executed in facts.executed_with(probe).take(most) {
                        self.add((context, image), executed.line, run, &mut new);
                        for line in facts.also(executed.probe) {
                            self.add((context, image), line, run, &mut new);
                        }
                        // Most probes are code of the same function as the one before.
                        if before.replace(executed.functions) != Some(executed.functions) {
                            self.enter((context, image), facts.functions(executed.functions), &mut new);
                        }
                    }
                }
            }
        }
        if closed {
            self.done.insert(section);
        } else {
            self.seen[section] = bytes;
        }
        new
    }

    /// Whether a section will tell nothing new.
    pub fn is_done(&self, section: usize) -> bool {
        self.done.contains(&section)
    }

    /// How many lines.
    pub fn len(&self) -> u64 {
        self.by_source.values().map(Numbits::len).sum()
    }

    /// What ran in a context of an image, by position of the file in it.
    pub fn of_image(&self, context: ContextId, image: ImageId) -> impl Iterator<Item = (usize, &RanOfFile)> {
        let files = self.by_file.range((context, image, 0)..=(context, image, u32::MAX));
        files.map(|((.., file), ran)| (*file as usize, ran))
    }

    fn enter(
        &mut self,
        (context, image): (ContextId, ImageId),
        functions: impl Iterator<Item = FunctionPlace>,
        new: &mut New,
    ) {
        for FunctionPlace { file, number } in functions {
            let of_file = &mut self.by_file.entry((context, image, file)).or_default().functions;
            new.functions += u64::from(of_file.insert(number));
        }
    }

    fn add(
        &mut self,
        (context, image): (ContextId, ImageId),
        Line { file, number: line }: Line,
        run: &mut RunLines,
        new: &mut New,
    ) {
        if !self.by_file.entry((context, image, file)).or_default().lines.insert(line) {
            return;
        }
        let Some(place) = run.images.get(&image).and_then(|places| places.get(file as usize)).copied() else { return };
        if self.by_source.entry(place).or_default().insert(line) {
            new.in_process += 1;
            new.in_run += u64::from(run.sources[place.0].ran.insert(line));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::OwnersBuilder;
    use crate::store::SourceOrigin;
    use std::sync::Arc;

    /// An image of some sources, each with the lines 1 and 2: probe 2n is line 1 of source n.
    fn facts(paths: &[&str]) -> Facts {
        let file = |path: &&str| FileFacts {
            path: (*path).to_owned(),
            origin: SourceOrigin::default(),
            executable: [1, 2].into_iter().collect(),
            functions: vec![],
        };
        let files = paths.iter().map(file).collect();
        let image = ImageFacts { path: "/bin/x".to_owned(), build_id: None, files, warnings: vec![] };
        let probes: Vec<_> =
            (0..paths.len() as u32).flat_map(|file| [1, 2].map(|number| Line { file, number })).collect();
        let before = vec![u32::MAX; probes.len()];
        let mut facts = Facts::default();
        (facts.image, facts.probes, facts.before) = (Arc::new(image), probes, before);
        facts
    }

    fn in_context(context: u32, image: u32) -> MarkSection {
        let (context, image) = (ContextId(context), ImageId(image));
        MarkSection { image, context, in_memory: false, base: 0, bits: 8, exact: false, closed: false }
    }

    fn in_image(image: u32) -> MarkSection {
        in_context(0, image)
    }

    #[test]
    fn a_line_is_new_once_in_a_process_and_once_in_the_run() {
        let (one, other) = (facts(&["/a.c", "/shared.h"]), facts(&["/shared.h"]));
        let mut run = RunLines::default();
        run.enter(ImageId(0), &one.image);
        run.enter(ImageId(1), &other.image);
        let new = |in_process, in_run| New { in_process, in_run, functions: 0 };
        let (mut first, mut second) = (ProcessLines::default(), ProcessLines::default());
        assert_eq!(first.take(0, vec![0b0101], &in_image(0), &one, &mut run), new(2, 2));
        assert_eq!(first.take(0, vec![0b0101], &in_image(0), &one, &mut run), new(0, 0));
        assert_eq!(first.take(0, vec![0b0111], &in_image(0), &one, &mut run), new(1, 1));
        assert_eq!(
            first.take(1, vec![0b11], &in_image(1), &other, &mut run),
            new(1, 1),
            "line 1 was seen in the other image"
        );
        assert_eq!(second.take(0, vec![0b1111, 0xff], &in_image(0), &one, &mut run), new(4, 0), "bits without a probe");
        assert_eq!((first.len(), second.len(), run.totals()), (4, 4, (4, 4)));
        assert_eq!(
            first.of_image(ContextId(0), ImageId(0)).map(|(file, ran)| (file, ran.lines.len())).collect::<Vec<_>>(),
            [(0, 2), (1, 1)]
        );
        assert_eq!(run.executable_of(&[ImageId(0), ImageId(1)]), 4);
    }

    #[test]
    fn a_line_is_new_once_in_a_process_and_kept_in_each_context() {
        let one = facts(&["/a.c"]);
        let mut run = RunLines::default();
        run.enter(ImageId(0), &one.image);
        let mut process = ProcessLines::default();
        assert_eq!(process.take(0, vec![0b01], &in_image(0), &one, &mut run).in_process, 1);
        assert_eq!(process.take(1, vec![0b11], &in_context(1, 0), &one, &mut run).in_process, 1);
        let lines =
            |context| process.of_image(ContextId(context), ImageId(0)).map(|(_, ran)| ran.lines.len()).sum::<u64>();
        assert_eq!([lines(0), lines(1), lines(2)], [1, 2, 0]);
    }

    #[test]
    fn functions_run_with_their_probes() {
        // Probes 0 and 1 are the function 0 of the first source, 1 is that of the other, too, and 3 is that alone.
        let mut owners = OwnersBuilder::default();
        for (probe, functions) in [(0, &[0][..]), (1, &[0, 1]), (2, &[]), (3, &[1])] {
            owners.push(probe, functions.iter().copied());
        }
        let place = |file| FunctionPlace { file, number: 0 };
        let one = facts(&["/a.c", "/b.c"]).with_functions(vec![place(0), place(1)], owners.finish());
        let mut run = RunLines::default();
        run.enter(ImageId(0), &one.image);
        let ran = |marks: u8| {
            let mut process = ProcessLines::default();
            let new = process.take(0, vec![marks], &in_image(0), &one, &mut run.clone());
            let files = process.of_image(ContextId(0), ImageId(0)).filter(|(_, ran)| ran.functions.contains(0));
            (new.functions, files.map(|(file, _)| file).collect::<Vec<_>>())
        };
        assert_eq!(
            [ran(0b0001), ran(0b0010), ran(0b0100), ran(0b1000)],
            [(1, vec![0]), (2, vec![0, 1]), (0, vec![]), (1, vec![1])]
        );
    }

    #[test]
    fn what_was_executed_before_a_probe_counts_with_it() {
        let mut one = facts(&["/a.c", "/b.c"]);
        one.before = vec![u32::MAX, 0, 1, u32::MAX];
        let mut run = RunLines::default();
        run.enter(ImageId(0), &one.image);
        let mut process = ProcessLines::default();
        assert_eq!(process.take(0, vec![0b0100], &in_image(0), &one, &mut run).in_process, 3);
        assert_eq!(process.take(0, vec![0b1110], &in_image(0), &one, &mut run).in_process, 1);
        let exact = MarkSection { exact: true, closed: true, ..in_context(1, 0) };
        let mut process = ProcessLines::default();
        assert_eq!(process.take(0, vec![0b0100], &exact, &one, &mut run).in_process, 1);
        assert!(process.is_done(0) && !process.is_done(1));
    }
}
