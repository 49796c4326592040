//! coverage.py reads what `cov-trace coveragepy` writes, in its oldest and in its newest version.

use super::subject::{coverage, measurements_with, written};
use super::tables::*;
use crate::report::{Measurements, listing};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;

const AGES: [&str; 2] = ["oldest", "newest"];

/// coverage.py writes XML with control characters in names, which is none.
const HOSTILE: &str = "src/<script>alert('1')<|script>]]>&amp; \"q\",\u{e4}.c";

fn configured(configuration: &str) -> Measurements {
    let measurements = measurements_with(HOSTILE);
    let text = format!("[run]\nplugins = cov_trace_coverage\n{configuration}");
    fs::write(measurements.path(".coveragerc"), text).unwrap();
    measurements
}

/// What a JSON report of coverage.py says.
fn json(measurements: &Measurements, age: &str) -> Value {
    coverage(measurements, age, &["json", "--quiet", "--show-contexts", "-o", "theirs.json"]).clean();
    serde_json::from_str(&fs::read_to_string(measurements.path("theirs.json")).unwrap()).unwrap()
}

fn data_files(measurements: &Measurements, directory: &str) -> Vec<String> {
    let names = listing(&measurements.cwd().join(directory)).0;
    names.into_iter().filter(|name| name.starts_with(".coverage") && name != ".coveragerc").collect()
}

#[test]
fn every_report_of_coverage_py_has_our_numbers() {
    let measurements = configured("");
    let ours = of_json(&written(&measurements, &["json"], "ours.json"));
    for age in AGES {
        fs::remove_file(measurements.path(".coverage")).ok();
        assert_eq!(measurements.run(&["coveragepy"]).clean(), "");
        let files = data_files(&measurements, ".");
        assert_eq!(files.len(), 2, "one a process: {files:?}");
        for (file, pid) in files.iter().zip(1..) {
            assert!(file.contains(&format!(".pid{pid}.X")) && file.ends_with('x'), "{file}");
        }
        coverage(&measurements, age, &["combine", "--quiet"]).clean();
        assert_eq!(data_files(&measurements, "."), [".coverage"]);

        let theirs = json(&measurements, age);
        assert_eq!(of_coveragepy(&theirs.to_string()), ours, "{age}");
        let plain = &theirs["files"]["src/plain.c"];
        assert_eq!(plain["excluded_lines"], serde_json::json!([12]));
        assert_eq!(plain["contexts"]["2"], serde_json::json!(["", "a <test>"]), "contexts are kept");
        assert_eq!(plain["contexts"]["8"], serde_json::json!(["a <test>"]));

        let table = coverage(&measurements, age, &["report", "--show-missing"]).clean();
        assert!(table.lines().any(|line| line.starts_with("gone.c ") && line.ends_with(" 50%   3")), "{table}");
        assert!(table.lines().any(|line| line.starts_with("TOTAL ") && line.ends_with("50%")), "{table}");

        coverage(&measurements, age, &["xml", "--quiet", "-o", "theirs.xml"]).clean();
        let xml = of_cobertura(&fs::read_to_string(measurements.path("theirs.xml")).unwrap());
        let numbers = |lines: &Lines| lines.values().cloned().collect::<BTreeSet<_>>();
        assert_eq!(numbers(&xml), numbers(&ours), "{age}: names are relative to several sources");

        coverage(&measurements, age, &["lcov", "--quiet", "-o", "theirs.info"]).clean();
        let lcov = fs::read_to_string(measurements.path("theirs.info")).unwrap();
        assert_eq!(of_lcov(&lcov), ours, "{age}");
        if age == "oldest" {
            // A form feed is no end of a line, and what is not UTF-8 is replaced.
            assert!(lcov.contains("\nDA:2,1,bbTAJ8Yamf2urp7NY3mtNQ\n"), "{lcov}");
            assert!(lcov.contains("\nDA:3,0,Q775glioUbTWu8CCRVwwiw\n"), "{lcov}");
        }

        coverage(&measurements, age, &["html", "--quiet", "--show-contexts", "-d", age]).clean();
        let index = fs::read_to_string(measurements.cwd().join(age).join("index.html")).unwrap();
        assert!(index.contains("plain.c") && index.contains("50%"), "{index}");
        if age == "newest" {
            assert!(!index.contains("<script>alert"), "the oldest does not escape names: {index}");
            let functions = theirs["files"]["src/plain.c"]["functions"].as_object().unwrap();
            let names: Vec<&String> = functions.keys().collect();
            let expected = ["", "outer::operator()", "std::map<int, A>::at(int, long) const", "twice@10", "twice@7"];
            assert_eq!(names, expected);
            assert_eq!(functions["twice@7"]["executed_lines"], serde_json::json!([7, 8]));
            assert_eq!(functions["outer::operator()"]["missing_lines"], serde_json::json!([5]));
            let outer = &functions["std::map<int, A>::at(int, long) const"];
            assert_eq!(outer["executed_lines"], serde_json::json!([1, 2]), "without the one within");
        }
    }
}

#[test]
fn control_characters_in_names_do_no_harm() {
    let measurements = measurements_with(super::subject::HOSTILE);
    fs::write(measurements.path(".coveragerc"), "[run]\nplugins = cov_trace_coverage\n").unwrap();
    let ours = of_json(&written(&measurements, &["json"], "ours.json"));
    for age in AGES {
        assert_eq!(measurements.run(&["coveragepy"]).clean(), "");
        coverage(&measurements, age, &["combine", "--quiet"]).clean();
        assert_eq!(of_coveragepy(&json(&measurements, age).to_string()), ours, "{age}");
        coverage(&measurements, age, &["html", "--quiet", "-d", age]).clean();
    }
}

#[test]
fn what_one_of_several_reports_excludes_does_not_count() {
    let measurements = configured("[cov_trace_coverage]\nreport = cov-trace.json, part.json\n");
    let part = ["json", "--exclude-line", "^[27];"];
    let ours = of_json(&written(&measurements, &part, "part.json"));
    assert_eq!(ours["src/plain.c"].len(), 6);
    for age in AGES {
        assert_eq!(measurements.run(&["coveragepy"]).clean(), "");
        coverage(&measurements, age, &["combine", "--quiet"]).clean();
        assert_eq!(of_coveragepy(&json(&measurements, age).to_string()), ours, "{age}");
        coverage(&measurements, age, &["lcov", "--quiet", "-o", "theirs.info"]).clean();
        assert_eq!(of_lcov(&fs::read_to_string(measurements.path("theirs.info")).unwrap()), ours, "{age}");
    }
}

#[test]
fn a_source_that_is_no_file_is_not_waited_for() {
    let measurements = configured("");
    measurements.other("mkfifo", &["gone.c"]).clean();
    for age in AGES {
        assert_eq!(measurements.run(&["coveragepy"]).status, Some(0));
        coverage(&measurements, age, &["combine", "--quiet"]).clean();
        coverage(&measurements, age, &["html", "--quiet", "-d", age]).clean();
    }
}

#[test]
fn one_file_of_all_and_arcs_and_another_folder_are_as_good() {
    let measurements = configured("[cov_trace_coverage]\nreport = out/here/cov-trace.json\n");
    let ours = of_json(&written(&measurements, &["json"], "ours.json"));
    for age in AGES {
        for options in [&["--merged"][..], &["--branch"], &["--merged", "--branch"]] {
            let arguments = [&["coveragepy", "--output", "out/here"], options].concat();
            assert_eq!(measurements.run(&arguments).clean(), "");
            let count = if options.contains(&"--merged") { 1 } else { 2 };
            assert_eq!(data_files(&measurements, "out/here").len(), count, "{options:?}");
            coverage(&measurements, age, &["combine", "--quiet", "out/here"]).clean();
            assert_eq!(listing(&measurements.cwd().join("out/here")).0, ["cov-trace.json"], "no temporary is left");
            let theirs = json(&measurements, age);
            assert_eq!(of_coveragepy(&theirs.to_string()), ours, "{age} {options:?}");
            assert_eq!(theirs["meta"]["branch_coverage"], options.contains(&"--branch"));
            fs::remove_file(measurements.path(".coverage")).unwrap();
        }
    }
}

#[test]
fn arcs_are_combined_with_those_of_python() {
    let measurements = configured("branch = true\n");
    fs::write(measurements.path("hello.py"), "if 1 > 0:\n    print()\n").unwrap();
    for age in AGES {
        let ran = coverage(&measurements, age, &["run", "--parallel-mode", "hello.py"]);
        assert_eq!(ran.clean(), "\n", "it says nothing of the plugin");
        assert_eq!(measurements.run(&["coveragepy", "--branch"]).clean(), "");
        coverage(&measurements, age, &["combine", "--quiet"]).clean();
        let theirs = of_coveragepy(&json(&measurements, age).to_string());
        assert_eq!(theirs["hello.py"], [(1, true), (2, true)].into());
        assert_eq!(theirs["gone.c"], [(3, false), (9, true)].into());
    }
}

#[test]
fn sources_are_found_through_links() {
    let measurements = configured("");
    std::os::unix::fs::symlink(measurements.cwd(), measurements.cwd().join("link")).unwrap();
    let map = format!("{}=link", measurements.cwd().display());
    for age in AGES {
        assert_eq!(measurements.run(&["coveragepy", "--map", &map]).clean(), "");
        coverage(&measurements, age, &["combine", "--quiet"]).clean();
        let theirs = of_coveragepy(&json(&measurements, age).to_string());
        assert_eq!(theirs["gone.c"], [(3, false), (9, true)].into(), "{age}: not below link");
        assert_eq!(theirs["src/plain.c"].len(), 8, "{age}");
    }
}

#[test]
fn paths_may_be_mapped_by_coverage_py() {
    let measurements = measurements_with(HOSTILE);
    let cwd = measurements.cwd();
    let text =
        format!("[run]\nplugins = cov_trace_coverage\n[paths]\nsources =\n    checkout\n    {}\n", cwd.display());
    fs::write(measurements.path(".coveragerc"), text).unwrap();
    fs::create_dir_all(cwd.join("checkout/src")).unwrap();
    fs::copy(cwd.join("src/plain.c"), cwd.join("checkout/src/plain.c")).unwrap();
    let ours = of_json(&written(&measurements, &["json"], "ours.json"));
    for age in AGES {
        assert_eq!(measurements.run(&["coveragepy", "--include", "src/plain.c"]).clean(), "");
        coverage(&measurements, age, &["combine", "--quiet"]).clean();
        let theirs = of_coveragepy(&json(&measurements, age).to_string());
        let names: Vec<&String> = theirs.keys().collect();
        assert_eq!(names, ["checkout/src/plain.c"], "{age}");
        assert_eq!(theirs["checkout/src/plain.c"], ours["src/plain.c"], "{age}");
    }
}

#[test]
fn what_the_plugin_lacks_is_told() {
    let measurements = configured("");
    assert_eq!(measurements.run(&["coveragepy", "--include", "src"]).clean(), "");
    fs::rename(measurements.path("cov-trace.json"), measurements.path("part.json")).unwrap();
    let told = |age: &str| {
        let finished = coverage(&measurements, age, &["report"]);
        assert_eq!(finished.status, Some(1), "{finished:?}");
        finished.stdout + &finished.stderr
    };
    for age in AGES {
        fs::remove_file(measurements.path("cov-trace.json")).ok();
        coverage(&measurements, age, &["combine", "--quiet", "--keep"]).clean();
        assert!(told(age).contains("read 'cov-trace.json': [Errno 2]"), "{}", told(age));
        fs::write(measurements.path("cov-trace.json"), "{}").unwrap();
        assert!(told(age).contains("is no JSON report of cov-trace"), "{}", told(age));
        let part = fs::read_to_string(measurements.path("part.json")).unwrap();
        fs::write(measurements.path("cov-trace.json"), part.replace("plain.c", "other.c")).unwrap();
        assert!(told(age).contains("write the data files again with: cov-trace coveragepy"), "{}", told(age));
    }
}

#[test]
fn nothing_is_published_where_it_cannot_be_whole() {
    let measurements = configured("");
    fs::create_dir(measurements.cwd().join("out")).unwrap();
    assert_eq!(measurements.run(&["coveragepy", "-o", "out"]).clean(), "");
    let names = data_files(&measurements, "out");
    let before = listing(&measurements.cwd().join("out")).0;
    // Where a data file belongs is a folder, so that one cannot be put in place.
    fs::remove_file(measurements.cwd().join("out").join(&names[0])).unwrap();
    fs::create_dir(measurements.cwd().join("out").join(&names[0])).unwrap();
    let error = measurements.run(&["coveragepy", "-o", "out"]).error();
    assert!(error.contains(&format!("write out/{}", names[0])), "{error}");
    assert_eq!(listing(&measurements.cwd().join("out")).0, before, "no temporary is left");
    let error = measurements.run(&["coveragepy", "-o", ".coveragerc/x"]).error();
    assert!(error.contains("write .coveragerc/x: Not a directory"), "{error}");
}
