//! Contexts: labels under which what runs is kept, so that it can be asked who ran a line.
//!
//! Invariant: decisions only; nothing here reads a process.

mod functions;
mod kind;
mod label;
mod rule;
mod template;
mod test_object;

pub(crate) use functions::{Framework, FunctionRule, NamedFunction};
pub use kind::ContextKind;
pub use label::FunctionLabel;
pub(crate) use rule::{ByProcess, ContextRule};
pub(crate) use template::{Template, TemplateSubject};
pub(crate) use test_object::ReadObject;
pub use test_object::TestObject;

/// The label of what ran while several functions that are contexts were running, in threads.
pub(crate) const SEVERAL: &str = "(several at once)";

/// The longest label in bytes.
pub(crate) const LONGEST_LABEL: usize = 4096;
