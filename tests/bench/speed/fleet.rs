//! Reports on many processes: 10,000 data files of a program of 1,000 sources and a million lines.

use std::fs;
use std::process::Command;

use cov_trace::store::{FileFacts, Numbits, SourceOrigin};

use crate::reports::made_up;
use crate::rows::Row;
use crate::timed::Stage;
use testing::bench::measured;

const COV_TRACE: &str = env!("CARGO_BIN_EXE_cov-trace");

/// How many processes there are, and how many sources of how many lines.
const PROCESSES: u32 = 10_000;
const SOURCES: usize = 1000;
const LINES: u32 = 1000;

/// Each process ran 60 lines of ten of the sources.
///
/// # Errors
/// When something cannot be made or run.
pub fn fleet(_stage: &Stage, _rounds: usize) -> Result<Vec<Row>, String> {
    let folder = tempfile::tempdir().map_err(|error| format!("make a folder: {error}"))?;
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("src")).map_err(|error| error.to_string())?;
    let mut files = Vec::new();
    for number in 0..SOURCES {
        let path = at(&format!("src/part{number}.c"));
        fs::write(&path, "return count + 17;\n".repeat(LINES as usize)).map_err(|error| error.to_string())?;
        files.push(FileFacts {
            path: path.display().to_string(),
            origin: SourceOrigin::default(),
            executable: (1..=LINES).collect(),
            functions: Vec::new(),
        });
    }
    let ran = |pid: u32, file: usize| -> Numbits {
        match (file + 7 * pid as usize) % (SOURCES / 10) {
            0 => (0..60).map(|line| 1 + (line * (1 + pid % 9) + pid % 50) % LINES).collect(),
            _ => Numbits::default(),
        }
    };
    made_up(&at("data"), PROCESSES, files, ran)?;
    let command = |words: &[&str]| {
        let mut command = Command::new(COV_TRACE);
        command.args(words).arg("--data").arg(at("data")).current_dir(folder.path());
        command
    };
    let mut rows = Vec::new();
    for (words, goal) in [
        (&["report"][..], 1000.0),
        (&["ps"], 1000.0),
        (&["report", "--growth"], 1000.0),
        (&["html", "-o", "site"], 5000.0),
    ] {
        let (seconds, kib) = measured(&mut command(words))?;
        let what = words[..words.len().min(2)].join(" ").replace(" -o", "");
        rows.push(Row::new(format!("10,000 processes: {what}, time"), seconds * 1e3, goal, "ms"));
        rows.push(Row::new(format!("10,000 processes: {what}, peak memory"), kib as f64 / 1024.0, 256.0, "MiB"));
    }
    let mut combine = Command::new(COV_TRACE);
    combine.arg("combine").arg("-o").arg(at("all")).arg(at("data"));
    let (seconds, kib) = measured(&mut combine)?;
    rows.push(Row::new("10,000 processes: combine, time", seconds * 1e3, 3000.0, "ms"));
    rows.push(Row::new("10,000 processes: combine, peak memory", kib as f64 / 1024.0, 128.0, "MiB"));
    Ok(rows)
}
