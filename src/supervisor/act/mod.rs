//! What the supervisor does: it waits for tracees, performs what was decided, and answers.
//!
//! Invariant: an error on the way out of a stop is stored or handled, never dropped, and each stopped thread leaves its stop
//! once.

pub(crate) mod apply;
pub(crate) mod attach;
pub(crate) mod closed;
pub(crate) mod copied;
pub(crate) mod copies;
pub(crate) mod hear;
pub(crate) mod hits;
pub(crate) mod image_files;
pub(crate) mod inbox;
pub(crate) mod landmarks;
pub(crate) mod own;
pub(crate) mod pace;
pub(crate) mod repair;
pub(crate) mod reports;
pub(crate) mod sections;
pub(crate) mod stop_log;
pub(crate) mod text;
pub(crate) mod texts;
pub(crate) mod timed;
pub(crate) mod trap_repair;
pub(crate) mod wear;
