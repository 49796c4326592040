//! Which functions are told to have run, and where they are: real programs, measured in every way.

mod extents;
mod lcov;
mod shared_lines;

use crate::harness::build;
use crate::harness::check::COV_TRACE;
use crate::harness::command::mark;
use crate::harness::sample::Sample;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use testing::run::to_end;

/// The samples of these tests.
pub const SAMPLES: &[&str] =
    &["functions/attached", "functions/forked", "functions/generics", "functions/inlined", "functions/instances"];

/// A function of the report: first and last line, and whether it ran.
type Function = (u32, u32, bool);

/// Measures a program with these options; the data directory is in `folder`.
fn measure(folder: &Path, program: &Path, options: &[&str]) {
    let mut command = Command::new(COV_TRACE);
    command.arg("-q").args(options).arg("--data").arg(folder.join("data")).arg("--").arg(program);
    to_end(&mark(), folder, &mut command);
}

/// The functions of a source by name, as a report tells them that has these options.
fn functions(data: &Path, source: &Path, options: &[&str]) -> BTreeMap<String, Function> {
    let mut command = Command::new(COV_TRACE);
    command.args(["json", "--absolute-paths", "--data"]).arg(data).args(options).args(["-o", "-"]);
    let outcome = to_end(&mark(), data, &mut command);
    let report: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("{outcome:?}"));
    let list = |value: &serde_json::Value| value.as_array().unwrap().clone();
    let is_source = |file: &serde_json::Value| file["path"].as_str() == source.to_str();
    let file = list(&report["files"]).into_iter().find(is_source);
    let file = file.unwrap_or_else(|| panic!("no {} in {report}", source.display()));
    let number = |value: &serde_json::Value| value.as_u64().unwrap() as u32;
    let function = |function: &serde_json::Value| {
        let lines = (number(&function["start"]), number(&function["end"]), function["ran"].as_bool().unwrap());
        (function["name"].as_str().unwrap().to_owned(), lines)
    };
    list(&file["functions"]).iter().map(function).collect()
}

/// The same of one build of a sample that is measured with these options.
fn functions_of(sample: &Sample, variant: &str, options: &[&str]) -> BTreeMap<String, Function> {
    let build = sample.builds.iter().find(|build| build.variant == variant).unwrap();
    let program = build::program(sample, build);
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    measure(folder.path(), &program, options);
    functions(&folder.path().join("data"), &sample.main, &[])
}

/// Whether functions ran that have a word in their name; there must be one.
#[track_caller]
fn ran(functions: &BTreeMap<String, Function>, word: &str) -> bool {
    let mut found = functions.iter().filter(|(name, _)| name.contains(word)).map(|(_, (.., ran))| *ran).peekable();
    assert!(found.peek().is_some(), "no {word} in {functions:?}");
    found.any(|ran| ran)
}
