//! No sample and no file of tests is forgotten.

use super::*;
use crate::harness::sample;
use std::collections::BTreeSet;
use std::path::Path;

/// The folder of pictures for the documents, beside the groups of samples.
const PICTURES: &str = "pictures";

#[test]
fn every_sample_is_in_a_list() {
    let lists = [
        crate::attach::SAMPLES,
        crate::functions::SAMPLES,
        debuginfo::ALL,
        environment::ALL,
        exec::ALL,
        flow::ALL,
        image::ALL,
        process::ALL,
        rust::ALL,
        signal::ALL,
        syscall::ALL,
        thread::ALL,
    ];
    let listed: BTreeSet<String> = lists.concat().iter().map(|name| name.to_string()).collect();
    let present: BTreeSet<String> = entries(&sample::folder())
        .iter()
        .filter(|group| *group != PICTURES)
        .flat_map(|group| entries(&sample::folder().join(group)).into_iter().map(move |name| format!("{group}/{name}")))
        .collect();
    assert_eq!(listed, present);
}

#[test]
fn every_file_of_tests_is_a_module() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut unused = Vec::new();
    for folder in entries(&tests).iter().filter(|name| tests.join(name).is_dir()) {
        let Ok(list) = std::fs::read_to_string(tests.join(folder).join("mod.rs")) else {
            continue;
        };
        for name in entries(&tests.join(folder)) {
            let is_rust = tests.join(folder).join(&name).with_extension("rs").exists();
            if is_rust && name != "mod" && !list.contains(&format!("mod {name};")) {
                unused.push(format!("{folder}/{name}"));
            }
        }
    }
    assert!(unused.is_empty(), "in no mod.rs: {unused:?}");
}

/// Names of a folder's entries without their extensions.
fn entries(folder: &Path) -> BTreeSet<String> {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    names.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect()
}
