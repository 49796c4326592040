//! What a run measures, and where it plants breakpoints.

use crate::filter::{ModuleFilter, SourceFilter};

/// What is to be measured.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The sources whose lines are measured.
    pub sources: SourceFilter,
    /// The images in which breakpoints are planted.
    pub modules: ModuleFilter,
    /// Where breakpoints are planted.
    pub probing: Probing,
    /// Whether to leave out what the data directory has already.
    pub only_new: bool,
}

/// Where breakpoints are planted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Probing {
    /// As `Stretches`, and none where those that follow imply the stretch.
    #[default]
    Dominators,
    /// At the last line address of each stretch, and none for lines that were seen.
    Stretches,
    /// At every line address, each until it was hit: slow, with nothing inferred.
    All,
}
