//! `cov-trace lcov`, and what lcov and genhtml make of it.

use super::{Measurements, file, function, lines, process};
use std::fs;

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
fn a_file_that_cannot_be_written_is_named() {
    let measurements = measurements();
    let error = measurements.run(&["lcov", "-o", "none/coverage.info"]).error();
    assert!(error.contains("write none/coverage.info: No such file"), "{error}");
}
