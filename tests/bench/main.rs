//! The cost of being measured: `cargo bench --bench speed [-- --only NAME] [--rounds N] [--json FILE]`.
//!
//! Runs each program bare and under cov-trace in turns, and under `kcov --collect-only` where kcov is installed, and
//! prints medians, ratios to the bare run and the peak memory of cov-trace's processes. Quote the ratios.
#![forbid(unsafe_code)]

mod measure;
mod memory;
mod options;
mod programs;
mod table;

use std::path::Path;
use std::process::{Command, ExitCode};

use options::Options;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("speed: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let options = Options::parse(std::env::args().skip(1))?;
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("..");
    let build = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bench/build");
    let status = Command::new(&build).arg(&target).status().map_err(|error| format!("{}: {error}", build.display()))?;
    if !status.success() {
        return Err(format!("{}: {status}", build.display()));
    }
    let target = target.canonicalize().map_err(|error| format!("{}: {error}", target.display()))?;
    let kcov = Command::new("kcov").arg("--version").output().is_ok();
    let mut results = Vec::new();
    println!("{}", table::header(kcov));
    for program in programs::ALL.iter().filter(|program| options.chosen(program.name)) {
        let result = measure::measure(program, &target, options.rounds, kcov)?;
        println!("{}", table::row(&result));
        results.push(result);
    }
    if let Some(path) = &options.json {
        let json = serde_json::to_string_pretty(&results).map_err(|error| error.to_string())?;
        std::fs::write(path, json + "\n").map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}
