//! What is kept of images between measurements: it is used, and whatever becomes of it changes no result.

use crate::harness::check::COV_TRACE;
use crate::harness::run::{CACHE, Mark, to_end};
use crate::harness::sample::Sample;
use crate::harness::{build, measured};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The lines that a sample runs, measured with a cache and options.
fn lines_run(folder: &Path, cache: &Path, options: &[&str]) -> BTreeSet<u32> {
    let sample = Sample::load("process/fork");
    let program = build::program(&sample, &sample.builds[0]);
    let data = tempfile::tempdir_in(folder).unwrap();
    let mut command = Command::new(COV_TRACE);
    command.args(["-q", "--data"]).arg(data.path()).args(options).arg("--").arg(program).env(CACHE, cache);
    let outcome = to_end(&Mark::new(), folder, &mut command);
    assert_eq!(outcome.stderr, "");
    let processes = measured::processes(data.path());
    processes.iter().flat_map(|process| process.lines_run(&sample.main)).collect()
}

fn files(cache: &Path) -> BTreeSet<PathBuf> {
    let entries = std::fs::read_dir(cache.join("cov-trace"));
    entries.into_iter().flatten().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn damage_to_the_cache_changes_nothing() {
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    let cache = folder.path().join("cache");
    let first = lines_run(folder.path(), &cache, &[]);
    let kept = files(&cache);
    assert!(!first.is_empty() && !kept.is_empty());
    let contents = || kept.iter().map(|path| std::fs::read(path).unwrap()).collect::<Vec<_>>();
    let whole = contents();
    let written = || kept.iter().map(|path| path.metadata().unwrap().modified().unwrap()).collect::<Vec<_>>();
    let before = written();
    assert_eq!(lines_run(folder.path(), &cache, &[]), first);
    assert_eq!((files(&cache), written()), (kept.clone(), before), "it was read, not written");
    for (path, mut bytes) in kept.iter().zip(whole.iter().cloned()) {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x40;
        std::fs::write(path, bytes).unwrap();
    }
    assert_eq!(lines_run(folder.path(), &cache, &[]), first);
    assert!(contents() == whole, "what was damaged is replaced");
}

#[test]
fn filters_use_what_was_kept_without_them() {
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    let cache = folder.path().join("cache");
    assert_eq!(lines_run(folder.path(), &cache, &["--include", "nothing.c"]), BTreeSet::new());
    let kept = files(&cache);
    assert!(!lines_run(folder.path(), &cache, &[]).is_empty());
    assert_eq!(files(&cache), kept);
}

#[test]
fn without_a_cache_nothing_is_kept() {
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    let cache = folder.path().join("cache");
    let first = lines_run(folder.path(), &cache, &["--no-cache"]);
    assert_eq!(files(&cache), BTreeSet::new());
    // Where it cannot be, it is done without.
    std::fs::write(&cache, "a file").unwrap();
    assert_eq!(lines_run(folder.path(), &cache, &[]), first);
}
