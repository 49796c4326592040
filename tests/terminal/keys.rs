//! Keys pressed in a terminal do to a traced program what they do to a bare one.

use crate::harness::check::under_cov_trace;
use crate::harness::command::mark;
use crate::harness::sample::Sample;
use crate::harness::{build, measured};
use cov_trace::store::EndReason;
use std::path::Path;
use std::process::Command;
use testing::run::to_end;

/// What is seen in a terminal in which `command` is a shell's job, while the words of `scenario` happen one by one.
fn transcript(folder: &Path, scenario: &str, command: &Command) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/terminal/jobs.py");
    let mut python = Command::new("python3");
    python.arg(script).arg(scenario).arg(command.get_program()).args(command.get_args());
    let outcome = to_end(&mark(), folder, &mut python);
    assert!(outcome.status.success(), "{outcome:?}");
    outcome.stdout
}

#[track_caller]
fn same(scenario: &str) {
    let sample = Sample::load("process/server");
    let program = build::program(&sample, &sample.builds[0]);
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    let data = folder.path().join("data");
    let bare = transcript(folder.path(), scenario, &Command::new(&program));
    let traced = transcript(folder.path(), scenario, &under_cov_trace(&data, &program));
    assert_eq!(bare, traced);
    assert!(measured::processes(&data).iter().all(|process| process.complete));
}

#[test]
fn one_interrupt_is_the_programs() {
    same("see:ready a see:a ^C see:signal~2 b see:b ^D see:[exit~0]");
}

#[test]
fn suspended_and_in_the_foreground_again() {
    same("see:ready a see:a ^Z see:[stopped~by~20] fg b see:b ^Z see:[stopped~by~20] fg ^D see:[exit~0]");
}

#[test]
fn quit_kills() {
    same("see:ready a see:a ^\\ see:[signal~3]");
}

#[test]
fn hang_up_reaches_the_program() {
    same("see:ready a see:a hang-up");
}

#[test]
fn second_interrupt_lets_go() {
    let sample = Sample::load("process/server");
    let program = build::program(&sample, &sample.builds[0]);
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    let data = folder.path().join("data");
    let scenario = "see:ready a see:a ^C see:signal~2 ^C-until:[ b see:b ^D gone";
    transcript(folder.path(), scenario, &under_cov_trace(&data, &program));
    let processes = measured::processes(&data);
    assert_eq!(processes.len(), 1);
    assert_eq!(processes[0].end, Some(EndReason::Detached));
}
