//! What a report says of lines, whatever its format.

use regex::Regex;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// By source, whether each line that counts ran.
pub(super) type Lines = BTreeMap<String, BTreeMap<u32, bool>>;

/// What our JSON says.
pub(super) fn of_json(text: &str) -> Lines {
    let report: Value = serde_json::from_str(text).unwrap();
    let table = |file: &Value| {
        let ran = ranges(&file["ran"]);
        ranges(&file["executable"]).into_iter().map(|line| (line, ran.contains(&line))).collect()
    };
    list(&report["files"]).iter().map(|file| (name(&file["name"]), table(file))).collect()
}

/// What an LCOV tracefile says.
pub(super) fn of_lcov(text: &str) -> Lines {
    let mut all = Lines::new();
    let mut name = "";
    for record in text.lines() {
        if let Some(source) = record.strip_prefix("SF:") {
            name = source;
            assert!(all.insert(name.to_owned(), BTreeMap::new()).is_none(), "{name} twice");
        } else if let Some(line) = record.strip_prefix("DA:") {
            let mut fields = line.split(',').map(|field| field.parse::<u32>());
            let (line, count) = (fields.next().unwrap().unwrap(), fields.next().unwrap().unwrap());
            assert!(all.get_mut(name).unwrap().insert(line, count > 0).is_none(), "{name}:{line} twice");
        }
    }
    all
}

/// What Cobertura XML says of the lines of classes.
pub(super) fn of_cobertura(text: &str) -> Lines {
    let class = Regex::new(r#"(?s)<class [^>]*?filename="([^"]*)".*?</methods>(.*?)</class>"#).unwrap();
    let empty = Regex::new(r"<methods ?/>").unwrap();
    let line = Regex::new(r#"<line [^>]*?hits="(\d+)"[^>]*?>"#).unwrap();
    let number = Regex::new(r#"number="(\d+)""#).unwrap();
    let text = empty.replace_all(text, "<methods></methods>");
    let hit = |found: regex::Captures<'_>| {
        let number = number.captures(found.get(0).unwrap().as_str()).unwrap();
        (number[1].parse().unwrap(), &found[1] != "0")
    };
    let lines = |text: &str| line.captures_iter(text).map(hit).collect();
    class.captures_iter(&text).map(|found| (unescaped(&found[1]), lines(&found[2]))).collect()
}

/// What SonarQube's XML says.
pub(super) fn of_sonarqube(text: &str) -> Lines {
    let file = Regex::new(r#"(?s)<file path="([^"]*)">(.*?)</file>"#).unwrap();
    let line = Regex::new(r#"<lineToCover lineNumber="(\d+)" covered="(true|false)"/>"#).unwrap();
    let lines = |text: &str| line.captures_iter(text).map(|hit| (hit[1].parse().unwrap(), &hit[2] == "true")).collect();
    file.captures_iter(text).map(|found| (unescaped(&found[1]), lines(&found[2]))).collect()
}

/// What Codecov's JSON says.
pub(super) fn of_codecov(text: &str) -> Lines {
    let report: Value = serde_json::from_str(text).unwrap();
    let lines = |lines: &Value| {
        let lines = lines.as_object().unwrap().iter();
        lines.map(|(line, count)| (line.parse().unwrap(), count.as_u64().unwrap() > 0)).collect()
    };
    report["coverage"].as_object().unwrap().iter().map(|(name, of)| (name.clone(), lines(of))).collect()
}

/// What Coveralls' JSON says.
pub(super) fn of_coveralls(text: &str) -> Lines {
    let report: Value = serde_json::from_str(text).unwrap();
    let lines = |file: &Value| {
        let lines = (1..).zip(list(&file["coverage"])).filter(|(_, count)| !count.is_null());
        lines.map(|(line, count)| (line, count.as_u64().unwrap() > 0)).collect()
    };
    list(&report["source_files"]).iter().map(|file| (name(&file["name"]), lines(file))).collect()
}

/// What the JSON of coverage.py says.
pub(super) fn of_coveragepy(text: &str) -> Lines {
    let report: Value = serde_json::from_str(text).unwrap();
    let lines = |file: &Value| {
        let of = |key: &str, ran: bool| {
            list(&file[key]).iter().map(|line| (line.as_u64().unwrap() as u32, ran)).collect::<Vec<_>>()
        };
        [of("executed_lines", true), of("missing_lines", false)].concat().into_iter().collect()
    };
    report["files"].as_object().unwrap().iter().map(|(name, file)| (name.clone(), lines(file))).collect()
}

/// The same with other names.
pub(super) fn renamed(lines: Lines, name: impl Fn(&str) -> String) -> Lines {
    lines.into_iter().map(|(path, of)| (name(&path), of)).collect()
}

pub(super) fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap()
}

pub(super) fn name(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The lines of ranges.
pub(super) fn ranges(value: &Value) -> BTreeSet<u32> {
    let bound = |range: &Value, index: usize| range[index].as_u64().unwrap() as u32;
    list(value).iter().flat_map(|range| bound(range, 0)..=bound(range, 1)).collect()
}

fn unescaped(text: &str) -> String {
    quick_xml::escape::unescape(text).unwrap().into_owned()
}
