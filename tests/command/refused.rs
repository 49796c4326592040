//! Where cov-trace cannot do its work the program does its own, and cov-trace says what is lost.

use crate::harness::build;
use crate::harness::check::{COV_TRACE, under_cov_trace};
use crate::harness::command::mark;
use crate::harness::sample::Sample;
use std::process::Command;
use testing::run::to_end;

#[test]
fn data_directory_cannot_be_made() {
    let sample = Sample::load("process/plain");
    let program = build::program(&sample, &sample.builds[0]);
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    let data = folder.path().join("file/below");
    std::fs::write(folder.path().join("file"), "").unwrap();
    let mark = mark();
    let bare = to_end(&mark, folder.path(), &mut Command::new(&program));
    let mut command = Command::new(COV_TRACE);
    command.arg("--data").arg(&data).arg("--").arg(&program);
    let traced = to_end(&mark, folder.path(), &mut command);
    assert_eq!((traced.status, &traced.stdout), (bare.status, &bare.stdout), "{traced:?}");
    assert!(traced.stderr.contains("file/below"), "{traced:?}");
}

#[test]
fn cov_trace_inside_cov_trace_says_who_traces() {
    let sample = Sample::load("process/plain");
    let program = build::program(&sample, &sample.builds[0]);
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    let mut command = under_cov_trace(&folder.path().join("outer"), COV_TRACE.as_ref());
    command.arg("--data").arg(folder.path().join("inner")).arg("--").arg(&program);
    let outcome = to_end(&mark(), folder.path(), &mut command);
    assert!(!outcome.stderr.contains("panicked"), "{outcome:?}");
    assert!(outcome.stderr.contains("trace"), "{outcome:?}");
}
