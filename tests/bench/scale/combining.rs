//! Combining the files of 10,000 processes in three orders and as a tree: equal bytes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cov_trace::store::{FileFacts, Numbits, SourceOrigin};

use crate::made_up::made_up;
use crate::options::Options;
use crate::stage::{COV_TRACE, Stage};
use testing::bench::{exponent, measured};
use testing::rows::Row;

const PROCESSES: [u32; 3] = [1_000, 3_200, 10_000];

/// In how many folders the files of the tree are.
const FOLDERS: usize = 10;

/// Each process ran 100 lines of each of ten sources.
///
/// # Errors
/// When something cannot be made or run, or the files differ.
pub fn combining(stage: &Stage, _options: &Options) -> Result<Vec<Row>, String> {
    let folder = stage.fresh("combine")?;
    let at = |name: &str| folder.join(name);
    let file = |number: u32| FileFacts {
        path: format!("/src/part{number}.c"),
        origin: SourceOrigin::default(),
        executable: (1..=997).collect(),
        functions: Vec::new(),
    };
    let ran = |pid, file: usize| -> Numbits {
        (0..100).map(|line| 1 + (line * (1 + pid % 90) + pid + file as u32) % 997).collect()
    };
    let mut points = Vec::new();
    let (mut worst, mut peak) = (0.0f64, 0);
    for count in PROCESSES {
        made_up(&at("data"), count, (0..10).map(file).collect(), ran)?;
        let (seconds, kib) = combine(&folder, &at("whole"), &[at("data")])?;
        points.push((f64::from(count), seconds));
        (worst, peak) = (worst.max(seconds), peak.max(kib));
        if count == PROCESSES[PROCESSES.len() - 1] {
            let parts = split(&at("data"), &at("parts"))?;
            let turned: Vec<PathBuf> = parts.iter().rev().cloned().collect();
            let mixed: Vec<PathBuf> = parts.iter().skip(3).chain(&parts[..3]).cloned().collect();
            for (name, inputs) in [("one", &parts), ("other", &turned), ("third", &mixed)] {
                let (seconds, kib) = combine(&folder, &at(name), inputs)?;
                (worst, peak) = (worst.max(seconds), peak.max(kib));
                same(&at("whole"), &at(name))?;
            }
            let mut branches = Vec::new();
            for (number, pair) in parts.chunks(3).enumerate() {
                let branch = at(&format!("branch{number}"));
                combine(&folder, &branch, pair)?;
                branches.push(branch);
            }
            combine(&folder, &at("tree"), &branches)?;
            same(&at("whole"), &at("tree"))?;
        } else {
            fs::remove_dir_all(at("data")).map_err(|error| error.to_string())?;
        }
    }
    Ok(vec![
        Row::new("10,000 processes: combine, the slowest of four orders", worst, 3.0, "s"),
        Row::new("10,000 processes: combine, peak memory", peak as f64 / 1024.0, 128.0, "MiB"),
        Row::new("exponent of combine", exponent(&points), 1.05, ""),
    ])
}

fn combine(folder: &Path, out: &Path, inputs: &[PathBuf]) -> Result<(f64, u64), String> {
    let _none_yet = fs::remove_dir_all(out);
    let mut command = Command::new(COV_TRACE);
    command.arg("combine").arg("-o").arg(out).args(inputs).current_dir(folder);
    measured(&mut command)
}

/// Both are data directories of one file.
fn same(one: &Path, other: &Path) -> Result<(), String> {
    let read = |folder: &Path| -> Result<Vec<u8>, String> {
        let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
        let paths = fs::read_dir(folder).map_err(failed)?.flatten().map(|entry| entry.path());
        let files: Vec<PathBuf> = paths.filter(|path| path.is_file()).collect();
        match &files[..] {
            [file] => fs::read(file).map_err(failed),
            _ => Err(format!("{}: {} files", folder.display(), files.len())),
        }
    };
    if read(one)? == read(other)? { Ok(()) } else { Err(format!("{} and {} differ", one.display(), other.display())) }
}

/// Puts the data files into several folders, each with what is known of the images.
fn split(data: &Path, parts: &Path) -> Result<Vec<PathBuf>, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", parts.display());
    let folders: Vec<PathBuf> = (0..FOLDERS).map(|number| parts.join(number.to_string())).collect();
    for folder in &folders {
        fs::create_dir_all(folder.join("images")).map_err(failed)?;
        for image in fs::read_dir(data.join("images")).map_err(failed)?.flatten() {
            fs::copy(image.path(), folder.join("images").join(image.file_name())).map_err(failed)?;
        }
    }
    let entries = fs::read_dir(data).map_err(failed)?.flatten();
    let files = entries.filter(|entry| entry.path().extension().is_some_and(|extension| extension == "sqlite"));
    for (file, folder) in files.zip(folders.iter().cycle()) {
        fs::rename(file.path(), folder.join(file.file_name())).map_err(failed)?;
    }
    Ok(folders)
}
