//! Timing a program bare and measured, in turns, so that a slower moment of the machine hits both.

use serde::Serialize;

use crate::memory;
use crate::programs::Program;
use crate::timed::{How, Stage};
use testing::peaks::Peaks;

/// Medians in seconds, and peaks of memory in KiB.
#[derive(Serialize)]
pub struct Result {
    pub name: &'static str,
    pub rounds: usize,
    pub bare: f64,
    pub cov_trace: f64,
    /// Median under cov-trace by median bare.
    pub ratio: f64,
    /// Median of `kcov --collect-only`, where kcov is installed.
    pub kcov: Option<f64>,
    #[serde(flatten)]
    pub peaks: Peaks,
}

/// Times `program`; the round that looks at memory is not timed.
///
/// # Errors
/// When something cannot be started.
pub fn measure(program: &Program, stage: &Stage, rounds: usize, kcov: bool) -> std::result::Result<Result, String> {
    let traced = How::traced(&["--no-cache"]);
    let ways = [How::Bare, traced.clone(), How::Kcov];
    let ways = if kcov { &ways[..] } else { &ways[..2] };
    let line: Vec<&str> = std::iter::once(program.executable).chain(program.args.iter().copied()).collect();
    let seconds = stage.in_turns(ways, &line, program.input, rounds)?;
    let peaks = memory::peaks(stage, &traced, &line, program.input)?;
    let (bare, cov_trace) = (seconds[0], seconds[1]);
    let kcov = seconds.get(2).copied();
    Ok(Result { name: program.name, rounds, bare, cov_trace, ratio: cov_trace / bare, kcov, peaks })
}
