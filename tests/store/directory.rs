//! Erasing, and reading without leaving a trace.

use crate::report::{Measurements, file, lines, process};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

fn measurements() -> Measurements {
    let mut measurements = Measurements::new();
    let source = file("/src/a.c", lines(1..=9), vec![]);
    for pid in 1..=3 {
        measurements.add(&process(pid, vec![(source.clone(), lines([pid as u32]))]));
    }
    measurements
}

#[test]
fn erase_says_what_it_removed_and_keeps_what_is_not_ours() {
    let measurements = measurements();
    let data = measurements.data();
    fs::write(data.path().join("notes.txt"), "mine").unwrap();
    let finished = measurements.run(&["erase"]);
    assert_eq!((finished.status, finished.stdout.as_str()), (Some(0), "erased 3 processes from .cov-trace\n"));
    assert_eq!(finished.stderr, "cov-trace: left what is not cov-trace's: notes.txt\n");
    assert_eq!(fs::read_to_string(data.path().join("notes.txt")).unwrap(), "mine");
    fs::remove_file(data.path().join("notes.txt")).unwrap();
    // Now it is an empty directory that anybody may have made.
    assert_eq!(measurements.run(&["erase"]).clean(), "erased 0 processes from .cov-trace\n");
    fs::remove_dir(data.path()).unwrap();
    let again = measurements.run(&["erase"]);
    assert_eq!((again.status, again.stdout.as_str()), (Some(0), ""));
    assert!(again.stderr.contains("nothing to erase"), "{}", again.stderr);
}

#[test]
fn reading_leaves_no_trace_in_the_directory() {
    let measurements = measurements();
    let path = measurements.data().path().to_owned();
    // Root may write anyway: that nothing came or went is what counts.
    fs::set_permissions(&path, Permissions::from_mode(0o555)).unwrap();
    let before = crate::report::listing(&path);
    for command in ["report", "lcov", "ps"] {
        assert!(!measurements.run(&[command]).clean().is_empty());
    }
    assert_eq!(crate::report::listing(&path), before);
    fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn unfinished_files_are_ignored_and_erased() {
    let measurements = measurements();
    let report = measurements.run(&["report"]).clean();
    let name = measurements.data().process_files().unwrap()[0].to_string();
    fs::write(measurements.data().path().join(format!(".{name}.4711.tmp")), "half").unwrap();
    assert_eq!(measurements.run(&["report"]).clean(), report);
    assert_eq!(
        measurements.run(&["erase"]).clean(),
        "erased 3 processes, 1 unfinished file from .cov-trace, and the directory itself\n"
    );
}
