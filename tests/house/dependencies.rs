//! Every crate that is built in has a licence that `deny.toml` allows, and is there in one version, but for what is listed.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use toml::de::{DeTable, DeValue};

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    rust_version: Option<String>,
}

/// The strings of a list in `deny.toml`, or those that `key` has in the tables of a list.
fn listed(section: &str, list: &str, key: Option<&str>) -> BTreeSet<String> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("deny.toml")).unwrap();
    let table = DeTable::parse(&text).unwrap();
    let values = table.get_ref()[section].get_ref()[list].get_ref().as_array().unwrap().iter();
    let value =
        |value: &DeValue<'_>| key.map_or(value.as_str(), |key| value[key].get_ref().as_str()).unwrap().to_owned();
    values.map(|of_list| value(of_list.get_ref())).collect()
}

fn packages() -> Vec<Package> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--format-version", "1", "--locked", "--manifest-path"]);
    let output = cargo.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice::<Metadata>(&output.stdout).unwrap().packages
}

/// Whether a licence expression (SPDX, or with `/` for OR as older crates have it) can be fulfilled with what is allowed.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let terms: Vec<String> = expression.replace('/', " OR ").replace(['(', ')'], "").split_whitespace().fold(
        vec![String::new()],
        |mut terms, word| {
            match word {
                "OR" | "AND" => terms.push(String::new()),
                word => terms.last_mut().unwrap().push_str(word),
            }
            terms
        },
    );
    // With AND in it all of the terms must be allowed: that is stricter than the expression, and enough.
    let is_allowed = |term: &String| allowed.contains(term);
    if expression.contains(" AND ") { terms.iter().all(is_allowed) } else { terms.iter().any(is_allowed) }
}

#[test]
fn licences_are_among_those_that_are_allowed() {
    let allowed = listed("licenses", "allow", None);
    let refused: Vec<String> = packages()
        .into_iter()
        .filter(|package| !package.license.as_ref().is_some_and(|license| is_allowed(license, &allowed)))
        .map(|package| format!("{} {}: {:?}", package.name, package.version, package.license))
        .collect();
    assert_eq!(refused, [""; 0]);
    assert!(!is_allowed("GPL-3.0", &allowed) && !is_allowed("MIT AND GPL-3.0", &allowed));
    assert!(is_allowed("GPL-3.0 OR MIT", &allowed) && is_allowed("Unlicense/MIT", &allowed));
}

#[test]
fn no_crate_needs_a_newer_compiler_than_ours() {
    let number = |version: &str| version.split('.').take(2).map(|part| part.parse().unwrap()).collect::<Vec<u32>>();
    let (ours, others): (Vec<Package>, Vec<Package>) =
        packages().into_iter().partition(|package| package.name.starts_with("cov-trace"));
    let promised: BTreeSet<String> = ours.into_iter().map(|package| package.rust_version.unwrap()).collect();
    assert_eq!(promised.len(), 1, "{promised:?}");
    let promised = number(promised.first().unwrap());
    let newer: Vec<String> = others
        .into_iter()
        .filter(|other| other.rust_version.as_ref().is_some_and(|version| number(version) > promised))
        .map(|other| format!("{} {}: {:?}", other.name, other.version, other.rust_version))
        .collect();
    assert_eq!(newer, [""; 0]);
}

#[test]
fn each_crate_is_there_once_but_for_those_that_are_listed() {
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in packages() {
        versions.entry(package.name).or_default().insert(package.version);
    }
    let skipped = listed("bans", "skip", Some("crate"));
    let mut used = BTreeSet::new();
    for (name, versions) in versions.iter().filter(|(_, versions)| versions.len() > 1) {
        let is_listed =
            |version: &&String| skipped.iter().any(|listed| format!("{name}@{version}").starts_with(listed));
        assert!(versions.iter().filter(is_listed).count() + 1 >= versions.len(), "{name}: {versions:?}");
        used.insert(name.clone());
    }
    let listed = skipped.iter().map(|listed| listed.split('@').next().unwrap().to_owned()).collect();
    assert_eq!(used, listed, "what is listed is needed");
}
