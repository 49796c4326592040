//! Of an image only those units are read that name a source which is wanted, and nothing is lost by it.

use std::collections::BTreeSet;

use cov_trace::debuginfo::{ImageIndex, index, index_of_sources};

use super::programs::{Built, lines_of};

const SOURCE: &str = "mod part {\n    pub fn inside(n: usize) -> usize {\n        (0..n).filter(|i| i % 3 == 1).sum()\n    }\n}\n\n\
                      fn main() {\n    println!(\"{}\", part::inside(std::env::args().count()));\n}\n";

/// All that is known of the probes of a source: offset, line, byte and length of the straight-line code.
fn probes_of(index: &ImageIndex, path: &str) -> BTreeSet<(u64, u32, u8, u32)> {
    let of_file = |line: u32| index.files[index.lines[line as usize].file as usize] == path;
    let probes = index.probes.iter().filter(|probe| of_file(probe.line));
    let number = |line: u32| index.lines[line as usize].number;
    probes.map(|probe| (probe.offset.0, number(probe.line), probe.original, probe.straight)).collect()
}

fn functions_of(index: &ImageIndex, path: &str) -> BTreeSet<(u32, u32, String, bool)> {
    let functions = index.functions.iter().filter(|function| index.files[function.file as usize] == path);
    functions.map(|function| (function.start, function.end, function.name.clone(), function.told)).collect()
}

#[test]
fn a_part_has_all_of_the_sources_that_are_wanted() {
    for flags in [&["-g"][..], &["-g", "-O"], &["-g", "-Ccodegen-units=1"]] {
        let built = Built::new("rustc", flags, "main.rs", SOURCE);
        let (bytes, path) = (built.bytes(), built.source("main.rs"));
        let whole = index(&bytes).unwrap();
        let part = index_of_sources(&bytes, &|sources| sources.iter().map(|source| *source == path).collect()).unwrap();
        let read = part.part.as_ref().expect("the standard library is left out");
        assert!(read.sources.len() > 50 && read.unread().all(|source| *source != path), "{flags:?}");
        assert!(part.files.len() < whole.files.len() / 2 && part.probes.len() < whole.probes.len() / 2, "{flags:?}");
        assert!(lines_of(&whole, &path).len() > 2);
        assert_eq!(lines_of(&part, &path), lines_of(&whole, &path), "{flags:?}");
        assert_eq!(probes_of(&part, &path), probes_of(&whole, &path), "{flags:?}");
        assert_eq!(functions_of(&part, &path), functions_of(&whole, &path), "{flags:?}");
        assert_eq!(part.landmarks, whole.landmarks, "{flags:?}");
    }
}

#[test]
fn an_image_of_which_all_or_nothing_is_wanted() {
    let bytes = Built::c("gcc", &["-g"]).bytes();
    let of = |wanted: bool| index_of_sources(&bytes, &|sources| vec![wanted; sources.len()]).unwrap();
    assert_eq!(of(true), index(&bytes).unwrap());
    let nothing = of(false);
    assert!(nothing.probes.is_empty() && nothing.files.is_empty());
    assert!(nothing.part.is_some_and(|part| part.sources.iter().any(|source| source.ends_with("/main.c"))));
}
