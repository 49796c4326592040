//! Contexts: labels under which what runs is kept, so that it can be asked who ran a line.
//!
//! Invariant: decisions only; nothing here reads a process.

mod rule;
mod template;

pub(crate) use rule::{ByProcess, ContextRule};
pub(crate) use template::{Template, TemplateSubject};

/// The longest label in bytes.
pub(crate) const LONGEST_LABEL: usize = 4096;
