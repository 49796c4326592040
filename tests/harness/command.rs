//! The command under test, attached to processes, and the mark that all commands of the suite carry.

use super::build::output;
use super::check::COV_TRACE;
use std::path::Path;
use testing::attached::{Attached, command};
use testing::run::Mark;

/// A mark that no other run has, for commands that share a cache of the suite's own.
pub fn mark() -> Mark {
    Mark::new(output().join("cache"))
}

/// Attaches to processes and waits until cov-trace says that they are measured.
///
/// # Errors
/// When it ends or is silent instead.
pub fn attach(pids: &[u32], options: &[&str], data: &Path) -> Result<Attached, String> {
    Attached::start(mark(), command(COV_TRACE, pids, options, data))
}
