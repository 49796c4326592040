//! No sample and no file of tests is forgotten.

use super::*;
use crate::harness::sample;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What programs include, or are linked to.
const PARTS: [&str; 3] = ["contexts/catch2", "contexts/cov_trace_context", "contexts/googletest"];
/// The folder of pictures for the documents, beside the groups of samples.
const PICTURES: &str = "pictures";

#[test]
fn every_sample_is_in_a_list() {
    let lists = [
        crate::attach::SAMPLES,
        crate::functions::SAMPLES,
        contexts::ALL,
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
        .filter(|name| !PARTS.contains(&name.as_str()))
        .collect();
    assert_eq!(listed, present);
}

#[test]
fn every_file_of_tests_is_a_module() {
    let mut unused = Vec::new();
    collect_unused(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests"), &mut unused);
    assert!(unused.is_empty(), "in no list of modules: {unused:?}");
}

/// The files of a folder and of those below it that the list of their folder does not name.
fn collect_unused(folder: &Path, unused: &mut Vec<PathBuf>) {
    const LISTS: [&str; 3] = ["mod", "main", "lib"];
    let list = LISTS.iter().find_map(|list| std::fs::read_to_string(folder.join(list).with_extension("rs")).ok());
    for name in entries(folder) {
        let file = folder.join(&name).with_extension("rs");
        let is_listed = |list: &String| list.contains(&format!("mod {name};"));
        if file.exists() && !LISTS.contains(&name.as_str()) && !list.as_ref().is_none_or(is_listed) {
            unused.push(file);
        }
        if folder.join(&name).is_dir() {
            collect_unused(&folder.join(&name), unused);
        }
    }
}

/// Names of a folder's entries without their extensions.
fn entries(folder: &Path) -> BTreeSet<String> {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    names.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect()
}
