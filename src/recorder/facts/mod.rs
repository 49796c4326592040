//! The facts of an image: everything but the binary that is needed to turn marks into lines. They are written to the run's
//! directory once, when the image was read, so that a recovery needs no binary.
//!
//! Invariant: probe n of the facts is bit n of the image's sections.

mod divide;
mod leave_out;
mod stored;
#[cfg(test)]
mod tests;

pub(super) use stored::StoredFacts;

use crate::debuginfo::Line;
use crate::plan::Owners;
use crate::store::ImageFacts;
use serde::{Deserialize, Serialize};
use std::iter::successors;
use std::sync::Arc;

/// Where a number of a probe or of a set is expected: none.
const NONE: u32 = u32::MAX;

/// An image as the recorder works with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// What goes into every file of a process that has it mapped.
    pub image: Arc<ImageFacts>,
    /// The line of every probe; its `file` is an index into the image's files.
    pub probes: Vec<Line>,
    /// The other lines that probes tell of, in the order of these.
    pub also: Vec<(u32, Line)>,
    /// The probe that was executed before each was, if one is known.
    pub before: Vec<u32>,
    functions: Vec<FunctionPlace>,
    owners: Owners,
    /// The set of functions of each probe.
    sets: Vec<u32>,
    pub opens: Opens,
}

/// Whether it is seen which files an image opens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Opens {
    /// It opens none by itself, as far as is known, or nobody looks.
    #[default]
    None,
    /// It is the C library by which others open files, and watched.
    Watched,
    /// It may open some unseen.
    Unseen,
}

impl Opens {
    /// Whether it is seen which files a process opens that has these images.
    pub fn are_all_watched(mut images: impl Iterator<Item = Opens> + Clone) -> bool {
        images.clone().any(|opens| opens == Opens::Watched) && !images.any(|opens| opens == Opens::Unseen)
    }
}

/// Where a function is among those of the image's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FunctionPlace {
    /// Index into the image's files.
    pub file: u32,
    /// Index into the functions of the file.
    pub number: u32,
}

/// What was executed at a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Executed {
    pub probe: u32,
    pub line: Line,
    /// The set of functions whose code it is.
    pub functions: u32,
}

impl Facts {
    /// The same with functions, and whose code each probe is.
    pub fn with_functions(self, functions: Vec<FunctionPlace>, owners: Owners) -> Self {
        let sets = owners.by_probe(self.probes.len() as u32);
        Facts { functions, owners, sets, ..self }
    }

    /// A probe that was executed and those that were before it, with which it was; none if there is no such probe.
    pub fn executed_with(&self, probe: usize) -> impl Iterator<Item = Executed> {
        let executed = |probe: u32| {
            let line = *self.probes.get(probe as usize)?;
            Some(Executed { probe, line, functions: self.sets.get(probe as usize).copied().unwrap_or(NONE) })
        };
        let earlier = |probe: &u32| self.before.get(*probe as usize).copied();
        successors(u32::try_from(probe).ok(), earlier).map_while(executed).take(self.probes.len())
    }

    /// The other lines that a probe tells of.
    pub fn also(&self, probe: u32) -> impl Iterator<Item = Line> {
        let first = self.also.partition_point(|(of, _)| *of < probe);
        self.also[first..].iter().take_while(move |(of, _)| *of == probe).map(|(_, line)| *line)
    }

    /// The functions of a set.
    pub fn functions(&self, set: u32) -> impl Iterator<Item = FunctionPlace> {
        self.owners.members(set).filter_map(|function| self.functions.get(function as usize).copied())
    }
}
