//! A data directory in which something else stands where a file belongs: nobody waits for it, and the rest is read.

use crate::report::{Finished, Measurements, RUN, file, lines, process};
use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

/// What may stand there.
const KINDS: [&str; 5] = ["FIFO", "link to a FIFO", "socket", "directory", "link to a device"];

fn fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

fn put(kind: &str, path: &Path) {
    match kind {
        "FIFO" => fifo(path),
        "link to a FIFO" => {
            let other = path.with_extension("of-others");
            fifo(&other);
            symlink(other, path).unwrap();
        }
        "socket" => drop(UnixListener::bind(path).unwrap()),
        "directory" => fs::create_dir(path).unwrap(),
        _ => symlink("/dev/zero", path).unwrap(),
    }
}

/// Measurements in which a stranger stands in each place: one data file of two, and one file of each of several runs
/// that were cut short.
fn with_strangers(kind: &str) -> Measurements {
    let mut measurements = Measurements::new();
    let source = file("/src/a.c", lines(1..=9), vec![]);
    for pid in [5, 6] {
        measurements.add(&process(pid, vec![(source.clone(), lines([pid as u32]))]));
    }
    let data = measurements.data().path().to_owned();
    for (number, place) in ["lock", "journal", "marks", "control", "0.facts"].iter().enumerate() {
        let run = data.join(format!("run-20261123T020304.000Z-{number}"));
        fs::create_dir(&run).unwrap();
        for name in ["lock", "journal", "marks"].iter().filter(|name| *name != place) {
            fs::write(run.join(name), "").unwrap();
        }
        put(kind, &run.join(place));
    }
    let data_file = data.join(format!("5-{RUN}-5.sqlite"));
    fs::remove_file(&data_file).unwrap();
    put(kind, &data_file);
    put(kind, &data.join("known-lines"));
    put(kind, &measurements.cwd().join("cov-trace.toml"));
    measurements
}

#[track_caller]
fn is_told_well(what: &str, finished: &Finished) {
    assert!(finished.status.is_some() && !finished.stderr.contains("panicked"), "{what}: {finished:?}");
}

#[test]
fn nobody_waits_for_what_is_no_file() {
    for kind in KINDS {
        let measurements = with_strangers(kind);
        for command in [&["status"][..], &["report"], &["ps"], &["html", "-o", "site"]] {
            let finished = measurements.run(command);
            is_told_well(command[0], &finished);
            assert!(command[0] != "report" || finished.stdout.contains("/src/a.c"), "{kind}: {finished:?}");
        }
        for option in ["--quiet", "--only-new"] {
            let finished = measurements.run(&[option, "--no-cache", "--", "true"]);
            assert_eq!(finished.status, Some(0), "{kind}, {option}: {finished:?}");
            assert!(!finished.stderr.contains("unmeasured"), "{kind}, {option}: {finished:?}");
        }
        let erased = measurements.run(&["erase"]);
        assert!(erased.status == Some(0) && !erased.stderr.contains("panicked"), "{kind}: {erased:?}");
    }
}

#[test]
fn a_data_directory_that_is_none_is_told_of() {
    for kind in ["FIFO", "link to a FIFO", "socket", "link to a device"] {
        let measurements = Measurements::new();
        put(kind, &measurements.cwd().join(".cov-trace"));
        for command in ["report", "status", "erase"] {
            let finished = measurements.run(&[command]);
            is_told_well(command, &finished);
            assert!(finished.status == Some(1) && finished.stderr.contains(".cov-trace"), "{command}: {finished:?}");
        }
        let finished = measurements.run(&["--no-cache", "--", "true"]);
        assert!(finished.status == Some(0) && finished.stderr.contains("unmeasured"), "{kind}: {finished:?}");
    }
}

#[test]
fn what_is_named_on_the_command_line_is_not_waited_for() {
    let measurements = Measurements::new();
    fifo(&measurements.cwd().join("fifo"));
    for command in [
        &["--config", "fifo", "report"][..],
        &["combine", "-o", "all.sqlite", "fifo"],
        &["doctor", "./fifo"],
        &["report", "fifo"],
    ] {
        let finished = measurements.run(command);
        is_told_well(command[0], &finished);
        assert!(finished.status != Some(0), "{command:?}: {finished:?}");
    }
}
