//! `cov-trace report`.

use super::measurements::without_source_notes;
use super::{Measurements, file, lines, process};
use cov_trace::store::Warning;
use std::fs::{self, File};
use std::process::Stdio;
use std::sync::Arc;

/// Two processes that ran different parts of two sources: 9 of 16 lines.
fn two_processes() -> Measurements {
    let mut measurements = Measurements::new();
    let (a, b) = (measurements.path("src/a.c"), "/usr/src/b.c");
    let of = |ran_a: &[u32], ran_b: &[u32]| {
        vec![
            (file(&a, lines(1..=12), vec![]), lines(ran_a.iter().copied())),
            (file(b, lines([2, 4, 6, 8]), vec![]), lines(ran_b.iter().copied())),
        ]
    };
    measurements.add(&process(10, of(&[1, 2, 3, 4], &[])));
    measurements.add(&process(11, of(&[3, 4, 5, 12], &[2, 4, 6])));
    measurements
}

#[test]
fn the_union_of_all_processes_is_shown() {
    let measurements = two_processes();
    let expected = "\
File          Lines  Missed  Cover  Missing
----------------------------------
/usr/src/b.c      4       1  75.0%  8
src/a.c          12       6  50.0%  6-11
----------------------------------
TOTAL            16       7  56.3%
";
    assert_eq!(measurements.run(&["report", "--show-missing"]).clean(), expected);
    assert_eq!(measurements.run(&["report", "-m", "--data", ".cov-trace/"]).clean(), expected);
    let without = measurements.run(&["report"]).clean();
    assert!(without.ends_with("TOTAL            16       7  56.3%\n") && !without.contains("Missing"), "{without}");
    let precise = measurements.run(&["report", "--precision", "0", "--sort", "-cover"]).clean();
    let names: Vec<&str> = precise.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!((names[2], names[3]), ("/usr/src/b.c", "src/a.c"));
    assert!(precise.ends_with(" 56%\n"), "{precise}");
    assert_eq!(precise, measurements.run(&["report", "--precision=0", "--sort=cover", "--reverse"]).clean());
}

#[test]
fn the_data_directory_comes_from_option_environment_or_default() {
    let measurements = two_processes();
    let report = measurements.run(&["report"]).clean();
    fs::rename(measurements.cwd().join(".cov-trace"), measurements.cwd().join("elsewhere")).unwrap();
    assert!(measurements.run(&["report"]).error().contains("cov-trace -- PROGRAM"));
    let with = |data: &str, arguments: &[&str]| {
        let mut command = measurements.command(arguments);
        command.env("COV_TRACE_DATA", data);
        super::measurements::finish(command).without_source_notes()
    };
    assert_eq!(with("elsewhere", &["report"]).clean(), report);
    assert_eq!(with("nowhere", &["report", "--data", "elsewhere"]).clean(), report);
    assert!(with("nowhere", &["report"]).error().contains("nowhere does not exist"));
    assert!(with("", &["report"]).error().contains(".cov-trace does not exist"));
}

#[test]
fn fail_under_has_its_own_status_and_is_exact() {
    let measurements = two_processes();
    let table = measurements.run(&["report"]).clean();
    for (required, status) in [("0", 0), ("56", 0), ("56.25", 0), ("56.250000001", 2), ("56.3", 2), ("100", 2)] {
        let finished = measurements.run(&["report", "--fail-under", required]);
        assert_eq!(finished.status, Some(status), "{required}");
        assert_eq!(finished.stdout, table);
        let told = finished.stderr;
        match status {
            0 => assert_eq!(told, ""),
            _ => assert!(told.starts_with("cov-trace: the total of 56.25") && told.contains(required), "{told}"),
        }
    }
    let refused = measurements.run(&["report", "--fail-under", "nan"]);
    assert!(refused.error().contains("number from 0 to 100"), "not 2, which means below");
}

#[test]
fn what_lowers_the_truth_is_told_beside_the_table() {
    let mut measurements = two_processes();
    let table = measurements.run(&["report"]).clean();
    let mut record = process(12, vec![]);
    record.complete = false;
    record.head.end = None;
    record.warnings.push(Warning {
        slug: "mapping\u{1b}[1m-dropped".to_owned(),
        text: "a mapping was dropped".to_owned(),
        count: 3,
    });
    let image = Arc::make_mut(&mut record.images[0]);
    image.warnings.push(Warning {
        slug: "not-on-boundary".to_owned(),
        text: "two lines are not measured".to_owned(),
        count: 2,
    });
    measurements.add(&record);
    let finished = measurements.run(&["report"]);
    assert_eq!((finished.status, finished.stdout), (Some(0), table));
    assert_eq!(
        finished.stderr,
        "cov-trace: warning: not-on-boundary in image /bin/12 (2 places): two lines are not measured\n\
         cov-trace: warning: mapping\\u{1b}[1m-dropped in pid 12 (3 places): a mapping was dropped\n\
         cov-trace: warning: pid 12 incomplete: the measurement was cut short, what ran afterwards is not in here\n"
    );
}

#[test]
fn a_broken_file_does_not_stop_the_rest() {
    let mut measurements = two_processes();
    let table = measurements.run(&["report"]).clean();
    let broken = measurements.add(&process(12, vec![]));
    fs::write(&broken, "no database").unwrap();
    let finished = measurements.run(&["report"]);
    assert_eq!((finished.status, finished.stdout), (Some(0), table));
    let name = broken.file_name().unwrap().to_str().unwrap();
    assert!(finished.stderr.starts_with("cov-trace: warning: left out: read "), "{}", finished.stderr);
    assert!(finished.stderr.contains(name) && finished.stderr.contains("no SQLite database"), "{}", finished.stderr);

    let alone = measurements.run(&["report", "--pid", "12"]).error();
    assert!(alone.contains(name) && alone.contains("no SQLite database"), "{alone}");
}

#[test]
fn names_cannot_play_with_the_terminal() {
    let mut measurements = Measurements::new();
    let evil = measurements.path("a\u{1b}]0;x\u{7}\n\u{202e}.c");
    measurements.add(&process(1, vec![(file(&evil, lines([1]), vec![]), lines([1]))]));
    let table = measurements.run(&["report"]).clean();
    assert!(table.contains(r"a\u{1b}]0;x\u{7}\n\u{202e}.c"), "{table}");
    assert!(!table.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{table:?}");
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let measurements = two_processes();
    for arguments in [&["report"][..], &["report", "--help"], &["ps"], &["lcov"]] {
        let mut child = measurements.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let told = without_source_notes(&String::from_utf8(output.stderr).unwrap());
        assert_eq!((output.status.code(), told.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn a_full_disk_is_an_error() {
    let measurements = two_processes();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = measurements.command(&["report"]).stdout(full).output().unwrap();
    let told = without_source_notes(&String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.starts_with("cov-trace: write standard output: No space left"), "{told}");
    let told = measurements.run(&["lcov", "-o", "/dev/full"]).error();
    assert!(told.contains("write /dev/full: No space left"), "{told}");
}

#[test]
fn the_terminal_gets_colours_unless_they_are_refused() {
    let measurements = two_processes();
    let report = format!("{} report 2>/dev/null", env!("CARGO_BIN_EXE_cov-trace"));
    let in_terminal = |environment: &str| {
        let command = format!("env -u NO_COLOR TERM=xterm {environment} {report}");
        measurements.other("script", &["-qec", &command, "/dev/null"]).clean().replace('\r', "")
    };
    let plain = measurements.run(&["report"]).clean();
    assert!(in_terminal("").contains("\u{1b}["), "colours in a terminal");
    assert_eq!(in_terminal("NO_COLOR=1"), plain);
    assert_eq!(in_terminal("TERM=dumb"), plain);
    assert!(in_terminal("NO_COLOR=").contains("\u{1b}["), "empty means not set");
}
