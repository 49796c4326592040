//! The status is the program's own; a program that cannot be started gives that of a shell.

use crate::harness::build;
use crate::harness::check::COV_TRACE;
use crate::harness::command::mark;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use testing::run::{Outcome, to_end};

fn run(arguments: &[&str]) -> Outcome {
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    to_end(&mark(), folder.path(), Command::new(COV_TRACE).args(arguments))
}

#[test]
fn exit_status_is_the_programs() {
    for status in [0, 1, 42, 126, 127, 255] {
        let script = format!("exit {status}");
        assert_eq!(run(&["-q", "--", "/bin/sh", "-c", &script]).status.code(), Some(status));
    }
}

#[test]
fn death_by_signal_is_the_programs() {
    for signal in [1, 2, 3, 6, 9, 11, 13, 15, 24, 34, 64] {
        let script = format!("kill -{signal} $$");
        let outcome = run(&["-q", "--", "/bin/sh", "-c", &script]);
        assert_eq!(outcome.status.signal(), Some(signal), "{outcome:?}");
    }
}

#[test]
fn program_is_searched_in_path() {
    let outcome = run(&["-q", "--", "echo", "-n", "--", "-q"]);
    assert_eq!((outcome.status.code(), outcome.stdout.as_str()), (Some(0), "-- -q"));
}

/// Asserts the status of a shell and one clear line that names the program.
#[track_caller]
fn refused(program: &str, status: i32) {
    let outcome = run(&["--", program]);
    assert_eq!(outcome.status.code(), Some(status), "{outcome:?}");
    assert_eq!(outcome.stderr.lines().count(), 1, "{outcome:?}");
    assert!(outcome.stderr.contains(program), "{outcome:?}");
}

#[test]
fn program_not_found() {
    refused("/does/not/exist", 127);
    refused("does-not-exist-anywhere", 127);
}

#[test]
fn program_not_executable() {
    refused("/etc/passwd", 126);
    refused("/tmp", 126);
}
