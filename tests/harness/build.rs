//! Builds samples, once for each content of their files and recipe.
//!
//! Invariant: two test runs at a time never see a program half written.

use super::sample::{Build, Sample};
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of everything that tests build or write.
pub fn output() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).to_path_buf()
}

/// Builds `sample` in one of its ways and returns the program.
pub fn program(sample: &Sample, build: &Build) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    build.command.hash(&mut hasher);
    // Debug info names the sources: a clone that took another one's target directory along has its own.
    sample.main.hash(&mut hasher);
    sample.sources.iter().for_each(|file| std::fs::read(file).unwrap().hash(&mut hasher));
    let name = match build.variant.is_empty() {
        true => sample.name.clone(),
        false => format!("{}.{}", sample.name, build.variant),
    };
    let folder = output().join("samples").join(format!("{name}-{:016x}", hasher.finish()));
    let program = folder.join(name.rsplit('/').next().unwrap());
    std::fs::create_dir_all(&folder).unwrap();
    let lock = File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    let whole = folder.join("built");
    if whole.exists() {
        return program;
    }
    let made = Command::new("sh")
        .args(["-c", &build.command])
        .current_dir(&folder)
        .env("in", &sample.main)
        .env("src", sample.main.parent().unwrap())
        .env("out", &program)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&made.stderr);
    assert!(made.status.success(), "{name}: `{}` failed:\n{errors}", build.command);
    std::fs::write(whole, "").unwrap();
    program
}
