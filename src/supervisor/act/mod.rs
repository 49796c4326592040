//! What the supervisor does: it waits for tracees, performs what was decided, and answers.
//!
//! Invariant: an error on the way out of a stop is stored or handled, never dropped, and each stopped thread leaves its stop
//! once.

pub(crate) mod apply;
pub(crate) mod attach;
pub(crate) mod bytes;
pub(crate) mod closed;
pub(crate) mod contexts;
pub(crate) mod copied;
pub(crate) mod copies;
pub(crate) mod hear;
pub(crate) mod hits;
pub(crate) mod image_files;
pub(crate) mod inbox;
pub(crate) mod landmarks;
pub(crate) mod opened;
mod own;
pub(crate) mod pace;
pub(crate) mod planting;
mod program_objects;
pub(crate) mod repair;
pub(crate) mod reports;
pub(crate) mod sections;
pub(crate) mod space_texts;
pub(crate) mod stacks;
pub(crate) mod stop_log;
pub(crate) mod switch;
pub(crate) mod timed;
pub(crate) mod told;
pub(crate) mod trap_repair;
pub(crate) mod wear;
pub(crate) mod work;
