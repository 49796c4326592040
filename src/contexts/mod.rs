//! Contexts: labels under which what runs is kept, so that it can be asked who ran a line.
//!
//! Invariant: decisions only; nothing here reads a process.

mod functions;
mod kind;
mod rule;
mod template;

pub(crate) use functions::{Framework, FunctionRule, NamedFunction};
pub use kind::ContextKind;
pub(crate) use rule::{ByProcess, ContextRule};
pub(crate) use template::{Template, TemplateSubject, bounded};

/// The label of what ran while several functions that are contexts were running, in threads.
pub(crate) const SEVERAL: &str = "(several at once)";

/// The longest label in bytes.
pub(crate) const LONGEST_LABEL: usize = 4096;
