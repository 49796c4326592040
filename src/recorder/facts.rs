//! The facts of an image in the run's directory: everything but the binary that a recovery needs to turn marks into
//! lines.
//!
//! Invariant: probe n of the facts is bit n of the image's sections.

use super::known::{KnownLines, KnownOfSource};
use super::origins::{Finder, WantedSource};
use super::scope::{Probing, Scope};
use crate::cache::Digests;
use crate::debuginfo::{ImageIndex, Probe};
use crate::plan::{ColumnReader, ColumnWriter, Dominance, Owners, Plan, Stretches};
use crate::store::{Digest, FileFacts, FunctionFacts, ImageFacts, Numbits, SourceOrigin, Warning};
use crate::warning::WarningKind;
use std::fs::Metadata;
use std::io::{self, Write};
use std::iter::successors;
use std::path::Path;
use std::sync::Arc;

/// No probe.
const NONE: u32 = u32::MAX;

/// What is stored of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct StoredFacts {
    path: String,
    build_id: Option<String>,
    files: Vec<String>,
    /// What each of them was when it was measured.
    origins: Vec<SourceOrigin>,
    /// File and line of every probe.
    probes: Vec<(u32, u32)>,
    /// The probe that was executed before each was, if one is known.
    before: Vec<u32>,
    /// File and line of what is not probed, because it is known.
    left_out: Vec<(u32, u32)>,
    /// File, first line, last line and name of every function, and whether a probe tells that it ran.
    functions: Vec<(u32, u32, u32, String, bool)>,
    /// Whose code each probe is.
    owners: Owners,
    /// Slug, text and count of every warning.
    warnings: Vec<(String, String, u64)>,
}

/// An image as the recorder works with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// What goes into every file of a process that has it mapped.
    pub image: Arc<ImageFacts>,
    /// File (index into the image's files) and line of every probe.
    pub probes: Vec<(u32, u32)>,
    /// The probe that was executed before each was, if one is known.
    pub before: Vec<u32>,
    /// File of every function, and its number among those of the file.
    functions: Vec<(u32, u32)>,
    owners: Owners,
    /// The set of functions of each probe.
    sets: Vec<u32>,
}

/// What was executed at a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Executed {
    pub file: u32,
    pub line: u32,
    /// The set of functions whose code it is.
    pub functions: u32,
}

impl StoredFacts {
    /// An image of which nothing is measured, with the reason.
    pub fn unmeasured(path: &str, kind: WarningKind, text: String) -> Self {
        StoredFacts {
            path: path.to_owned(),
            warnings: vec![(kind.slug().to_owned(), text, 1)],
            ..StoredFacts::default()
        }
    }

    /// Adds a warning.
    pub fn warn(&mut self, kind: WarningKind, text: &str) {
        self.warnings.push((kind.slug().to_owned(), text.to_owned(), 1));
    }

    /// The facts and the plan of an image, as far as its sources are meant; the landmarks only if itself is not.
    pub fn of(path: &str, index: &ImageIndex, selection: &Scope) -> (Self, Plan) {
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
            origins.push(SourceOrigin {
                digest: digest.map_or(Digest::Unknown, Digest::Built),
                ..SourceOrigin::default()
            });
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
            owners: Owners::default(),
            landmarks: index.landmarks.clone(),
        };
        let mut probes = Vec::with_capacity(count);
        let mut next = 0;
        for probe in &index.probes {
            let (file, line, number) = &mut lines[probe.line as usize];
            if *file == LEFT_OUT {
                continue;
            }
            let (straight, number) = match selection.probing {
                Probing::Dominators | Probing::Stretches => {
                    if *number == LEFT_OUT {
                        *number = next;
                        next += 1;
                    }
                    (probe.straight, *number)
                }
                Probing::All => (1, plan.lines.len() as u32),
            };
            plan.offsets.push(probe.offset);
            plan.originals.push(probe.original);
            plan.straight.push(straight);
            plan.lines.push(number);
            probes.push((*file, *line));
        }
        let mut functions = Vec::new();
        let mut function_numbers = vec![None; index.functions.len()];
        for (function, number) in index.functions.iter().zip(&mut function_numbers) {
            if let Some(file) = file_of(function.file) {
                *number = Some(functions.len() as u32);
                functions.push((file, function.start, function.end, function.name.clone(), function.told));
            }
        }
        let is_kept = |probe: &Probe| lines[probe.line as usize].0 != LEFT_OUT;
        let kept: Vec<bool> = index.probes.iter().map(is_kept).collect();
        if selection.probing == Probing::Dominators {
            plan.dominance = if probes.len() == index.probes.len() {
                index.dominance.clone()
            } else {
                index.dominance.narrowed(&kept, &index.probes[..])
            };
        }
        plan.owners = if probes.len() == index.probes.len() && functions.len() == index.functions.len() {
            index.owners.clone()
        } else {
            index.owners.narrowed(&kept, |function| function_numbers[function as usize])
        };
        tell_of(&mut functions, &plan);
        let warnings = index.warnings.iter().filter(|_| measured);
        let mut facts = StoredFacts {
            path: path.to_owned(),
            build_id: index.build_id.clone(),
            files,
            origins,
            probes,
            before: before(&plan),
            left_out: Vec::new(),
            functions,
            owners: plan.owners.clone(),
            warnings: warnings.map(|warning| (warning.slug.clone(), warning.text.clone(), warning.count)).collect(),
        };
        if nameless > 0 {
            let text =
                "sources that are no files, such as <stdin> or <autogenerated>; they are not measured".to_owned();
            facts.warnings.push((WarningKind::NoSourceFile.slug().to_owned(), text, nameless));
        }
        (facts, plan)
    }

    /// Looks where the sources are, and what they are; `image` is what the image's file was like before it was read.
    pub fn find_sources(&mut self, image: &Metadata, digests: &Digests) {
        let mut last_lines = vec![0; self.files.len()];
        for (file, line) in self.probes.iter().chain(&self.left_out) {
            let last = &mut last_lines[*file as usize];
            *last = (*last).max(*line);
        }
        let described = self.files.iter().zip(&self.origins).zip(last_lines);
        let wanted: Vec<WantedSource<'_>> = described
            .map(|((path, origin), last_line)| WantedSource { path, digest: origin.digest.built(), last_line })
            .collect();
        self.origins = Finder::new(&self.path, image, digests).find(&wanted);
    }

    /// Takes the runs out of plan and facts of which every line and every function is known.
    pub fn leave_out(&mut self, plan: &mut Plan, known: &KnownLines) {
        let Some(of_image) = known.of_image(&self.path, self.build_id.as_deref()) else { return };
        let sources = self.files.iter().zip(&self.origins);
        let by_file: Vec<Option<KnownOfSource<'_>>> =
            sources.map(|(path, origin)| of_image.of_source(path, origin.digest)).collect();
        let is_known_function = |(file, start, _, name, _): &(u32, u32, u32, String, bool)| {
            by_file[*file as usize].as_ref().is_some_and(|known| known.functions.contains(&(*start, name.as_str())))
        };
        let known_functions: Vec<bool> = self.functions.iter().map(is_known_function).collect();
        let sets = plan.owners.by_probe(plan.len());
        let ran = |probe: usize| plan.owners.members(sets[probe]).iter().all(|f| known_functions[*f as usize]);
        let is_known = |&(file, line): &(u32, u32)| {
            by_file[file as usize].as_ref().is_some_and(|known| known.lines.contains(line))
        };
        let all = std::mem::take(&mut self.probes);
        let mut kept = vec![false; all.len()];
        let mut next = 0;
        while next < plan.len() {
            let run = plan.stretch_of(next);
            let places = run.start as usize..run.end as usize;
            let is_new = !all[places.clone()].iter().all(is_known) || !places.clone().all(ran);
            kept[places].fill(is_new);
            next = run.end;
        }
        plan.dominance = plan.dominance.narrowed(&kept, plan);
        plan.owners = plan.owners.narrowed(&kept, Some);
        self.owners = plan.owners.clone();
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
            let text = "only what the data directory did not have was measured (--only-new); per-process \
                        data is incomplete";
            self.warn(WarningKind::OnlyNew, text);
        }
    }

    /// Writes them for a recovery, into the run's directory.
    pub fn write<W: Write>(&self, to: W) -> io::Result<W> {
        let mut columns = ColumnWriter::to(to);
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
        columns.numbers32(self.functions.iter().map(|(_, _, end, ..)| *end))?;
        columns.texts(self.functions.iter().map(|(.., name, _)| name.as_str()))?;
        columns.numbers8(self.functions.iter().map(|(.., told)| u8::from(*told)))?;
        self.owners.put(&mut columns)?;
        columns.finish()
    }

    /// Adds to what was written what the sources are, by now.
    pub fn write_sources(&self, mut to: impl Write) -> io::Result<()> {
        to.write_all(&postcard::to_stdvec(&self.origins).expect("invariant: strings and numbers always encode"))
    }

    /// Decodes; `None` for what is no facts or does not fit together.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut columns = ColumnReader(bytes);
        let (path, build_id, warnings, origins): (_, _, _, Vec<SourceOrigin>) =
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
        let told = columns.bytes()?;
        let owners = Owners::taken(&mut columns)?;
        in_range &= owners.holds(before.len(), names.len());
        let named = [declared_in.len(), starts.len(), ends.len(), told.len()] == [names.len(); 4];
        let functions = declared_in.zip(starts.zip(ends)).zip(names).zip(told);
        // As they were when the image was read, if nothing was added, or not the whole of it.
        let by_now =
            postcard::from_bytes(columns.0).ok().filter(|by_now: &Vec<SourceOrigin>| by_now.len() == files.len());
        let facts = StoredFacts {
            path,
            build_id,
            probes: of_files.zip(lines).collect(),
            left_out: out_of_files.zip(out_lines).collect(),
            before: before.collect(),
            functions: functions
                .map(|(((file, (start, end)), name), told)| (file, start, end, name, *told != 0))
                .collect(),
            owners,
            files,
            origins: by_now.unwrap_or(origins),
            warnings,
        };
        (fits && named && in_range).then_some(facts)
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
        let mut functions = Vec::with_capacity(self.functions.len());
        for (file, start, end, name, told) in self.functions {
            let of_file = &mut files[file as usize].functions;
            functions.push((file, of_file.len() as u32));
            of_file.push(FunctionFacts { start, end, name, told });
        }
        let warnings = self.warnings.into_iter().map(|(slug, text, count)| Warning { slug, text, count }).collect();
        let image = ImageFacts { path: self.path, build_id: self.build_id, files, warnings };
        Facts { image: Arc::new(image), probes: self.probes, before: self.before, ..Facts::default() }
            .with_functions(functions, self.owners)
    }
}

impl Facts {
    /// The same with functions, each by file and number there, and whose code each probe is.
    pub fn with_functions(self, functions: Vec<(u32, u32)>, owners: Owners) -> Self {
        let sets = owners.by_probe(self.probes.len() as u32);
        Facts { functions, owners, sets, ..self }
    }

    /// A probe that was executed and those that were before it, with which it was; none if there is no such probe.
    pub fn executed_with(&self, probe: usize) -> impl Iterator<Item = Executed> {
        let executed = |probe: u32| {
            let &(file, line) = self.probes.get(probe as usize)?;
            Some(Executed { file, line, functions: self.sets.get(probe as usize).copied().unwrap_or(NONE) })
        };
        let earlier = |probe: &u32| self.before.get(*probe as usize).copied();
        successors(u32::try_from(probe).ok(), earlier).map_while(executed).take(self.probes.len())
    }

    /// File of each function of a set, and its number among those of the file.
    pub fn functions(&self, set: u32) -> impl Iterator<Item = (u32, u32)> {
        self.owners.members(set).iter().filter_map(|function| self.functions.get(*function as usize).copied())
    }
}

/// Says of each function whether a probe tells of it; those of another file than its code may be left out.
fn tell_of(functions: &mut [(u32, u32, u32, String, bool)], plan: &Plan) {
    functions.iter_mut().for_each(|(.., told)| *told = false);
    for (.., set) in plan.owners.stretches(plan.len()) {
        plan.owners.members(set).iter().for_each(|&function| functions[function as usize].4 = true);
    }
}

/// The probe that was executed before each of a plan was.
fn before(plan: &Plan) -> Vec<u32> {
    let follows = |probe: u32| probe > 0 && !plan.ends_stretch(probe - 1);
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

#[cfg(test)]
mod tests;
