//! Readers of Cobertura XML.

use super::subject::{consume, measurements, written};
use super::tables::{Lines, list, name, of_cobertura};
use serde_json::Value;
use std::fs;

#[test]
fn gcovr_reads_the_same_lines() {
    let measurements = measurements();
    // It does not end on sources that are not below its root.
    let ours = of_cobertura(&written(&measurements, &["cobertura", "--exclude", "/nowhere"], "x.xml"));
    let arguments = ["--root", ".", "--filter", ".*", "--cobertura-add-tracefile", "x.xml", "--json", "gcovr.json"];
    let finished = consume(&measurements, "gcovr", &arguments);
    assert_eq!(finished.status, Some(0), "{finished:?}");
    let report: Value = serde_json::from_str(&fs::read_to_string(measurements.path("gcovr.json")).unwrap()).unwrap();
    let line = |line: &Value| (line["line_number"].as_u64().unwrap() as u32, line["count"].as_u64().unwrap() > 0);
    let lines = |file: &Value| list(&file["lines"]).iter().map(line).collect();
    let theirs: Lines = list(&report["files"]).iter().map(|file| (name(&file["file"]), lines(file))).collect();
    assert_eq!(theirs, ours);
}

#[test]
fn pycobertura_counts_the_same_lines() {
    let measurements = measurements();
    let ours = of_cobertura(&written(&measurements, &["cobertura"], "x.xml"));
    let finished = consume(&measurements, "pycobertura", &["show", "--format", "json", "x.xml"]);
    assert_eq!(finished.status, Some(0), "{finished:?}");
    let report: Value = serde_json::from_str(&finished.stdout).unwrap();
    let numbers = |row: &Value| (row["Stmts"].as_u64().unwrap() as usize, row["Miss"].as_u64().unwrap() as usize);
    let files = list(&report["files"]);
    assert_eq!(files.len(), ours.len());
    for file in files {
        let lines = &ours[&name(&file["Filename"])];
        assert_eq!(numbers(file), (lines.len(), lines.values().filter(|ran| !**ran).count()), "{file}");
    }
    assert_eq!(numbers(&report["total"]), (14, 7));
}
