//! Filters, alike for every command that reads measurements, and what there is to say when nothing is left.

use super::{Measurements, file, lines, process};
use cov_trace::store::Hits;
use std::fs;

/// Pid 10 ran 1 line of src/a.c and 2 of src/lib/b.h; pid 11 ran 3 lines of /usr/src/c.c, one of them as `test_one`.
fn measurements() -> Measurements {
    let mut measurements = Measurements::new();
    let (a, b) = (measurements.path("src/a.c"), measurements.path("src/lib/b.h"));
    measurements.add(&process(
        10,
        vec![(file(&a, lines(1..=5), vec![]), lines([1])), (file(&b, lines(1..=5), vec![]), lines([1, 2]))],
    ));
    let mut other = process(11, vec![(file("/usr/src/c.c", lines(1..=5), vec![]), lines([1, 2]))]);
    other.contexts.push("test_one".to_owned());
    other.hits.push(Hits { image: 0, file: 0, context: 1, lines: lines([3]), functions: lines([]) });
    measurements.add(&other);
    measurements
}

/// The first word of each row, and how many lines are missed in all.
fn report(measurements: &Measurements, arguments: &[&str]) -> (Vec<String>, u32) {
    let table = measurements.run(&[&["report"], arguments].concat()).clean();
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    let names = rows[2..rows.len() - 2].iter().map(|row| row[0].to_owned()).collect();
    (names, rows.last().unwrap()[2].parse().unwrap())
}

#[test]
fn each_filter_selects() {
    let measurements = measurements();
    let (a, b, c) = ("src/a.c", "src/lib/b.h", "/usr/src/c.c");
    for (arguments, names, missed) in [
        (&[][..], vec![c, a, b], 9),
        (&["--pid", "10"], vec![a, b], 7),
        (&["--pid=10", "--pid=11", "--pid=12"], vec![c, a, b], 9),
        (&["--module", "10"], vec![a, b], 7),
        (&["--module", "/bin/*"], vec![c, a, b], 9),
        (&["--include", "src"], vec![a, b], 7),
        (&["--include", "*.c"], vec![c, a], 6),
        (&["--include", "src/*.c"], vec![a], 4),
        (&["--include", "src/lib", "--include", "/usr"], vec![c, b], 5),
        (&["--exclude", "lib"], vec![c, a], 6),
        (&["--include", "src", "--exclude", "*.h"], vec![a], 4),
        (&["--context", "test_*"], vec![c, a, b], 14),
        (&["--context", ""], vec![c, a, b], 10),
    ] {
        assert_eq!(
            report(&measurements, arguments),
            (names.into_iter().map(str::to_owned).collect(), missed),
            "{arguments:?}"
        );
    }
}

#[test]
fn every_command_takes_the_filters() {
    let measurements = measurements();
    let filters = ["--pid=11", "--module=11", "--include=/usr", "--exclude=src", "--context=test_*"];
    let lcov = measurements.run(&[&["lcov"], &filters[..]].concat()).clean();
    assert_eq!(lcov.matches("SF:").count(), 1, "{lcov}");
    assert!(lcov.contains("DA:2,0\nDA:3,1\n") && lcov.contains("LH:1\n"), "{lcov}");
    let ps = measurements.run(&[&["ps"], &filters[..]].concat()).clean();
    let row: Vec<&str> = ps.lines().last().unwrap().split_whitespace().collect();
    assert_eq!(row, ["11", "prog", "11", "exit", "0", "1", "1.500", "s"]);
}

#[test]
fn nothing_left_says_why() {
    let mut measurements = measurements();
    let error = |arguments: &[&str]| measurements.run(arguments).error();
    let unknown = error(&["report", "--pid", "77", "--pid", "78"]);
    assert!(unknown.contains("no process with pid 77, 78") && unknown.contains("cov-trace ps"), "{unknown}");
    for filter in ["--include=*.rs", "--module=nothing", "--exclude=/"] {
        let error = error(&["lcov", filter]);
        assert!(error.contains("no source matches"), "{filter}: {error}");
    }
    let mut bare = process(12, vec![]);
    bare.images.clear();
    measurements.add(&bare);
    let error = measurements.run(&["report", "--pid", "12"]).error();
    assert!(error.contains("build with -g"), "{error}");
    fs::remove_dir_all(measurements.cwd().join(".cov-trace")).unwrap();
    measurements.data();
    for command in ["report", "lcov", "ps"] {
        let error = measurements.run(&[command]).error();
        assert!(error.contains("no measurements in .cov-trace") && error.contains("cov-trace -- PROGRAM"), "{error}");
    }
}

#[test]
fn bad_arguments_say_what_is_right() {
    let measurements = Measurements::new();
    for (arguments, expected) in [
        (&["report", "--include", "a["][..], "unclosed character class"),
        (&["report", "--sort", "size"], "file, lines, missed or cover"),
        (&["report", "--precision", "10"], "10"),
        (&["ps", "--pid", "me"], "--pid"),
        (&["prog", "--option"], "cov-trace [OPTIONS] -- prog"),
        (&["--data", "x", "report"], "cov-trace report [OPTIONS]"),
        (&[], "cov-trace [OPTIONS] -- PROGRAM"),
    ] {
        let error = measurements.run(arguments).error();
        assert!(error.contains(expected), "{arguments:?}: {error}");
    }
    let help = measurements.run(&["--help"]).clean();
    for command in ["report", "lcov", "ps", "erase"] {
        assert!(help.contains(command), "{help}");
        let help = measurements.run(&[command, "--help"]).clean();
        assert!(help.contains("Examples:\n  cov-trace "), "{help}");
    }
}
