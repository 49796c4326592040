//! The facts of an image as they are stored in the run's directory: written and read here, and nowhere else.
//!
//! Invariant: what is read fits together, or is no facts.

use super::{Facts, FunctionPlace, NONE, Opens};
use crate::cache::Digests;
use crate::debuginfo::{Function, Line};
use crate::plan::{ColumnReader, ColumnWriter, Owners};
use crate::recorder::origins::{Finder, WantedSource};
use crate::store::{FileFacts, FunctionFacts, ImageFacts, Numbits, SourceOrigin, Warning};
use crate::warning::WarningKind;
use std::fs::Metadata;
use std::io::{self, Write};
use std::sync::Arc;

/// What is stored of an image. `file` of a line or a function is an index into `files`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::recorder) struct StoredFacts {
    pub(super) path: String,
    pub(super) build_id: Option<String>,
    pub(super) files: Vec<String>,
    /// What each of them was when it was measured.
    pub(super) origins: Vec<SourceOrigin>,
    /// The line of every probe.
    pub(super) probes: Vec<Line>,
    /// The other lines that probes tell of, in the order of these.
    pub(super) also: Vec<(u32, Line)>,
    /// The probe that was executed before each was, if one is known.
    pub(super) before: Vec<u32>,
    /// What is not probed, because it is known.
    pub(super) left_out: Vec<Line>,
    pub(super) functions: Vec<Function>,
    /// Whose code each probe is.
    pub(super) owners: Owners,
    pub(in crate::recorder) warnings: Vec<Warning>,
    pub(in crate::recorder) opens: Opens,
}

impl StoredFacts {
    /// An image of which nothing is measured, with the reason.
    pub fn unmeasured(path: &str, kind: WarningKind, text: String) -> Self {
        StoredFacts { path: path.to_owned(), warnings: vec![Warning::new(kind, text, 1)], ..StoredFacts::default() }
    }

    /// Adds a warning.
    pub fn warn(&mut self, kind: WarningKind, text: &str) {
        self.warnings.push(Warning::new(kind, text, 1));
    }

    /// Looks where the sources are, and what they are; `image` is what the image's file was like before it was read.
    pub fn find_sources(&mut self, image: &Metadata, digests: &Digests) {
        let mut last_lines = vec![0; self.files.len()];
        for line in self.lines() {
            let last = &mut last_lines[line.file as usize];
            *last = line.number.max(*last);
        }
        let described = self.files.iter().zip(&self.origins).zip(last_lines);
        let wanted: Vec<WantedSource<'_>> = described
            .map(|((path, origin), last_line)| WantedSource { path, digest: origin.digest.built(), last_line })
            .collect();
        self.origins = Finder::new(&self.path, image, digests).find(&wanted);
    }

    /// The lines that have code.
    fn lines(&self) -> impl Iterator<Item = Line> {
        self.probes.iter().chain(self.also.iter().map(|(_, line)| line)).chain(&self.left_out).copied()
    }

    /// Writes them for a recovery, into the run's directory.
    pub fn write<W: Write>(&self, to: W) -> io::Result<W> {
        let mut columns = ColumnWriter::to(to);
        let small = postcard::to_stdvec(&(&self.path, &self.build_id, &self.warnings, &self.origins, &self.opens));
        columns.bytes(&small.expect("invariant: strings and numbers always encode"))?;
        columns.texts(self.files.iter().map(String::as_str))?;
        for lines in [&self.probes, &self.left_out] {
            columns.numbers32(lines.iter().map(|line| line.file))?;
            columns.numbers32(lines.iter().map(|line| line.number))?;
        }
        columns.numbers32(self.also.iter().map(|(probe, _)| *probe))?;
        columns.numbers32(self.also.iter().map(|(_, line)| line.file))?;
        columns.numbers32(self.also.iter().map(|(_, line)| line.number))?;
        columns.numbers32(self.before.iter().copied())?;
        columns.numbers32(self.functions.iter().map(|function| function.file))?;
        columns.numbers32(self.functions.iter().map(|function| function.start))?;
        columns.numbers32(self.functions.iter().map(|function| function.end))?;
        columns.texts(self.functions.iter().map(|function| function.name.as_str()))?;
        columns.numbers8(self.functions.iter().map(|function| u8::from(function.told)))?;
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
        let (path, build_id, warnings, origins, opens): (_, _, _, Vec<SourceOrigin>, _) =
            postcard::from_bytes(columns.bytes()?).ok()?;
        let files = columns.texts()?;
        let (probes, left_out) = (lines(&mut columns)?, lines(&mut columns)?);
        let also = columns.numbers32()?;
        let of_also = lines(&mut columns)?;
        let also_fits = also.len() == of_also.len();
        let also = also.into_iter().zip(of_also).collect();
        let before = columns.numbers32()?;
        let functions = functions(&mut columns)?;
        let owners = Owners::taken(&mut columns)?;
        // As they were when the image was read, if nothing was added, or not the whole of it.
        let by_now =
            postcard::from_bytes(columns.0).ok().filter(|by_now: &Vec<SourceOrigin>| by_now.len() == files.len());
        let origins_fit = origins.len() == files.len();
        let origins = by_now.unwrap_or(origins);
        let facts = StoredFacts {
            path,
            build_id,
            files,
            origins,
            probes,
            also,
            before,
            left_out,
            functions,
            owners,
            warnings,
            opens,
        };
        (origins_fit && also_fits && facts.fit_together()).then_some(facts)
    }

    fn fit_together(&self) -> bool {
        let count = self.probes.len();
        let is_file = |file: u32| (file as usize) < self.files.len();
        self.before.len() == count
            && self.before.iter().all(|before| (*before as usize) < count || *before == NONE)
            && self.also.is_sorted_by_key(|(probe, _)| *probe)
            && self.also.last().is_none_or(|(probe, _)| (*probe as usize) < count)
            && self.lines().all(|line| is_file(line.file))
            && self.functions.iter().all(|function| is_file(function.file))
            && self.owners.holds(count, self.functions.len())
    }

    /// As the recorder works with it.
    pub fn into_facts(self) -> Facts {
        let mut executable = vec![Numbits::default(); self.files.len()];
        for line in self.lines() {
            executable[line.file as usize].insert(line.number);
        }
        let described = self.files.into_iter().zip(self.origins).zip(executable);
        let mut files: Vec<FileFacts> = described
            .map(|((path, origin), executable)| FileFacts { path, origin, executable, functions: Vec::new() })
            .collect();
        let mut places = Vec::with_capacity(self.functions.len());
        for Function { file, start, end, name, told } in self.functions {
            let of_file = &mut files[file as usize].functions;
            places.push(FunctionPlace { file, number: of_file.len() as u32 });
            of_file.push(FunctionFacts { start, end, name, told });
        }
        let image = ImageFacts { path: self.path, build_id: self.build_id, files, warnings: self.warnings };
        Facts {
            image: Arc::new(image),
            probes: self.probes,
            also: self.also,
            before: self.before,
            opens: self.opens,
            ..Facts::default()
        }
        .with_functions(places, self.owners)
    }
}

fn lines(columns: &mut ColumnReader<'_>) -> Option<Vec<Line>> {
    let (files, numbers) = (columns.numbers32()?, columns.numbers32()?);
    let fits = files.len() == numbers.len();
    fits.then(|| files.into_iter().zip(numbers).map(|(file, number)| Line { file, number }).collect())
}

fn functions(columns: &mut ColumnReader<'_>) -> Option<Vec<Function>> {
    let (files, starts, ends) = (columns.numbers32()?, columns.numbers32()?, columns.numbers32()?);
    let names = columns.texts()?;
    let told = columns.bytes()?;
    if [files.len(), starts.len(), ends.len(), told.len()] != [names.len(); 4] {
        return None;
    }
    let places = files.into_iter().zip(starts.into_iter().zip(ends));
    let functions = places.zip(names).zip(told);
    let function =
        |(((file, (start, end)), name), told): (_, &u8)| Function { file, start, end, name, told: *told != 0 };
    Some(functions.map(function).collect())
}
