//! `cov-trace lcov`, and what lcov and genhtml make of it.

use super::{Measurements, file, function, lines, process};
use std::fs::{self, File};
use std::time::{Duration, UNIX_EPOCH};

/// One source with names that are hard on the format: 5 of 8 lines and 3 of 6 functions ran.
fn measurements() -> Measurements {
    let mut measurements = Measurements::new();
    fs::create_dir(measurements.cwd().join("src")).unwrap();
    let source = measurements.path("src/a b,c.cc");
    fs::write(&source, "line\n".repeat(20)).unwrap();
    let facts = file(
        &source,
        lines([1, 2, 4, 5, 7, 8, 10, 11]),
        vec![
            function(1, 2, "std::map<int, A>::at(int, long) const"),
            function(4, 5, "std::map<int, B>::at(int, long) const"),
            function(7, 8, "twice"),
            function(10, 11, "twice"),
            function(7, 7, "operator()\n::nested"),
            function(10, 11, ""),
        ],
    );
    measurements.add(&process(1, vec![(facts, lines([1, 2, 4, 5, 7]))]));
    measurements
}

#[test]
fn lcov_and_genhtml_read_the_same_numbers() {
    let measurements = measurements();
    assert_eq!(measurements.run(&["lcov", "-o", "coverage.info"]).clean(), "");
    let written = fs::read_to_string(measurements.path("coverage.info")).unwrap();
    assert_eq!(measurements.run(&["lcov"]).clean(), written);
    assert_eq!(measurements.run(&["lcov", "--output=-"]).clean(), written);
    let summary = measurements.other("lcov", &["--summary", "coverage.info"]);
    let told = summary.stdout + &summary.stderr;
    assert_eq!(summary.status, Some(0), "{told}");
    assert!(told.contains("(5 of 8 lines)"), "{told}");
    assert!(told.contains("(3 of 6 functions)"), "{told}");
    for word in ["WARNING", "ERROR", "warning", "error"] {
        assert!(!told.contains(word), "{told}");
    }

    let html = measurements.other("genhtml", &["coverage.info", "--function-coverage", "-o", "html"]);
    let told = html.stdout + &html.stderr;
    assert_eq!(html.status, Some(0), "{told}");
    assert!(told.contains("(5 of 8 lines)") && told.contains("(3 of 6 functions)"), "{told}");
    for word in ["WARNING", "ERROR", "warning", "error"] {
        assert!(!told.contains(word), "{told}");
    }
}

#[test]
fn genhtml_finds_by_checksums_that_a_source_is_another() {
    let measurements = measurements();
    let source = measurements.path("src/a b,c.cc");
    let genhtml = || {
        let html = measurements.other("genhtml", &["coverage.info", "--function-coverage", "-o", "html"]);
        (html.status == Some(0), html.stdout + &html.stderr)
    };
    // The made-up measurement is of 1970: a source of that time is what was measured.
    let old = UNIX_EPOCH + Duration::from_secs(1);
    fs::write(&source, "line\r\n".repeat(19) + "last").unwrap();
    File::options().write(true).open(&source).unwrap().set_modified(old).unwrap();
    assert_eq!(measurements.run_in_full(&["lcov", "--checksum", "-o", "coverage.info"]).clean(), "");
    let written = fs::read_to_string(measurements.path("coverage.info")).unwrap();
    assert_eq!(written.lines().filter(|line| line.starts_with("DA:") && line.matches(',').count() == 2).count(), 8);
    let (done, told) = genhtml();
    assert!(done && told.contains("(5 of 8 lines)"), "{told}");
    fs::write(&source, "line\n".repeat(9) + "another\n" + &"line\n".repeat(10)).unwrap();
    let (done, told) = genhtml();
    assert!(!done && told.contains("checksum mismatch"), "{told}");

    let newer = measurements.run_in_full(&["lcov", "--checksum", "-o", "coverage.info"]);
    assert!(newer.stderr.contains("source-newer: source src/a b,c.cc"), "{newer:?}");
    assert_eq!(fs::read_to_string(measurements.path("coverage.info")).unwrap(), measurements.run(&["lcov"]).clean());
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let measurements = measurements();
    let error = measurements.run(&["lcov", "-o", "none/coverage.info"]).error();
    assert!(error.contains("write none/coverage.info: No such file"), "{error}");
}
