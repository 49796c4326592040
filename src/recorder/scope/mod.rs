//! What a run measures, and where it plants breakpoints.

mod decision;
mod places;
mod turns;

pub(super) use turns::{DecisionTurn, DecisionTurns};

use crate::contexts::FunctionRule;
use crate::filter::{ModuleFilter, Project, SourceFilter};

/// What is to be measured.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The project to which measuring keeps; none if it does not.
    pub project: Option<Project>,
    /// Whether the user chose sources or images that are measured.
    pub is_chosen: bool,
    /// The sources whose lines are measured.
    pub sources: SourceFilter,
    /// The images in which breakpoints are planted.
    pub modules: ModuleFilter,
    /// Where breakpoints are planted.
    pub probing: Probing,
    /// Whether to leave out what the data directory has already.
    pub only_new: bool,
    /// Whether the files that processes open are recorded.
    pub files: bool,
    /// The functions whose calls are contexts, if any are.
    pub functions: Option<FunctionRule>,
}

impl Scope {
    /// What is to be measured, as a data file says it.
    pub fn in_words(&self) -> String {
        match &self.project {
            Some(project) => project.top().to_string_lossy().into_owned(),
            None if self.is_chosen => "chosen".to_owned(),
            None => "all".to_owned(),
        }
    }
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
