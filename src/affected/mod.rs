//! Which tests a change concerns: those that ran what another build does otherwise.
//!
//! Invariant: where something is not known, the tests that it may concern are among them, and it is said why.

mod builds;
mod evidence;
mod skipping;

pub use builds::{Builds, ImageQuestion};
pub use evidence::{Evidence, Selected};
pub use skipping::{Runner, skipping};

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

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Failed => write!(f, "it, or the program that it is a part of, failed the last time"),
            Reason::Always => write!(f, "--always names it"),
            Reason::Function { name, uses: None, image } => write!(f, "{name} of {image} differs"),
            Reason::Function { name, uses: Some(uses), image } => {
                write!(f, "{uses} of {image} differs, which {name} uses")
            }
            Reason::Shared { name, image } => write!(f, "{name} of {image} differs, which ran outside the tests"),
            Reason::Unknown { image, cause } => write!(f, "{image}: {cause}"),
            Reason::Incomplete => write!(f, "its measurement is incomplete"),
        }
    }
}
