//! The cost of being measured: `cargo bench --bench speed [-- --only NAME] [--rounds N] [--json FILE]`.
//!
//! Runs each program bare and under cov-trace in turns, and under `kcov --collect-only` where kcov is installed, and
//! prints medians, ratios to the bare run and the peak memory of cov-trace's processes. Quote the ratios. Then comes
//! what has a goal, group by group.
#![forbid(unsafe_code)]

mod goals;
mod indexing;
#[path = "../made_up.rs"]
mod made_up;
mod measure;
mod memory;
mod options;
mod programs;
mod reports;
mod table;
mod timed;

use std::path::Path;
use std::process::{Command, ExitCode};

use options::Options;
use testing::{bench, rows};
use timed::Stage;

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
    let target = bench::build("tests/bench/speed/build", &target, &[])?;
    let kcov = Command::new("kcov").arg("--version").output().is_ok();
    let stage = Stage::new(&target)?;
    let mut results = Vec::new();
    println!("{}", table::header(kcov));
    for program in programs::ALL.iter().filter(|program| options.chosen(program.name)) {
        let result = measure::measure(program, &stage, options.rounds, kcov)?;
        println!("{}", table::row(&result));
        results.push(result);
    }
    let mut figures = Vec::new();
    println!("{}", rows::header());
    for (_, group) in goals::ALL.iter().filter(|(name, _)| options.chosen(name)) {
        for row in group(&stage, options.rounds)? {
            println!("{}", rows::text(&row));
            figures.push(row);
        }
    }
    if let Some(path) = &options.json {
        bench::write_json(path, &serde_json::json!({ "programs": results, "figures": figures }))?;
    }
    Ok(())
}
