//! Combining and HTML, beside the tools that people use for it: coverage.py's newest and genhtml, as ratios.

use std::fs;
use std::process::Command;

use cov_trace::store::{FileFacts, SourceOrigin};

use crate::made_up::made_up;
use crate::timed::{How, Stage};
use testing::bench::{measured, median, size};
use testing::rows::Row;

const COV_TRACE: &str = env!("CARGO_BIN_EXE_cov-trace");

/// Combining the files of 500 processes, each with 1,000 lines in 10 sources.
///
/// # Errors
/// When something cannot be made or run.
pub fn combining(stage: &Stage, rounds: usize) -> Result<Vec<Row>, String> {
    let folder = tempfile::tempdir().map_err(|error| format!("make a folder: {error}"))?;
    let at = |name: &str| folder.path().join(name);
    let file = |number: u32| FileFacts {
        path: format!("/src/part{number}.c"),
        origin: SourceOrigin::default(),
        executable: (1..=997).collect(),
        functions: Vec::new(),
    };
    // 100 lines of each source, other ones for each process.
    let ran = |pid, file: usize| (0..100).map(|line| 1 + (line * (1 + pid % 90) + pid + file as u32) % 997).collect();
    made_up(&at("data"), 500, (0..10).map(file).collect(), ran)?;
    run(Command::new(COV_TRACE).args(["coveragepy", "--data"]).arg(at("data")).arg("-o").arg(at("snapshots")))?;
    let python = stage.target.join("consumers/newest/bin/coverage");
    let (mut ours, mut theirs, mut peak) = (Vec::new(), Vec::new(), 0);
    for _ in 0..rounds.clamp(3, 5) {
        let _none_yet = fs::remove_dir_all(at("all"));
        let combine = [at("data").as_os_str(), "-o".as_ref(), at("all").as_os_str()].map(ToOwned::to_owned);
        let (seconds, kib) = measured(Command::new(COV_TRACE).arg("combine").args(combine))?;
        ours.push(seconds);
        peak = peak.max(kib);
        if python.exists() {
            let _none_yet = fs::remove_file(at(".coverage"));
            let data = format!("--data-file={}", at(".coverage").display());
            let mut command = Command::new(&python);
            command.args(["combine", "--keep", "-q", &data]).arg(at("snapshots")).current_dir(folder.path());
            theirs.push(measured(&mut command)?.0);
        }
    }
    let ours = median(&ours);
    let mut rows = vec![Row::new("peak memory of combining 500 files", peak as f64 / 1024.0, 64.0, "MiB")];
    match theirs.is_empty() {
        true => rows.push(Row::new("combining 500 files (without coverage.py: see tests/setup)", ours, 0.3, "s")),
        false => rows.push(Row::new("combining 500 files, by coverage.py's newest", ours / median(&theirs), 0.1, "x")),
    }
    rows.push(Row::new("combining 500 files", ours * 1e3, 300.0, "ms"));
    Ok(rows)
}

/// HTML of SQLite, more than 100,000 lines, by genhtml.
///
/// # Errors
/// When something cannot be run.
pub fn html(stage: &Stage, rounds: usize) -> Result<Vec<Row>, String> {
    let folder = tempfile::tempdir().map_err(|error| format!("make a folder: {error}"))?;
    let at = |name: &str| folder.path().join(name);
    stage.output(
        &How::traced(&[]),
        &["truth/sqlite3-O0/sqlite3", ":memory:"],
        Some("tests/bench/speed/subjects/joins.sql"),
    )?;
    let data = stage.data();
    run(Command::new(COV_TRACE).args(["lcov", "--absolute-paths", "--data"]).arg(&data).arg("-o").arg(at("all.info")))?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..rounds.clamp(3, 5) {
        let (ours_in, theirs_in) = (at("ours"), at("theirs"));
        let _none_yet = (fs::remove_dir_all(&ours_in), fs::remove_dir_all(&theirs_in));
        ours.push(measured(Command::new(COV_TRACE).args(["html", "--data"]).arg(&data).arg("-o").arg(&ours_in))?.0);
        let genhtml = measured(Command::new("genhtml").arg("-q").arg(at("all.info")).arg("-o").arg(&theirs_in))?;
        theirs.push(genhtml.0);
    }
    Ok(vec![
        Row::new("HTML of SQLite, time by genhtml", median(&ours) / median(&theirs), 0.2, "x"),
        Row::new("HTML of SQLite, time", median(&ours) * 1e3, 2000.0, "ms"),
        Row::new("HTML of SQLite, size", size(&at("ours"))? as f64 / f64::from(1 << 20), 20.0, "MiB"),
        Row::new("HTML of SQLite, size by genhtml", size(&at("ours"))? as f64 / size(&at("theirs"))? as f64, 1.0, "x"),
    ])
}

/// HTML of 2,000 made-up sources with a million lines, which 40 processes ran.
///
/// # Errors
/// When something cannot be made or run.
pub fn large(_stage: &Stage, _rounds: usize) -> Result<Vec<Row>, String> {
    const LINES: u32 = 500;
    let folder = tempfile::tempdir().map_err(|error| format!("make a folder: {error}"))?;
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("src")).map_err(|error| error.to_string())?;
    // Ten lines of some 34 bytes each, as SQLite's are.
    let text = "/*\n** Adds what is left of a page to the list of free ones, and\n** returns how many there are.\n*/\n\
                static int freed(Page *page, int count)\n{\n\tif (page->left < count || page->next == 0)\n\
                \t\treturn other(page->list, \"no room\", 17);\n\treturn page->left - count;\n}\n";
    let text = text.repeat(LINES as usize / 10);
    let mut files = Vec::new();
    for number in 0..2000 {
        let path = at(&format!("src/part{number}.c"));
        fs::write(&path, &text).map_err(|error| format!("{}: {error}", path.display()))?;
        let executable = (1..=LINES).filter(|line| line % 5 > 1).collect();
        files.push(FileFacts {
            path: path.display().to_string(),
            origin: SourceOrigin::default(),
            executable,
            functions: Vec::new(),
        });
    }
    let ran =
        |pid: u32, file: usize| (1..=LINES).filter(|line| line % 5 > 1 && (line + pid + file as u32) % 7 < 3).collect();
    made_up(&at("data"), 40, files, ran)?;
    let (seconds, kib) =
        measured(Command::new(COV_TRACE).args(["html", "--data"]).arg(at("data")).arg("-o").arg(at("site")))?;
    Ok(vec![
        Row::new("HTML of 2,000 sources with 1 M lines, time", seconds * 1e3, 5000.0, "ms"),
        Row::new(
            "HTML of 2,000 sources with 1 M lines, size",
            size(&at("site"))? as f64 / f64::from(1 << 20),
            99.0,
            "MiB",
        ),
        Row::new("HTML of 2,000 sources with 1 M lines, peak memory", kib as f64 / 1024.0, 256.0, "MiB"),
    ])
}

fn run(command: &mut Command) -> Result<(), String> {
    measured(command).map(|_| ())
}
