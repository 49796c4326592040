//! Reports as text: tables, annotated sources and trees, safe for a terminal.

pub(crate) mod escape;
pub(crate) mod show;
pub(crate) mod signal;
pub(crate) mod table;
pub(crate) mod tree;
pub(crate) mod wording;
