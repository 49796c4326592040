//! What was read of an address space, and which plans are awaited for it.

use crate::link::ImageId;
use platform::TextMapping;
use std::collections::BTreeSet;

/// What was mapped in an address space when it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Readings are numbered as they come.
    pub number: u64,
    /// The executable mappings and their images.
    pub text: Vec<(ImageId, TextMapping)>,
    /// Mappings of files that are not executable at the moment.
    pub dormant: Vec<TextMapping>,
}

/// A reading that is taken once every image in it has its plan. Until then a thread stays stopped or, where that is
/// never done, a process runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AwaitedPlans {
    pub reading: Reading,
    pub missing: BTreeSet<ImageId>,
}

impl AwaitedPlans {
    /// The plan of an image has come; gives the reading if it was the last.
    pub fn without(&mut self, image: ImageId) -> Option<Reading> {
        self.missing.remove(&image);
        self.missing.is_empty().then(|| std::mem::take(&mut self.reading))
    }
}
