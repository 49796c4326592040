//! From one program to ten thousand processes: `cargo bench --bench scale [-- --only NAME] [--children N]
//! [--postgres FOLDER] [--json FILE]`.
//!
//! What grows is measured at several sizes in one run, and its exponent is given: 1 where twice as much takes twice as long.
//! Times are those of this machine; quote exponents and ratios.
#![forbid(unsafe_code)]

mod children;
mod combining;
mod contexts;
#[path = "../made_up.rs"]
mod made_up;
mod made_up_contexts;
mod options;
mod postgres;
mod processes;
mod reports;
mod stage;
mod threads;

use std::process::ExitCode;

use clap::Parser;
use options::Options;
use stage::Stage;
use testing::bench;
use testing::rows::{self, Row};

/// Figures that are measured together.
type Group = fn(&Stage, &Options) -> Result<Vec<Row>, String>;

const GROUPS: &[(&str, Group)] = &[
    ("processes", processes::short),
    ("debug binary", processes::large),
    ("threads", threads::threads),
    ("reports", reports::reports),
    ("contexts", contexts::contexts),
    ("combine", combining::combining),
    ("children", children::children),
    ("postgres", postgres::postgres),
];

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("scale: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let options = Options::parse();
    let stage = Stage::new()?;
    let mut figures = Vec::new();
    println!("{}", rows::header());
    for (_, group) in GROUPS.iter().filter(|(name, _)| options.chosen(name)) {
        for row in group(&stage, &options)? {
            println!("{}", rows::text(&row));
            figures.push(row);
        }
    }
    match &options.json {
        Some(path) => bench::write_json(path, &figures),
        None => Ok(()),
    }
}
