//! Timing a program bare and measured, in turns, so that a slower moment of the machine hits both.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use serde::Serialize;

use crate::memory::{self, Peaks};
use crate::programs::Program;
use crate::timed::median;

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
pub fn measure(program: &Program, target: &Path, rounds: usize, kcov: bool) -> std::result::Result<Result, String> {
    let scratch = target.join("bench").join(program.slug());
    let data = scratch.join("data");
    let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
    let mut cov_trace = words(&[env!("CARGO_BIN_EXE_cov-trace"), "-q", "--no-cache", "--data"]);
    cov_trace.extend([data.clone().into(), "--".into()]);
    let mut kcov_prefix = words(&["kcov", "--collect-only"]);
    kcov_prefix.push(data.clone().into());

    let timed = |prefix: &[OsString]| -> std::result::Result<f64, String> {
        clear(&scratch)?;
        let start = Instant::now();
        let status =
            start_program(program, target, prefix)?.wait().map_err(|error| format!("{}: {error}", program.name))?;
        let seconds = start.elapsed().as_secs_f64();
        if status.success() { Ok(seconds) } else { Err(format!("{} with {prefix:?}: {status}", program.name)) }
    };
    // The first run of each kind fills caches and is not counted.
    let (mut bare, mut traced, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=rounds {
        let seconds = (timed(&[])?, timed(&cov_trace)?, kcov.then(|| timed(&kcov_prefix)).transpose()?);
        if round > 0 {
            bare.push(seconds.0);
            traced.push(seconds.1);
            others.extend(seconds.2);
        }
    }
    clear(&scratch)?;
    let peaks = memory::watch(start_program(program, target, &cov_trace)?)?;
    let (bare, traced) = (median(&mut bare), median(&mut traced));
    let kcov = (!others.is_empty()).then(|| median(&mut others));
    Ok(Result { name: program.name, rounds, bare, cov_trace: traced, ratio: traced / bare, kcov, peaks })
}

fn start_program(program: &Program, target: &Path, prefix: &[OsString]) -> std::result::Result<Child, String> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let input = program.input.map_or("/dev/null".into(), |input| repository.join(input));
    let input = File::open(&input).map_err(|error| format!("{}: {error}", input.display()))?;
    let executable = target.join(program.executable);
    let mut line = prefix.iter().cloned().chain([executable.into_os_string()]);
    let first = line.next().expect("invariant: the executable is there");
    let mut command = Command::new(&first);
    command.args(line).args(program.args).current_dir(repository).stdin(input);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().map_err(|error| format!("{}: {error}", first.display()))
}

/// An empty directory for the data of a run.
fn clear(scratch: &Path) -> std::result::Result<(), String> {
    let text = |error: std::io::Error| format!("{}: {error}", scratch.display());
    if scratch.exists() {
        fs::remove_dir_all(scratch).map_err(text)?;
    }
    fs::create_dir_all(scratch).map_err(text)
}
