//! Reports as text: tables, annotated sources and trees, safe for a terminal.

pub(crate) mod columns;
pub(crate) mod contexts;
pub(crate) mod escape;
pub(crate) mod layout;
mod markdown_table;
mod rows;
pub(crate) mod show;
pub(crate) mod signal;
pub(crate) mod table;
mod text_table;
pub(crate) mod tree;
pub(crate) mod wording;
