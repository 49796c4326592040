//! `cov-trace why`: what becomes of each row of a line, and what reports say of it.

use super::Measurements;
use serde_json::Value;
use std::fs;

const SHARED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/flow/shared_instructions.c");

/// The number of the line of the sample that holds a text.
fn line_with(text: &str) -> usize {
    let source = fs::read_to_string(SHARED).unwrap();
    1 + source.lines().position(|line| line.contains(text)).unwrap_or_else(|| panic!("{text}"))
}

fn measured() -> Measurements {
    let measurements = Measurements::new();
    fs::copy(SHARED, measurements.path("a.c")).unwrap();
    measurements.other("gcc", &["-g", "-O2", "-o", "prog", "a.c"]).clean();
    let ran = measurements.run(&["--quiet", "--", "./prog"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    measurements
}

#[test]
fn each_line_has_an_account() {
    let measurements = measured();
    let why = |text: &str| measurements.run(&["why", &format!("a.c:{}", line_with(text))]).clean();
    let ran = why("int y = x + 1;");
    assert!(ran.contains(" ran.\n") && ran.contains("total") && ran.contains("it ran, if this did"), "{ran}");
    let missed = why("exit(more);");
    assert!(missed.contains("did not run: control did not come to the"), "{missed}");
    let shared = why("found = 3;");
    assert!(shared.contains("is in no report: "), "{shared}");
    let nothing = why("#include <stdio.h>");
    assert!(nothing.ends_with("The nearest lines with code: 11.\n"), "{nothing}");
    let unlisted = measurements.run(&["why", "--json", &format!("a.c:{}", line_with("found = 3;"))]).clean();
    let unlisted: Value = serde_json::from_str(&unlisted).unwrap();
    assert_eq!(unlisted["lines"][0]["reported"], "unlisted", "{unlisted}");

    let source = fs::read_to_string(SHARED).unwrap();
    fs::write(measurements.path("a.c"), source.replace("exit(more);", "exit(more); // LCOV_EXCL_LINE")).unwrap();
    let excluded = measurements.run(&["why", &format!("a.c:{}", line_with("exit(more);"))]);
    assert!(excluded.stdout.contains("does not count: a mark in the source"), "{excluded:?}");
}

#[test]
fn every_line_that_is_reported_is_told_by_an_address_and_no_other_line_is() {
    let measurements = measured();
    let json: Value = serde_json::from_str(&measurements.run(&["json"]).clean()).unwrap();
    let ranges: Vec<(u64, u64)> = serde_json::from_value(json["files"][0]["executable"].clone()).unwrap();
    let listed: Vec<u64> = ranges.into_iter().flat_map(|(first, last)| first..=last).collect();
    assert!(listed.len() > 20, "{listed:?}");
    for line in 1..=fs::read_to_string(SHARED).unwrap().lines().count() as u64 {
        let why = measurements.run(&["why", "--json", "--image", "prog", &format!("a.c:{line}")]).clean();
        let why: Value = serde_json::from_str(&why).unwrap();
        let image = &why["lines"][0]["images"][0];
        let rows = image["rows"].as_array().unwrap().iter().filter(|row| !row["tells_at"].is_null());
        let others = image["others"].as_array().unwrap().iter();
        let others = others.filter(|other| !other["means"].as_str().unwrap().starts_with("nothing"));
        assert_eq!(rows.count() + others.count() > 0, listed.contains(&line), "{why}");
    }
}

#[test]
fn what_cannot_be_asked_says_why() {
    let measurements = measured();
    let image = |image: &str| measurements.run(&["why", "a.c:13", "--image", image]);
    assert!(image("./prog").clean().contains("is seen to run at"));
    measurements.other("strip", &["-o", "stripped", "prog"]).clean();
    assert!(image("stripped").error().contains("no source \"a.c\" in the debug info of stripped"));
    assert!(image("missing").clean().contains("missing: it cannot be read: No such file"));
    fs::write(measurements.path("cut"), &fs::read(measurements.path("prog")).unwrap()[..4096]).unwrap();
    assert!(image("cut").clean().contains("cut: malformed ELF file: "));
    assert!(measurements.run(&["why", "b.c:12"]).error().contains("no source \"b.c\" in the measurements"));
    for wrong in ["a.c", "a.c:0", "a.c:1-3"] {
        let refused = measurements.run(&["why", wrong]);
        assert!(refused.status == Some(1) && refused.stderr.contains("as src/parse.c:120"), "{refused:?}");
    }
    measurements.other("gcc", &["-g", "-O1", "-o", "prog", "a.c"]).clean();
    let other = measurements.run(&["why", "a.c:13"]);
    assert!(other.stdout.contains("it is another build now than the one that was measured"), "{other:?}");
}
