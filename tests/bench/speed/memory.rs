//! The peak memory of cov-trace's processes while they measure a program.

use std::process::Stdio;

use testing::peaks::{Peaks, watch};

use crate::timed::{How, Stage};

/// Runs a program and returns the peaks.
///
/// # Errors
/// When it cannot be run.
pub fn peaks(stage: &Stage, how: &How, line: &[&str], input: Option<&str>) -> Result<Peaks, String> {
    stage.clear()?;
    let mut command = stage.command(how, line, input)?;
    watch(command.stdout(Stdio::null()).spawn().map_err(|error| format!("{line:?}: {error}"))?)
}
