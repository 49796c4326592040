//! The facts of an image in the run's directory: everything but the binary that a recovery needs to turn marks into
//! lines.
//!
//! Invariant: probe n of the facts is bit n of the image's sections.

use crate::debuginfo::ImageIndex;
use crate::filter::SourceFilter;
use crate::link::{Landmark, Plan};
use crate::store::{FileFacts, FunctionFacts, ImageFacts, Numbits, Warning};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is stored of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoredFacts {
    path: String,
    build_id: Option<String>,
    files: Vec<String>,
    /// File and line of every probe.
    probes: Vec<(u32, u32)>,
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

    /// The facts and the plan of an image, as far as `sources` are meant; `measured` false leaves the landmarks only.
    pub fn of(path: &str, index: ImageIndex, sources: &SourceFilter, measured: bool) -> (Self, Plan) {
        let mut kept = vec![u32::MAX; index.files.len()];
        let mut files = Vec::new();
        for (number, file) in index.files.into_iter().enumerate() {
            if measured && sources.takes(&file) {
                kept[number] = files.len() as u32;
                files.push(file);
            }
        }
        let file_of = |file: u32| kept.get(file as usize).copied().filter(|&file| file != u32::MAX);
        let mut plan = Plan::default();
        let mut probes = Vec::new();
        let mut groups = BTreeMap::new();
        for probe in &index.probes {
            let line = index.lines[probe.line as usize];
            if let Some(file) = file_of(line.file) {
                plan.offsets.push(probe.offset.0);
                plan.originals.push(probe.original);
                let next = groups.len() as u32;
                plan.groups.push(*groups.entry(probe.line).or_insert(next));
                probes.push((file, line.number));
            }
        }
        plan.landmarks = index.landmarks.iter().map(landmark).collect();
        let functions = index.functions.into_iter();
        let functions = functions
            .filter_map(|function| Some((file_of(function.file)?, function.start, function.end, function.name)));
        let warnings = index.warnings.into_iter().filter(|_| measured);
        let facts = StoredFacts {
            path: path.to_owned(),
            build_id: index.build_id,
            files,
            probes,
            functions: functions.collect(),
            warnings: warnings.map(|warning| (warning.slug, warning.text, warning.count)).collect(),
        };
        (facts, plan)
    }

    /// Encodes for the run's directory.
    pub fn encode(&self) -> Vec<u8> {
        postcard::to_stdvec(self).expect("invariant: strings and numbers always encode")
    }

    /// Decodes; `None` for what is no facts or does not fit together.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let facts: StoredFacts = postcard::from_bytes(bytes).ok()?;
        let in_range = |file: &u32| (*file as usize) < facts.files.len();
        let fits = facts.probes.iter().all(|(file, _)| in_range(file))
            && facts.functions.iter().all(|(file, ..)| in_range(file));
        fits.then_some(facts)
    }

    /// As the recorder works with it.
    pub fn into_facts(self) -> Facts {
        let mut files: Vec<FileFacts> = self
            .files
            .into_iter()
            .map(|path| FileFacts { path, executable: Numbits::default(), functions: Vec::new() })
            .collect();
        for &(file, line) in &self.probes {
            files[file as usize].executable.insert(line);
        }
        for (file, start, end, name) in self.functions {
            files[file as usize].functions.push(FunctionFacts { start, end, name });
        }
        let warnings = self.warnings.into_iter().map(|(slug, text, count)| Warning { slug, text, count }).collect();
        let image = ImageFacts { path: self.path, build_id: self.build_id, files, warnings };
        Facts { image: Arc::new(image), probes: self.probes }
    }
}

fn landmark(landmark: &crate::debuginfo::Landmark) -> Landmark {
    Landmark { offset: landmark.offset.0, original: landmark.original, kind: landmark.kind }
}
