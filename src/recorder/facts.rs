//! The facts of an image in the run's directory: everything but the binary that a recovery needs to turn marks into
//! lines.
//!
//! Invariant: probe n of the facts is bit n of the image's sections.

use super::images::Selection;
use super::known::KnownLines;
use super::origins::{Finder, Wanted};
use crate::arrays::{Columns, Taken};
use crate::debuginfo::ImageIndex;
use crate::dominance::{Dominance, Runs};
use crate::link::{Landmark, Plan};
use crate::store::{Digest, FileFacts, FunctionFacts, ImageFacts, Numbits, Origin, Warning};
use std::fs::Metadata;
use std::io::{self, Write};
use std::iter::successors;
use std::path::Path;
use std::sync::Arc;

/// No probe.
const NONE: u32 = u32::MAX;

/// Where breakpoints are planted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Probing {
    /// As `Runs`, and none in runs of which those that follow tell.
    #[default]
    Dominators,
    /// At the last line address of each run of straight-line code, and none for lines that were seen.
    Runs,
    /// At every line address, each until it was hit: slow, with nothing inferred.
    All,
}

/// What is stored of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct StoredFacts {
    path: String,
    build_id: Option<String>,
    files: Vec<String>,
    /// What each of them was when it was measured.
    origins: Vec<Origin>,
    /// File and line of every probe.
    probes: Vec<(u32, u32)>,
    /// The probe that was executed before each was, if one is known.
    before: Vec<u32>,
    /// File and line of what is not probed, because it is known.
    left_out: Vec<(u32, u32)>,
    /// File, first line, last line and name of every function.
    functions: Vec<(u32, u32, u32, String)>,
    /// Slug, text and count of every warning.
    warnings: Vec<(String, String, u64)>,
}

/// An image as the recorder works with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    /// What goes into every file of a process that has it mapped.
    pub image: Arc<ImageFacts>,
    /// File (index into the image's files) and line of every probe.
    pub probes: Vec<(u32, u32)>,
    /// The probe that was executed before each was, if one is known.
    pub before: Vec<u32>,
}

impl StoredFacts {
    /// An image of which nothing is measured, with the reason.
    pub fn unmeasured(path: &str, slug: &str, text: String) -> Self {
        StoredFacts { path: path.to_owned(), warnings: vec![(slug.to_owned(), text, 1)], ..StoredFacts::default() }
    }

    /// Adds a warning.
    pub fn warn(&mut self, slug: &str, text: &str) {
        self.warnings.push((slug.to_owned(), text.to_owned(), 1));
    }

    /// The facts and the plan of an image, as far as its sources are meant; the landmarks only if itself is not.
    pub fn of(path: &str, index: &ImageIndex, selection: &Selection) -> (Self, Plan) {
        const LEFT_OUT: u32 = NONE;
        let measured = selection.modules.takes(path);
        let mut kept = vec![LEFT_OUT; index.files.len()];
        let (mut files, mut origins, mut nameless) = (Vec::new(), Vec::new(), 0);
        for (number, (file, digest)) in index.files.iter().zip(&index.digests).enumerate() {
            if !measured || !selection.sources.takes(file) {
                continue;
            }
            if is_no_file(file) {
                nameless += 1;
                continue;
            }
            kept[number] = files.len() as u32;
            files.push(file.clone());
            origins.push(Origin { digest: digest.map_or(Digest::Unknown, Digest::Built), ..Origin::default() });
        }
        let file_of = |file: u32| kept.get(file as usize).copied().filter(|&file| file != LEFT_OUT);
        // Of each line where it counts, and its number in the plan once it has one.
        let mut lines: Vec<(u32, u32, u32)> =
            index.lines.iter().map(|line| (kept[line.file as usize], line.number, LEFT_OUT)).collect();
        let count = index.probes.iter().filter(|probe| lines[probe.line as usize].0 != LEFT_OUT).count();
        let mut plan = Plan {
            offsets: Vec::with_capacity(count),
            originals: Vec::with_capacity(count),
            straight: Vec::with_capacity(count),
            lines: Vec::with_capacity(count),
            dominance: Dominance::default(),
            landmarks: index.landmarks.iter().map(landmark).collect(),
        };
        let mut probes = Vec::with_capacity(count);
        let mut next = 0;
        for probe in &index.probes {
            let (file, line, number) = &mut lines[probe.line as usize];
            if *file == LEFT_OUT {
                continue;
            }
            let (straight, number) = match selection.probing {
                Probing::Dominators | Probing::Runs => {
                    if *number == LEFT_OUT {
                        *number = next;
                        next += 1;
                    }
                    (probe.straight, *number)
                }
                Probing::All => (1, plan.lines.len() as u32),
            };
            plan.offsets.push(probe.offset.0);
            plan.originals.push(probe.original);
            plan.straight.push(straight);
            plan.lines.push(number);
            probes.push((*file, *line));
        }
        if selection.probing == Probing::Dominators {
            plan.dominance = if probes.len() == index.probes.len() {
                index.dominance.clone()
            } else {
                let kept = index.probes.iter().map(|probe| lines[probe.line as usize].0 != LEFT_OUT);
                index.dominance.narrowed(&kept.collect::<Vec<bool>>(), &index.probes[..])
            };
        }
        let functions = index.functions.iter().filter_map(|function| {
            Some((file_of(function.file)?, function.start, function.end, function.name.clone()))
        });
        let warnings = index.warnings.iter().filter(|_| measured);
        let mut facts = StoredFacts {
            path: path.to_owned(),
            build_id: index.build_id.clone(),
            files,
            origins,
            probes,
            before: before(&plan),
            left_out: Vec::new(),
            functions: functions.collect(),
            warnings: warnings.map(|warning| (warning.slug.clone(), warning.text.clone(), warning.count)).collect(),
        };
        if nameless > 0 {
            let text =
                "sources that are no files, such as <stdin> or <autogenerated>; they are not measured".to_owned();
            facts.warnings.push(("no-source-file".to_owned(), text, nameless));
        }
        (facts, plan)
    }

    /// Looks where the sources are, and what they are; `image` is what the image's file was like before it was read.
    pub fn find_sources(&mut self, image: &Metadata) {
        let mut last_lines = vec![0; self.files.len()];
        for (file, line) in self.probes.iter().chain(&self.left_out) {
            let last = &mut last_lines[*file as usize];
            *last = (*last).max(*line);
        }
        let described = self.files.iter().zip(&self.origins).zip(last_lines);
        let wanted: Vec<Wanted<'_>> = described
            .map(|((path, origin), last_line)| Wanted { path, digest: origin.digest.built(), last_line })
            .collect();
        self.origins = Finder::new(&self.path, image).find(&wanted);
    }

    /// Takes the runs out of plan and facts of which every line is known.
    pub fn leave_out(&mut self, plan: &mut Plan, known: &KnownLines) {
        let Some(lines) = known.of_image(&self.path, self.build_id.as_deref()) else { return };
        let sources = self.files.iter().zip(&self.origins);
        let by_file: Vec<Option<Numbits>> =
            sources.map(|(path, origin)| lines.of_source(path, origin.digest)).collect();
        let is_known =
            |&(file, line): &(u32, u32)| by_file[file as usize].as_ref().is_some_and(|known| known.contains(line));
        let all = std::mem::take(&mut self.probes);
        let mut kept = vec![false; all.len()];
        let mut next = 0;
        while next < plan.len() {
            let run = plan.run_of(next);
            let places = run.start as usize..run.end as usize;
            let is_new = !all[places.clone()].iter().all(is_known);
            kept[places].fill(is_new);
            next = run.end;
        }
        plan.dominance = plan.dominance.narrowed(&kept, plan);
        fn retain<T>(of: &mut Vec<T>, kept: &[bool]) {
            let mut kept = kept.iter();
            of.retain(|_| kept.next().is_some_and(|kept| *kept));
        }
        retain(&mut plan.offsets, &kept);
        retain(&mut plan.originals, &kept);
        retain(&mut plan.straight, &kept);
        retain(&mut plan.lines, &kept);
        plan.number_lines_anew();
        self.before = before(plan);
        for (probe, kept) in all.into_iter().zip(kept) {
            if kept { self.probes.push(probe) } else { self.left_out.push(probe) }
        }
        if !self.left_out.is_empty() {
            let text = "only what the data directory did not have was measured (--only-new); what each process ran is \
                        not told";
            self.warn("only-new", text);
        }
    }

    /// Writes them for a recovery, into the run's directory.
    pub fn write<W: Write>(&self, to: W) -> io::Result<W> {
        let mut columns = Columns::to(to);
        let small = postcard::to_stdvec(&(&self.path, &self.build_id, &self.warnings, &self.origins));
        columns.bytes(&small.expect("invariant: strings and numbers always encode"))?;
        columns.texts(self.files.iter().map(String::as_str))?;
        columns.numbers32(self.probes.iter().map(|(file, _)| *file))?;
        columns.numbers32(self.probes.iter().map(|(_, line)| *line))?;
        columns.numbers32(self.left_out.iter().map(|(file, _)| *file))?;
        columns.numbers32(self.left_out.iter().map(|(_, line)| *line))?;
        columns.numbers32(self.before.iter().copied())?;
        columns.numbers32(self.functions.iter().map(|(file, ..)| *file))?;
        columns.numbers32(self.functions.iter().map(|(_, start, ..)| *start))?;
        columns.numbers32(self.functions.iter().map(|(_, _, end, _)| *end))?;
        columns.texts(self.functions.iter().map(|(.., name)| name.as_str()))?;
        columns.finish()
    }

    /// Decodes; `None` for what is no facts or does not fit together.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut columns = Taken(bytes);
        let (path, build_id, warnings, origins): (_, _, _, Vec<Origin>) =
            postcard::from_bytes(columns.bytes()?).ok()?;
        let files = columns.texts()?;
        let (of_files, lines) = (columns.numbers32()?, columns.numbers32()?);
        let (out_of_files, out_lines) = (columns.numbers32()?, columns.numbers32()?);
        let before = columns.numbers32()?;
        let count = before.len() as u32;
        let mut in_range = origins.len() == files.len();
        in_range &= of_files.clone().chain(out_of_files.clone()).all(|file| (file as usize) < files.len());
        in_range &= before.clone().all(|before| before < count || before == NONE);
        let fits =
            of_files.len() == lines.len() && of_files.len() == before.len() && out_of_files.len() == out_lines.len();
        let (declared_in, starts, ends) = (columns.numbers32()?, columns.numbers32()?, columns.numbers32()?);
        let names = columns.texts()?;
        in_range &= declared_in.clone().all(|file| (file as usize) < files.len());
        let named = [declared_in.len(), starts.len(), ends.len()] == [names.len(); 3];
        let functions = declared_in.zip(starts.zip(ends)).zip(names);
        let facts = StoredFacts {
            path,
            build_id,
            probes: of_files.zip(lines).collect(),
            left_out: out_of_files.zip(out_lines).collect(),
            before: before.collect(),
            functions: functions.map(|((file, (start, end)), name)| (file, start, end, name)).collect(),
            files,
            origins,
            warnings,
        };
        (fits && named && in_range && columns.is_empty()).then_some(facts)
    }

    /// As the recorder works with it.
    pub fn into_facts(self) -> Facts {
        let mut files: Vec<FileFacts> = self
            .files
            .into_iter()
            .zip(self.origins)
            .map(|(path, origin)| FileFacts { path, origin, executable: Numbits::default(), functions: Vec::new() })
            .collect();
        for &(file, line) in self.probes.iter().chain(&self.left_out) {
            files[file as usize].executable.insert(line);
        }
        for (file, start, end, name) in self.functions {
            files[file as usize].functions.push(FunctionFacts { start, end, name });
        }
        let warnings = self.warnings.into_iter().map(|(slug, text, count)| Warning { slug, text, count }).collect();
        let image = ImageFacts { path: self.path, build_id: self.build_id, files, warnings };
        Facts { image: Arc::new(image), probes: self.probes, before: self.before }
    }
}

impl Facts {
    /// File and line of a probe that was executed and of those that were before it, with which it was; none if there
    /// is no such probe.
    pub fn executed_with(&self, probe: usize) -> impl Iterator<Item = (u32, u32)> {
        let place = |probe: u32| self.probes.get(probe as usize).copied();
        let earlier = |probe: &u32| self.before.get(*probe as usize).copied();
        successors(u32::try_from(probe).ok(), earlier).map_while(place).take(self.probes.len())
    }
}

/// The probe that was executed before each of a plan was.
fn before(plan: &Plan) -> Vec<u32> {
    let follows = |probe: u32| probe > 0 && !plan.ends_run(probe - 1);
    let before = |probe: u32| match follows(probe) {
        true => probe - 1,
        false => plan.dominance.before(plan.offsets[probe as usize]).unwrap_or(NONE),
    };
    (0..plan.len()).map(before).collect()
}

/// Whether a path only looks like one: compilers call what they made themselves, or read from a pipe, `<so>`.
fn is_no_file(path: &str) -> bool {
    FileFacts::is_no_name(path) && !Path::new(path).exists()
}

fn landmark(landmark: &crate::debuginfo::Landmark) -> Landmark {
    Landmark { offset: landmark.offset.0, original: landmark.original, kind: landmark.kind }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_read_as_they_were_written() {
        let facts = StoredFacts {
            path: "/bin/x".to_owned(),
            build_id: Some("0a".to_owned()),
            files: vec!["/a.c".to_owned(), "/ü.c".to_owned()],
            origins: vec![Origin { real: Some("/b.c".to_owned()), ..Origin::default() }, Origin::default()],
            probes: vec![(1, 7), (0, 3)],
            before: vec![NONE, 0],
            left_out: vec![(0, 9)],
            functions: vec![(1, 6, 9, "main".to_owned())],
            warnings: vec![("slug".to_owned(), "text".to_owned(), 2)],
        };
        let bytes = facts.write(Vec::new()).unwrap();
        assert_eq!(StoredFacts::decode(&bytes), Some(facts.clone()));
        for len in 0..bytes.len() {
            assert_eq!(StoredFacts::decode(&bytes[..len]), None, "{len} bytes");
        }
        let stray = StoredFacts { probes: vec![(2, 7), (0, 3)], ..facts.clone() };
        assert_eq!(StoredFacts::decode(&stray.write(Vec::new()).unwrap()), None);
        let stray = StoredFacts { left_out: vec![(2, 7)], ..facts.clone() };
        assert_eq!(StoredFacts::decode(&stray.write(Vec::new()).unwrap()), None);
        let short = StoredFacts { before: vec![NONE], ..facts.clone() };
        assert_eq!(StoredFacts::decode(&short.write(Vec::new()).unwrap()), None);
        let stray = StoredFacts { before: vec![NONE, 2], ..facts.clone() };
        assert_eq!(StoredFacts::decode(&stray.write(Vec::new()).unwrap()), None);
        let endless = StoredFacts { before: vec![1, 0], ..facts }.into_facts();
        assert_eq!(endless.executed_with(0).count(), 2);
    }
}
