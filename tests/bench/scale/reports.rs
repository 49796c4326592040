//! Reports on many processes: up to 10,000 data files of a program of 1,000 sources and a million lines.

use std::fs;
use std::process::Command;

use cov_trace::store::{FileFacts, Numbits, SourceOrigin};

use crate::made_up::made_up;
use crate::options::Options;
use crate::stage::{COV_TRACE, Stage};
use testing::bench::{exponent, measured};
use testing::rows::Row;

/// How many processes there are, and how many sources of how many lines.
const PROCESSES: [u32; 3] = [1_000, 3_200, 10_000];
const SOURCES: usize = 1000;
const LINES: u32 = 1000;

/// What is asked, and how many seconds the answer may take with most processes.
const ASKED: [(&[&str], f64); 4] =
    [(&["report"], 1.0), (&["ps"], 1.0), (&["report", "--growth"], 1.0), (&["html", "-o", "site"], 5.0)];

/// Each process ran 60 lines of ten of the sources.
///
/// # Errors
/// When something cannot be made or run.
pub fn reports(stage: &Stage, _options: &Options) -> Result<Vec<Row>, String> {
    let folder = stage.fresh("reports")?;
    let at = |name: &str| folder.join(name);
    fs::create_dir_all(at("src")).map_err(|error| error.to_string())?;
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
    let mut taken = vec![Vec::new(); ASKED.len()];
    for count in PROCESSES {
        let data = format!("data{count}");
        made_up(&at(&data), count, files.clone(), ran)?;
        for ((words, _), taken) in ASKED.iter().zip(&mut taken) {
            let mut command = Command::new(COV_TRACE);
            command.args(*words).args(["--data", &data]).current_dir(&folder);
            taken.push((count, measured(&mut command)?));
        }
    }
    let mut rows = Vec::new();
    for ((words, goal), taken) in ASKED.iter().zip(taken) {
        let what = words[..words.len().min(2)].join(" ").replace(" -o", "");
        let (_, (seconds, kib)) = taken[taken.len() - 1];
        rows.push(Row::new(format!("10,000 processes: {what}"), seconds, *goal, "s"));
        rows.push(Row::new(format!("10,000 processes: {what}, peak memory"), kib as f64 / 1024.0, 256.0, "MiB"));
        let points: Vec<_> = taken.iter().map(|(count, (seconds, _))| (f64::from(*count), *seconds)).collect();
        rows.push(Row::new(format!("exponent of {what}"), exponent(&points), 1.05, ""));
    }
    Ok(rows)
}
