//! `cov-trace.toml`.

use super::{Measurements, file, lines, process};
use std::fs;
use std::process::Command;

fn measurements() -> Measurements {
    let mut measurements = Measurements::new();
    let path = measurements.path("src/a.c");
    measurements.add(&process(10, vec![(file(&path, lines(1..=3), vec![]), lines([1]))]));
    let other = measurements.path("b.c");
    measurements.add(&process(11, vec![(file(&other, lines(1..=3), vec![]), lines([1]))]));
    measurements
}

fn configured(measurements: &Measurements, text: &str) {
    fs::write(measurements.path("cov-trace.toml"), text).unwrap();
}

#[test]
fn options_come_from_the_file_and_the_command_line_replaces_them() {
    let measurements = measurements();
    configured(
        &measurements,
        "include = [\"src/*.c\"]\n[report]\nprecision = 3\nshow-missing = true\n[lcov]\noutput = \"x\"\n",
    );
    let report = measurements.run(&["report"]).clean();
    assert!(report.contains("src/a.c      3       2  33.333%  2-3") && !report.contains("b.c "), "{report}");
    let given = measurements.run(&["report", "--precision=0", "--include", "b.c"]).clean();
    assert!(given.contains("b.c        3       2    33%  2-3") && !given.contains("src/a.c"), "{given}");
    let without = measurements.run(&["report", "--no-config"]).clean();
    assert!(without.contains("b.c") && without.contains("33.3%"), "{without}");
    configured(&measurements, "[report]\nfail-under = 90\nskip-covered = false\n");
    assert_eq!(measurements.run(&["report"]).status, Some(2));
    assert_eq!(measurements.run(&["report", "--fail-under=1"]).status, Some(0));
}

#[test]
fn the_file_is_found_from_below_and_its_paths_are_its_folders() {
    let measurements = measurements();
    configured(&measurements, "data = \".cov-trace\"\ninclude = [\"src/a.c\"]\n");
    fs::create_dir_all(measurements.path("deep/down")).unwrap();
    let below = |arguments: &[&str], folder: &str| {
        let mut command: Command = measurements.command(arguments);
        command.current_dir(measurements.path(folder));
        super::measurements::finish(command).without_source_notes()
    };
    assert!(below(&["report"], "deep/down").clean().contains("src/a.c "));
    fs::create_dir(measurements.path("deep/.git")).unwrap();
    let error = below(&["report"], "deep/down").error();
    assert!(error.contains("no measurements"), "not above the working tree: {error}");
    let named = below(&["report", "--config", "../../cov-trace.toml"], "deep/down");
    assert!(named.clean().contains("src/a.c "));
}

#[test]
fn what_is_unknown_or_wrong_is_an_error() {
    let measurements = measurements();
    let error = |text: &str| {
        configured(&measurements, text);
        measurements.run(&["report"]).error()
    };
    for (text, told) in [
        (
            "\n[report]\nfail-uner = 3\n",
            "cov-trace.toml:3: unknown option of report \"fail-uner\"; did you mean fail-under?",
        ),
        ("exclud = [\"x\"]\n", "cov-trace.toml:1: unknown option \"exclud\"; did you mean exclude?"),
        ("[reprot]\n", "cov-trace.toml:1: unknown command \"reprot\"; did you mean report?"),
        ("[report]\nshow-missing = 1\n", "cov-trace.toml:2: show-missing must be true or false"),
        ("[report]\nsort = [\"file\"]\n", "cov-trace.toml:2: sort must be one value"),
        ("[lcov]\nprecision = 1\n", "unknown option of lcov \"precision\""),
        ("[report]\nprecision = 77\n", "cov-trace.toml: invalid value '77'"),
        ("[report]\nconfig = \"x\"\n", "unknown option of report \"config\""),
        ("[run]\nprobe = \"runs\"\nfrk = \"anew\"\n", "unknown option of a measurement \"frk\"; did you mean fork?"),
        ("x = [\n", "cov-trace.toml:1: "),
    ] {
        let error = error(text);
        assert!(error.contains(told), "{text}: {error}");
    }
    let error = measurements.run(&["report", "--config", "nowhere.toml"]).error();
    assert!(error.contains("nowhere.toml: No such file") && error.contains("--no-config"), "{error}");
}
