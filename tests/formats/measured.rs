//! A C program that is measured and goes through all formats.

use super::subject::{coverage, written};
use super::tables::*;
use crate::report::Measurements;
use std::fs;

/// Lines with `// ran` run, lines with `// not` have code and do not.
const PROGRAM: &str = "\
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

#[test]
fn what_ran_comes_through_all_formats() {
    let measurements = Measurements::new();
    fs::create_dir(measurements.cwd().join("src")).unwrap();
    fs::write(measurements.path("src/main.c"), PROGRAM).unwrap();
    let built = measurements.other("gcc", &["-g", "-O0", "src/main.c", "-o", "prog"]);
    assert_eq!(built.status, Some(0), "{built:?}");
    let run = measurements.run(&["-q", "--", "./prog"]);
    assert_eq!(run.clean(), "");

    let marked = (1u32..).zip(PROGRAM.lines()).filter_map(|(number, line)| match line.split_once("// ") {
        Some((_, "ran")) => Some((number, true)),
        Some((_, "not")) => Some((number, false)),
        Some(_) | None => None,
    });
    let expected = Lines::from([("src/main.c".to_owned(), marked.collect())]);
    let text = |format: &str| written(&measurements, &[format], "x");
    assert_eq!(of_json(&text("json")), expected);
    assert_eq!(of_lcov(&text("lcov")), expected);
    assert_eq!(of_cobertura(&text("cobertura")), expected);
    assert_eq!(of_codecov(&text("codecov")), expected);
    assert_eq!(of_sonarqube(&text("sonarqube")), expected);
    assert_eq!(of_coveralls(&text("coveralls")), expected);

    fs::write(measurements.path(".coveragerc"), "[run]\nplugins = cov_trace_coverage\n").unwrap();
    assert_eq!(measurements.run(&["coveragepy"]).clean(), "");
    for age in ["oldest", "newest"] {
        coverage(&measurements, age, &["combine", "--keep", "--quiet"]).clean();
        coverage(&measurements, age, &["json", "--quiet", "-o", "theirs.json"]).clean();
        let theirs = fs::read_to_string(measurements.path("theirs.json")).unwrap();
        assert_eq!(of_coveragepy(&theirs), expected, "{age}");
    }
}
