//! Which tests a change concerns: those that ran what another build does otherwise, ran lines that changed, or read files
//! that did.
//!
//! ```text
//! builds ────┐
//! sources ───┴─► questions of an image ──► evidence, process by process ──► tests and their reasons
//! ```
//! Invariant: where something is not known, the tests that it may concern are among them, and it is said why.

mod builds;
mod evidence;
mod links;
mod questions;
mod skipping;
mod sources;

pub use builds::Builds;
pub use evidence::{Evidence, SelectedTest};
pub use questions::Questions;
pub use skipping::{Runner, skipping};
pub use sources::{ChangedFiles, Sources, Versions};

use serde::Serialize;
use std::fmt;

/// Why a test must run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Reason {
    /// It failed the last time, or its program did.
    Failed,
    /// It was asked for.
    Always,
    /// It ran a function that does something else now.
    Function {
        /// The function that ran.
        name: String,
        /// That which differs, if it is one that this one uses.
        uses: Option<String>,
        /// The executable or library.
        image: String,
    },
    /// It ran what a source says otherwise now.
    Source {
        /// What the source is called.
        source: String,
        /// The line, or the first and the last one, as it was measured; `None` for all of it.
        lines: Option<String>,
        /// The function that they are of, if it is meant as a whole.
        function: Option<String>,
    },
    /// It read a file, or tried to, that changed.
    Read {
        /// What the file is called.
        path: String,
    },
    /// A file changed in a way that may concern anything.
    Changed {
        /// What the file is called, maybe with the line.
        path: String,
        /// What is not known.
        cause: String,
    },
    /// A function that does something else now ran outside all tests, or beside it.
    Shared {
        /// The function.
        name: String,
        /// The executable or library.
        image: String,
    },
    /// Something is not known of an executable or library that it has.
    Unknown {
        /// The executable or library.
        image: String,
        /// What, and why.
        cause: String,
    },
    /// What it ran is not known as a whole.
    Incomplete,
}

impl Reason {
    /// The same of a function as a whole.
    fn of_function(self, name: &str) -> Reason {
        match self {
            Reason::Source { source, lines, function } => {
                Reason::Source { source, lines, function: function.or_else(|| Some(name.to_owned())) }
            }
            other => other,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Failed => write!(f, "it, or the program that it is a part of, failed the last time"),
            Reason::Always => write!(f, "--always names it"),
            Reason::Function { name, uses: None, image } => write!(f, "{name} of {image} differs"),
            Reason::Function { name, uses: Some(uses), image } => {
                write!(f, "{uses} of {image} differs, which {name} uses")
            }
            Reason::Source { source, lines: Some(lines), function: Some(function) } => {
                write!(f, "{source}:{lines} changed, which is in {function}, which it ran")
            }
            Reason::Source { source, lines: Some(lines), .. } => write!(f, "{source}:{lines} changed, which it ran"),
            Reason::Source { source, .. } => write!(f, "it ran code of {source}"),
            Reason::Read { path } => write!(f, "{path} changed, which it read"),
            Reason::Changed { path, cause } => write!(f, "{path}: {cause}"),
            Reason::Shared { name, image } => write!(f, "{name} of {image} differs, which ran outside the tests"),
            Reason::Unknown { image, cause } => write!(f, "{image}: {cause}"),
            Reason::Incomplete => write!(f, "its measurement is incomplete"),
        }
    }
}
