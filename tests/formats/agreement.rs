//! All formats say the same.

use super::subject::{HARMLESS, HOSTILE, measurements, written};
use super::tables::*;
use std::collections::BTreeMap;
use std::fs;

fn line(lines: &[(u32, bool)]) -> BTreeMap<u32, bool> {
    lines.iter().copied().collect()
}

#[test]
fn every_format_tells_of_the_same_lines() {
    let measurements = measurements();
    let json = of_json(&written(&measurements, &["json"], "x.json"));
    let (yes, no) = (true, false);
    let plain = [(1, yes), (2, yes), (4, yes), (5, no), (7, yes), (8, yes), (10, no), (11, no)];
    let expected = Lines::from([
        ("src/plain.c".to_owned(), line(&plain)),
        (HOSTILE.to_owned(), line(&[(1, no), (2, yes), (3, no)])),
        ("gone.c".to_owned(), line(&[(3, no), (9, yes)])),
        ("/nowhere/up.c".to_owned(), line(&[(1000, no)])),
    ]);
    assert_eq!(json, expected);
    assert_eq!(of_codecov(&written(&measurements, &["codecov"], "x")), expected);
    assert_eq!(of_coveralls(&written(&measurements, &["coveralls"], "x")), expected);
    // What XML and lines of text cannot hold is replaced.
    let harmless = renamed(expected, |name| if name == HOSTILE { HARMLESS.to_owned() } else { name.to_owned() });
    assert_eq!(of_cobertura(&written(&measurements, &["cobertura"], "x")), harmless);
    assert_eq!(of_sonarqube(&written(&measurements, &["sonarqube"], "x")), harmless);
    assert_eq!(of_lcov(&written(&measurements, &["lcov"], "x")), harmless);
    assert_eq!(of_lcov(&written(&measurements, &["lcov", "--checksum"], "x")), harmless);
}

#[test]
fn standard_output_is_the_default_and_filters_apply() {
    let measurements = measurements();
    for format in ["lcov", "cobertura", "json", "codecov", "sonarqube", "coveralls"] {
        let written = written(&measurements, &[format], "x");
        assert_eq!(measurements.run(&[format]).clean(), written);
        assert_eq!(measurements.run(&[format, "-o", "-"]).clean(), written);
        assert!(!measurements.run(&[format, "--include", "gone.c"]).clean().contains("plain.c"), "{format}");
        let error = measurements.run(&[format, "-o", "none/x"]).error();
        assert!(error.contains("write none/x: No such file"), "{error}");
    }
    let one = of_codecov(&measurements.run(&["codecov", "--pid", "2"]).clean());
    assert_eq!(one.into_keys().collect::<Vec<_>>(), ["gone.c", "src/plain.c"]);
}

#[test]
fn notes_and_totals_are_in_the_json() {
    let measurements = measurements();
    let finished = measurements.run_in_full(&["json"]);
    let report: serde_json::Value = serde_json::from_str(&finished.stdout).unwrap();
    let expected = serde_json::json!(
        {"lines": 14, "lines_ran": 7, "lines_excluded": 1, "functions": 6, "functions_ran": 5}
    );
    assert_eq!(report["totals"], expected);
    let told: Vec<String> =
        list(&report["notes"]).iter().map(|note| format!("cov-trace: warning: {}", name(note))).collect();
    assert_eq!(finished.stderr.lines().collect::<Vec<_>>(), told);
    assert!(told.iter().any(|note| note.contains("source-missing: sources /nowhere/up.c, gone.c")), "{told:?}");
}

#[test]
fn a_report_that_gitlab_would_refuse_is_told_of() {
    use crate::report::{Measurements, file, lines, process};
    let mut measurements = Measurements::new();
    let large = file(&measurements.path("large.c"), lines(1..=350_000), vec![]);
    measurements.add(&process(1, vec![(large, lines([1]))]));
    let finished = measurements.run(&["cobertura", "-o", "x.xml"]);
    assert!(fs::metadata(measurements.path("x.xml")).unwrap().len() > 10 << 20);
    assert_eq!((finished.status, finished.stdout.as_str()), (Some(0), ""));
    assert!(finished.stderr.contains("GitLab takes at most 10"), "{}", finished.stderr);
    assert_eq!(measurements.run(&["sonarqube", "-o", "x.xml"]).clean(), "");
}
