//! Programs that are measured and go through all formats.

use super::subject::{coverage, written};
use super::tables::*;
use crate::report::Measurements;
use std::fs;

/// Lines with `// ran` run, lines with `// not` have code and do not.
const C: &str = "\
#include <stdlib.h>

static int twice(int number) {  // ran
    return 2 * number;  // ran
}  // ran

static void never(void) {  // not
    abort();  // not
}

int main(int argc, char **argv) {  // ran
    (void)argv;
    if (argc > 1)  // ran
        never();  // not
    return twice(argc) - 2;  // ran
}  // ran
";

/// The same.
const RUST: &str = "\
fn twice(number: usize) -> usize { // ran
    number * 2 // ran
} // ran

fn never() { // not
    std::process::abort(); // not
}

fn main() { // ran
    let count = std::env::args().count(); // ran
    if count > 1 { // ran
        never(); // not
    }
    assert!(twice(count) == 2); // ran
} // ran
";

#[test]
fn what_ran_of_c_comes_through_all_formats() {
    check("src/main.c", C, &["gcc", "-g", "-O0"]);
}

#[test]
fn what_ran_of_rust_comes_through_all_formats() {
    check("src/main.rs", RUST, &["rustc", "-g", "-C", "opt-level=0"]);
}

fn check(source: &str, program: &str, build: &[&str]) {
    let measurements = Measurements::new();
    fs::create_dir(measurements.cwd().join("src")).unwrap();
    fs::write(measurements.path(source), program).unwrap();
    let built = measurements.other(build[0], &[&build[1..], &[source, "-o", "prog"]].concat());
    assert_eq!(built.status, Some(0), "{built:?}");
    assert_eq!(measurements.run(&["-q", "--", "./prog"]).clean(), "");

    let marked = (1u32..).zip(program.lines()).filter_map(|(number, line)| match line.split_once("// ") {
        Some((_, "ran")) => Some((number, true)),
        Some((_, "not")) => Some((number, false)),
        Some(_) | None => None,
    });
    let expected = Lines::from([(source.to_owned(), marked.collect())]);
    let text = |format: &str| written(&measurements, &[format, "--include", "src"], "x");
    assert_eq!(of_json(&text("json")), expected);
    assert_eq!(of_lcov(&text("lcov")), expected);
    assert_eq!(of_cobertura(&text("cobertura")), expected);
    assert_eq!(of_codecov(&text("codecov")), expected);
    assert_eq!(of_sonarqube(&text("sonarqube")), expected);
    assert_eq!(of_coveralls(&text("coveralls")), expected);

    fs::write(measurements.path(".coveragerc"), "[run]\nplugins = cov_trace_coverage\n").unwrap();
    assert_eq!(measurements.run(&["coveragepy", "--include", "src"]).clean(), "");
    for age in ["oldest", "newest"] {
        coverage(&measurements, age, &["combine", "--keep", "--quiet"]).clean();
        coverage(&measurements, age, &["json", "--quiet", "-o", "theirs.json"]).clean();
        let theirs = fs::read_to_string(measurements.path("theirs.json")).unwrap();
        assert_eq!(of_coveragepy(&theirs), expected, "{age}");
    }
}
