//! Random programs, built in random ways, tell the same lines whether breakpoints are few or everywhere.
//!
//! `COV_TRACE_RANDOM_PROGRAMS` is how many there are, `COV_TRACE_RANDOM_SEED` the seed of the first, the others follow.
//!
//! Invariant: a seed makes the same program and the same command.

mod build;
mod dice;
mod program;
mod statement;

use crate::harness::check::{in_new_folder, under_cov_trace};
use crate::harness::command::mark;
use crate::harness::{both, build::output};
use dice::Dice;
use program::Language;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

#[test]
fn both_ways_tell_the_same_lines() {
    let number = |name: &str, usual| match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|error| panic!("{name}={text}: {error}")),
        Err(_) => usual,
    };
    let first: u64 = number("COV_TRACE_RANDOM_SEED", 1);
    let failures: Vec<String> =
        (first..first + number("COV_TRACE_RANDOM_PROGRAMS", 10)).filter_map(|seed| failure(seed).err()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Builds the program of a seed and runs it bare and both ways.
fn failure(seed: u64) -> Result<(), String> {
    let mut dice = Dice::new(seed);
    let (language, text) = program::text(&mut dice);
    let command = build::command(&mut dice, language, &text);
    let folder = tempfile::tempdir_in(output()).unwrap();
    let source = folder.path().join(match language {
        Language::C => "random.c",
        Language::Cpp => "random.cpp",
    });
    let program = folder.path().join("random");
    std::fs::write(&source, &text).unwrap();
    let mut compiler = Command::new(command[0]);
    let made = compiler.args(&command[1..]).arg(&source).arg("-o").arg(&program).output().unwrap();
    let described = format!("seed {seed}, {}", command.join(" "));
    if !made.status.success() {
        return Err(format!("{described}: {}: {}", made.status, String::from_utf8_lossy(&made.stderr)));
    }
    let mark = mark();
    let bare = in_new_folder(&mark, &mut Command::new(&program));
    let [few, all] = ["few", "all"].map(|name| folder.path().join(name));
    for (way, mut traced) in [("runs", under_cov_trace(&few, &program)), ("all", both::plainly(&program, &all))] {
        let traced = in_new_folder(&mark, &mut traced);
        if traced != bare {
            return Err(format!("{described}, --probe={way}: bare {bare:?}, traced {traced:?}"));
        }
    }
    match both::differences(&few, &all, folder.path(), &BTreeSet::new()) {
        differences if differences.is_empty() => Ok(()),
        differences => Err(format!("{described}: {}", kept(&text, seed, &differences.join("\n"), folder.path()))),
    }
}

/// The differences, and the text in a file that stays.
fn kept(text: &str, seed: u64, differences: &str, folder: &Path) -> String {
    let kept = output().join(format!("random-{seed}.txt"));
    std::fs::write(&kept, text).unwrap();
    format!(
        "{}\n(the program is kept in {})",
        differences.replace(&format!("{}/", folder.display()), ""),
        kept.display()
    )
}
