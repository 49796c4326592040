//! What is asked of those that ran an image: from its builds, from its sources, or from both.
//!
//! Invariant: sources narrow what builds tell, and stand for it only where no build is as new as they are.

use super::Reason;
use super::builds::{BuildAnswer, Builds};
use super::sources::{ChangedPart, SourceAnswer, Sources, changed_at, written};
use crate::debuginfo::Compared;
use crate::store::{ByImage, FileFacts, ImageFacts, Numbits};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// Asks about images.
pub struct Questions<'d> {
    builds: Builds<'d>,
    sources: Option<Sources<'d>>,
    known: HashMap<Arc<ImageFacts>, Arc<ImageQuestion>>,
    placed: ByImage<Arc<ImageQuestion>>,
    /// When the first of the builds that are as new as their sources was made; `None` where one is older, or is not there.
    first_made: Option<SystemTime>,
}

/// What is asked of the processes that have an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageQuestion {
    /// Why all of them are meant.
    pub all: Option<Reason>,
    /// By file: what of it is meant.
    pub files: BTreeMap<usize, Vec<Asked>>,
}

/// Something that does something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The number of the function in its file, if it is one as a whole.
    pub function: Option<u32>,
    /// Its lines, which others may have too.
    pub lines: Numbits,
    /// Whether only they tell that it ran.
    pub by_lines: bool,
    /// What is said of it.
    pub reason: Reason,
}

impl Asked {
    /// A function of a file.
    pub fn of_function(function: u32, file: &FileFacts, reason: Reason) -> Asked {
        let facts = &file.functions[function as usize];
        let lines = file.executable.within(facts.start..=facts.end).collect();
        Asked { function: Some(function), lines, by_lines: !facts.told, reason }
    }
}

impl<'d> Questions<'d> {
    /// From builds alone, or with sources.
    pub fn new(builds: Builds<'d>, sources: Option<Sources<'d>>) -> Self {
        Questions {
            builds,
            sources,
            known: HashMap::new(),
            placed: ByImage::default(),
            first_made: Some(SystemTime::now()),
        }
    }

    /// What is asked of those that have an image.
    pub fn of_image(&mut self, image: &Arc<ImageFacts>) -> Arc<ImageQuestion> {
        if let Some(question) = self.placed.get(image) {
            return question.clone();
        }
        let question = match self.known.get(image) {
            Some(known) => known.clone(),
            None => {
                let question = Arc::new(self.ask(image));
                self.known.insert(image.clone(), question.clone());
                question
            }
        };
        self.placed.get_or(image, || question).clone()
    }

    /// What is said to have changed, if it was asked about that.
    pub fn sources(&self) -> Option<&Sources<'d>> {
        self.sources.as_ref()
    }

    /// Where a file is that a process opened.
    pub fn place(&self, path: &str) -> PathBuf {
        self.sources.as_ref().map_or_else(|| PathBuf::from(path), |sources| sources.place(path))
    }

    /// What was to be compared, and is no image of any process.
    pub fn unknown_images(&self) -> Vec<&Path> {
        self.builds.unknown()
    }

    /// Whether a file may be a part of a build that was not made again since the file was written.
    pub fn may_be_in_a_build(&self, path: &Path) -> bool {
        self.first_made.zip(changed_at(path)).is_none_or(|(made, changed)| made <= changed)
    }

    fn ask(&mut self, image: &ImageFacts) -> ImageQuestion {
        let code = self.builds.code_of(image);
        self.builds.note(image);
        let Some(sources) = &mut self.sources else {
            return match self.builds.compare(image, code.as_ref(), None, Compared::Whole) {
                BuildAnswer::Same { .. } => ImageQuestion::default(),
                BuildAnswer::Unknown { reason, .. } => ImageQuestion { all: Some(reason), ..ImageQuestion::default() },
                BuildAnswer::Differs { functions, .. } => of_functions(image, functions, None),
            };
        };
        let from_sources = sources.answer(image, code.as_ref());
        // Where each change is within the body of a function, the data of others are as they were.
        let has_all = from_sources.unknown.is_none() && sources.are_all_changes() && !from_sources.parts.is_empty();
        let compared = match has_all {
            true => Compared::Instructions,
            false => Compared::Whole,
        };
        let made = written(self.builds.of_now(image));
        let first_made = self.first_made.zip(made).map(|(first, made)| first.min(made));
        let from_builds = self.builds.compare(image, code.as_ref(), from_sources.newest, compared);
        self.first_made = first_made;
        match (from_builds, compared) {
            // With a source gone, what is as before was not made since; and what was measured after a change is as it is now.
            (BuildAnswer::Same { is_current: true }, Compared::Whole)
                if !from_sources.has_lost && !from_sources.is_after =>
            {
                ImageQuestion::default()
            }
            (BuildAnswer::Differs { functions, is_current: true }, Compared::Whole) => {
                of_functions(image, functions, Some(&from_sources))
            }
            (BuildAnswer::Differs { mut functions, is_current: true }, Compared::Instructions) => {
                functions.extend(from_sources.functions());
                of_functions(image, functions, Some(&from_sources))
            }
            (BuildAnswer::Same { is_current: true }, Compared::Instructions) if !from_sources.is_after => {
                of_functions(image, from_sources.functions(), Some(&from_sources))
            }
            (BuildAnswer::Unknown { reason, is_current: true }, _) => {
                ImageQuestion { all: Some(reason), ..ImageQuestion::default() }
            }
            _ => {
                self.first_made = None;
                of_sources(image, &from_sources)
            }
        }
    }
}

/// The functions that differ, each with the line of its source that did, if one is known: but it may differ for other reasons
/// as well, so that the line alone is not asked for.
fn of_functions(
    image: &ImageFacts,
    functions: Vec<(usize, u32, Reason)>,
    sources: Option<&SourceAnswer>,
) -> ImageQuestion {
    let mut question = ImageQuestion::default();
    for (file, function, reason) in functions {
        let changed = sources.and_then(|sources| sources.of_function(file, function));
        let reason =
            changed.map_or(reason, |changed| changed.of_function(&image.files[file].functions[function as usize].name));
        let asked = Asked::of_function(function, &image.files[file], reason);
        let of_file: &mut Vec<Asked> = question.files.entry(file).or_default();
        if !of_file.contains(&asked) {
            of_file.push(asked);
        }
    }
    question
}

fn of_sources(image: &ImageFacts, answer: &SourceAnswer) -> ImageQuestion {
    let asked = |(file, parts): (&usize, &Vec<ChangedPart>)| {
        let reasons = &answer.reasons[file];
        let of_parts = parts.iter().zip(reasons);
        let asked = of_parts.flat_map(|(part, reason)| part.asked(&image.files[*file], reason));
        (*file, asked.collect())
    };
    ImageQuestion { all: answer.unknown.clone(), files: answer.parts.iter().map(asked).collect() }
}
