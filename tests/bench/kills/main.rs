//! What a SIGKILL of cov-trace's own processes costs the program: `cargo bench --bench kills [-- --supervisor N]
//! [--recorder N] [--only NAME] [--attach] [--seed N]`, and `cargo bench --bench kills -- --server N [--only TEXT]`.
//!
//! Kills them at random moments while programs run that meet no new line any more, or one every so often, and counts
//! the programs that died of it and the hits that were served and are not in the data. With `--server` it attaches to an
//! nginx under load and prints a table: N kills for each phase and each of cov-trace's processes, and each pair of them.
#![forbid(unsafe_code)]

mod options;
mod program;
mod round;
mod server;
mod shared;

use options::Options;
use program::{Pace, Program};
use round::Round;
use std::process::ExitCode;

/// A process of cov-trace's own that is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Victim {
    /// The process that traces.
    Supervisor,
    /// The process that writes.
    Recorder,
}

/// How the program comes to be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By `cov-trace -- PROGRAM`.
    Launched,
    /// By `cov-trace attach`.
    Attached,
}

impl Victim {
    /// What the kernel calls it.
    pub fn name(self) -> &'static str {
        match self {
            Victim::Supervisor => "cov-supervisor",
            Victim::Recorder => "cov-recorder",
        }
    }
}

fn main() -> ExitCode {
    match play() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("kills: {error}");
            ExitCode::FAILURE
        }
    }
}

fn play() -> Result<(), String> {
    let options = Options::parse(std::env::args().skip(1))?;
    if let Some(each) = options.server {
        return server::table(each, options.seed, options.only());
    }
    let program = Program::build()?;
    println!("seed {}", options.seed);
    println!("{:14}  {:20}  {:>5}  {:>13}  {:>9}", "killed", "program", "kills", "services lost", "hits lost");
    let mut random = options.seed;
    for (victim, kills) in [(Victim::Supervisor, options.supervisor), (Victim::Recorder, options.recorder)] {
        for pace in Pace::ALL.iter().filter(|pace| kills > 0 && options.chosen(pace.name)) {
            let (mut services, mut hits) = (0, 0);
            for _ in 0..kills {
                random = next(random);
                let Round { died, hits_lost } = round::play(&program, pace, options.way, victim, random)?;
                if let Some(status) = died {
                    eprintln!("{}, {}: {status}", victim.name(), pace.name);
                    services += 1;
                }
                hits += hits_lost;
            }
            println!("{:14}  {:20}  {kills:>5}  {services:>13}  {hits:>9}", victim.name(), pace.name);
        }
    }
    Ok(())
}

/// The next number of a series that looks random (xorshift64).
fn next(mut number: u64) -> u64 {
    number ^= number << 13;
    number ^= number >> 7;
    number ^ number << 17
}
