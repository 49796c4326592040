//! Whether `affected` misses a test: `cargo bench --bench mutants [-- --only NAME] [--each N] [--seed N] [--keep]`.
//!
//! Real projects are measured test by test, and changed in one place after the other, one in four no line of code: a
//! constant, a header, a flag, a script or its absence. `affected --diff HEAD` is asked before the project is built again, and
//! after; then all its tests run. Each that fails must be among those that were named, both times.
#![forbid(unsafe_code)]

mod mutation;
mod project;

use mutation::{Kind, Random};
use project::{Named, Prepared, Project};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, RandomState};
use std::process::ExitCode;

/// What is to be played.
struct Options {
    only: Option<String>,
    each: u32,
    seed: u64,
    keep: bool,
}

/// What one project came to.
#[derive(Default)]
struct Tally {
    mutants: u32,
    /// Those with tests that fail.
    seen: u32,
    missed: u32,
    /// By kind: the shares that were named before and after the project was built again.
    shares: BTreeMap<Kind, Vec<[f64; 2]>>,
    longest: f64,
}

fn main() -> ExitCode {
    match play() {
        Ok(0) => ExitCode::SUCCESS,
        Ok(missed) => {
            eprintln!("mutants: {missed} missed");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("mutants: {error}");
            ExitCode::FAILURE
        }
    }
}

fn play() -> Result<u32, String> {
    let options = parse(std::env::args().skip(1))?;
    println!("seed {}", options.seed);
    println!(
        "{:12} {:>5} {:>7} {:>5} {:>6}  {:10} {:>7} {:>12} {:>11}  longest answer",
        "project", "tests", "mutants", "fail", "missed", "kind", "mutants", "named before", "named after"
    );
    let mut missed = 0;
    for project in project::ALL.iter().filter(|project| options.only.as_deref().is_none_or(|only| project.name == only))
    {
        let prepared = Prepared::of(project, options.keep)?;
        let tally = played(project, &prepared, &options)?;
        missed += tally.missed;
        print(project, &prepared, &tally);
    }
    Ok(missed)
}

fn played(project: &Project, prepared: &Prepared, options: &Options) -> Result<Tally, String> {
    let (mut tally, mut random) = (Tally::default(), Random::new(options.seed));
    while tally.mutants < options.each {
        let mutation = mutation::choose(project, prepared.folder(), tally.mutants % 4 == 3, &mut random)?;
        prepared.apply(&mutation)?;
        let named = prepared.affected()?;
        // What cannot be built changes nothing that tests do.
        if !prepared.build() {
            prepared.undo(&mutation)?;
            continue;
        }
        let named_after = prepared.affected()?;
        let failed = prepared.failing();
        prepared.undo(&mutation)?;
        let of_all = |named: &BTreeSet<String>| named.len() as f64 / prepared.tests as f64;
        let misses = |named: &Named| match &failed {
            Some(failed) => named.missed(failed),
            // It hung, or ended at once: nobody knows which test it was.
            None if named.labels.is_empty() => vec!["(all)".to_owned()],
            None => Vec::new(),
        };
        let missing: [Vec<String>; 2] = [misses(&named), misses(&named_after)];
        let shares = [of_all(&named.labels), of_all(&named_after.labels)];
        tally.mutants += 1;
        tally.seen += u32::from(failed.as_ref().is_none_or(|failed| !failed.is_empty()));
        tally.missed += u32::from(missing.iter().any(|missing| !missing.is_empty()));
        tally.longest = tally.longest.max(named.seconds).max(named_after.seconds);
        tally.shares.entry(mutation.kind).or_default().push(shares);
        let fail = failed.map_or("hang".to_owned(), |failed| failed.len().to_string());
        eprintln!(
            "{:3} {mutation}: fail {fail}, named {:.0} % and {:.0} %{}",
            tally.mutants,
            shares[0] * 100.0,
            shares[1] * 100.0,
            if missing.concat().is_empty() { String::new() } else { format!(", MISSED {missing:?}") }
        );
        if !missing.concat().is_empty() {
            eprintln!("{}", mutation.diff());
        }
    }
    Ok(tally)
}

fn print(project: &Project, prepared: &Prepared, tally: &Tally) {
    let all: Vec<[f64; 2]> = tally.shares.values().flatten().copied().collect();
    let mean = |shares: &[[f64; 2]], at: usize| {
        100.0 * shares.iter().map(|share| share[at]).sum::<f64>() / shares.len().max(1) as f64
    };
    println!(
        "{:12} {:>5} {:>7} {:>5} {:>6}  {:10} {:>7} {:>10.0} % {:>9.0} %  {:.2} s",
        project.name,
        prepared.tests,
        tally.mutants,
        tally.seen,
        tally.missed,
        "all",
        all.len(),
        mean(&all, 0),
        mean(&all, 1),
        tally.longest
    );
    for (kind, shares) in &tally.shares {
        println!(
            "{:39}  {:10} {:>7} {:>10.0} % {:>9.0} %",
            "",
            kind.to_string(),
            shares.len(),
            mean(shares, 0),
            mean(shares, 1)
        );
    }
}

fn parse(mut words: impl Iterator<Item = String>) -> Result<Options, String> {
    let random = RandomState::new().hash_one(0).max(1);
    let mut options = Options { only: None, each: 40, seed: random, keep: false };
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "--only" => options.only = Some(value()?),
            "--each" => options.each = value()?.parse().map_err(|error| format!("--each: {error}"))?,
            "--seed" => options.seed = value()?.parse::<u64>().map_err(|error| format!("--seed: {error}"))?.max(1),
            "--keep" => options.keep = true,
            "--bench" => {} // cargo's own
            _ => return Err(format!("unknown argument {word}; known: --only NAME, --each N, --seed N, --keep")),
        }
    }
    Ok(options)
}
