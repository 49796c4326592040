//! What is kept of images between measurements: it is used, and whatever becomes of it changes no result.

use crate::harness::check::COV_TRACE;
use crate::harness::command::mark;
use crate::harness::sample::Sample;
use crate::harness::{build, measured};
use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, UNIX_EPOCH};
use testing::run::{CACHE, to_end};

/// The lines that a sample runs, measured with a cache and options.
fn lines_run(folder: &Path, cache: &Path, options: &[&str]) -> BTreeSet<u32> {
    let sample = Sample::load("process/fork");
    let program = build::program(&sample, &sample.builds[0]);
    await_settled(&program);
    let data = tempfile::tempdir_in(folder).unwrap();
    let mut command = Command::new(COV_TRACE);
    command.args(["-q", "--data"]).arg(data.path()).args(options).arg("--").arg(program).env(CACHE, cache);
    let outcome = to_end(&mark(), folder, &mut command);
    assert_eq!(outcome.stderr, "");
    let processes = measured::processes(data.path());
    processes.iter().flat_map(|process| process.lines_run(&sample.main)).collect()
}

/// Waits until the clock has gone on since a file was changed: what was changed just now is not kept.
fn await_settled(path: &Path) {
    let meta = path.metadata().unwrap();
    let changed = UNIX_EPOCH + Duration::new(meta.ctime() as u64, meta.ctime_nsec() as u32);
    while changed.elapsed().unwrap() < Duration::from_millis(100) {
        std::thread::yield_now();
    }
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
    let indexes = || {
        let mut files = files(&cache);
        let is_other = |path: &str| path.ends_with(".sources.index") || path.ends_with(".code.index");
        files.retain(|path| !is_other(path.to_str().unwrap()));
        files
    };
    let kept = indexes();
    assert!(!kept.is_empty() && !lines_run(folder.path(), &cache, &[]).is_empty());
    assert_eq!(indexes(), kept);
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

#[test]
fn a_program_that_only_looks_like_another_is_read_itself() {
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    let cache = folder.path().join("cache");
    let at = |name: &str| folder.path().join(name);
    let built = |first_line: u32| {
        let source = at("twin.c");
        std::fs::write(&source, format!("#line {first_line}\nint main(void)\n{{\n\treturn 0;\n}}\n")).unwrap();
        let mut compiler = Command::new("cc");
        compiler.args(["-g", "-Wl,--build-id=0x0123456789abcdef", "-o"]).arg(at("twin")).arg(&source);
        assert!(compiler.status().unwrap().success());
        // Its owner may set any time.
        let file = std::fs::File::options().write(true).open(at("twin")).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_secs(1_000_000_000)).unwrap();
        file.metadata().unwrap().len()
    };
    let ran = || {
        let program = at("twin");
        await_settled(&program);
        let data = tempfile::tempdir_in(folder.path()).unwrap();
        let mut command = Command::new(COV_TRACE);
        command.args(["-q", "--data"]).arg(data.path()).arg("--").arg(&program).env(CACHE, &cache);
        assert_eq!(to_end(&mark(), folder.path(), &mut command).stderr, "");
        let processes = measured::processes(data.path());
        processes.iter().flat_map(|process| process.lines_run(&at("twin.c"))).collect::<BTreeSet<u32>>()
    };
    let size = built(100);
    assert_eq!(ran(), BTreeSet::from([101, 102, 103]));
    assert_eq!(built(110), size);
    assert_eq!(ran(), BTreeSet::from([111, 112, 113]));
}
