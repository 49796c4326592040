//! Running commands in a folder, and asking who ran what.

use crate::harness::check::COV_TRACE;
use crate::harness::command::mark;
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use testing::run::{Outcome, to_end};

/// A program that has ended.
pub fn run(folder: &Path, program: &str, words: &[&str]) -> Outcome {
    to_end(&mark(), folder, Command::new(program).args(words))
}

/// What a command says in JSON.
#[track_caller]
pub fn said(folder: &Path, words: &[&str]) -> Value {
    let said = run(folder, COV_TRACE, &[words, &["--json"]].concat());
    assert!(said.status.success(), "{said:?}");
    serde_json::from_str(&said.stdout).unwrap()
}

/// The labels of the contexts that ran something.
#[track_caller]
pub fn who(folder: &Path, what: &str) -> Vec<String> {
    let said = said(folder, &["who", what]);
    let contexts = said["asked"][0]["contexts"].as_array().unwrap_or_else(|| panic!("{said}"));
    contexts.iter().map(|context| context["label"].as_str().unwrap().to_owned()).collect()
}
