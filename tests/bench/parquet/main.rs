//! Parquet tables of 10^8 rows: `cargo bench --bench parquet [-- --rows N]`.
//!
//! What cov-trace itself runs is measured, and repeated as if many machines had run it. Then it is written as tables, and DuckDB is
//! asked who ran a line (`tests/setup` installs it).
#![forbid(unsafe_code)]

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use cov_trace::store::{DataDir, LabelValues, ProcessFile, ProcessRecord, Reader, RunLabels, StoreError, Writer};
use testing::bench::{measured, size};

const COV_TRACE: &str = env!("CARGO_BIN_EXE_cov-trace");

/// How many rows of hits there are, on how many machines.
const ROWS: usize = 100_000_000;
const MACHINES: usize = 40;

/// What DuckDB is asked, three times each.
const ASK: &str = "
import duckdb, time, sys
hits = \"read_parquet('tables/hits/*/*/*.parquet', hive_types = {'run': VARCHAR, 'host': VARCHAR})\"
processes = \"read_parquet('tables/processes/*/*/*.parquet', hive_types = {'run': VARCHAR, 'host': VARCHAR})\"
db = duckdb.connect()
rows = db.execute(f'SELECT count(*) FROM {hits}').fetchone()[0]
# A line that few of the processes ran, and one that many did.
lines = db.execute(f'''SELECT file, first_line, count(*) AS many FROM {hits} WHERE host = 'machine0'
                       GROUP BY ALL ORDER BY many, file, first_line''').fetchall()
for file, line, _ in (lines[0], lines[-1]):
    took = []
    for _ in range(3):
        start = time.monotonic()
        who = db.execute(f'''SELECT p.host, p.run, p.pid, p.exe, h.context FROM {hits} h JOIN {processes} p USING (process)
                             WHERE h.file = ? AND h.first_line <= ? AND h.last_line >= ?''', [file, line, line]).fetchall()
        took.append(time.monotonic() - start)
    print(f'{rows} rows, who ran {file}:{line}: {len(who)} did, {took[0]:.3f} s at first, {min(took):.3f} s again (goal 2)')
";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("parquet: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
    let rows = match (words.next().as_deref(), words.next()) {
        (None, _) => ROWS,
        (Some("--rows"), Some(rows)) => rows.parse().map_err(|error| format!("--rows: {error}"))?,
        (Some(word), _) => return Err(format!("unknown argument {word}; known: --rows N")),
    };
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("..");
    let folder = tempfile::tempdir_in(&target).map_err(|error| format!("make a folder: {error}"))?;
    let at = |name: &str| folder.path().join(name);
    let real = real(folder.path())?;
    let ranges = |record: &ProcessRecord| record.hits.iter().map(|hits| hits.lines.ranges().len()).sum::<usize>();
    let of_all: usize = real.iter().map(ranges).sum();
    let processes = rows.div_ceil(of_all) * real.len();
    repeat(&at("data"), &real, processes)?;
    println!("{processes} processes, {} bytes of data files", size(&at("data"))?);
    let mut export = Command::new(COV_TRACE);
    export.args(["export", "--parquet", "tables", "--data", "data"]).current_dir(folder.path());
    let (seconds, kib) = measured(&mut export)?;
    let bytes = size(&at("tables"))?;
    println!("export: {seconds:.1} s, {} MiB at its peak, {bytes} bytes of tables", kib / 1024);
    let python = target.join("consumers/newest/bin/python");
    let asked = Command::new(&python).args(["-c", ASK]).current_dir(folder.path()).status();
    let asked = asked.map_err(|error| format!("{}: {error}; run tests/setup", python.display()))?;
    if asked.success() { Ok(()) } else { Err(format!("DuckDB: {asked}")) }
}

/// What cov-trace runs when it reports on a program, and on itself.
fn real(folder: &Path) -> Result<Vec<ProcessRecord>, String> {
    let mut first = Command::new(COV_TRACE);
    measured(first.args(["-q", "--all", "--data", "real", "--", COV_TRACE, "man"]).current_dir(folder))?;
    for reported in ["report", "ps", "json", "lcov"] {
        let mut again = Command::new(COV_TRACE);
        again.args(["-q", "--all", "--data", "real", "--", COV_TRACE, reported, "--data", "real"]).current_dir(folder);
        measured(&mut again)?;
    }
    let failed = |error: StoreError| error.to_string();
    let data = DataDir::open_for_reading(&folder.join("real")).map_err(failed)?;
    let mut real = Vec::new();
    for file in data.process_files().map_err(failed)? {
        real.extend(data.read_all(&Reader::default(), &file).map_err(failed)?);
    }
    Ok(real)
}

/// Writes so many processes as runs on several machines.
fn repeat(folder: &Path, real: &[ProcessRecord], processes: usize) -> Result<(), String> {
    fs::create_dir(folder).map_err(|error| error.to_string())?;
    let failed = |error: StoreError| error.to_string();
    let data = DataDir::create(folder).map_err(failed)?;
    let mut writer = Writer::new().map_err(failed)?;
    let mut records = real.iter().cycle().take(processes).cloned().zip(0u32..);
    for machine in 0..MACHINES {
        let run = format!("20261123T010203.{machine:03}Z-4711");
        let labels = LabelValues::from([
            ("host".to_owned(), format!("machine{machine}")),
            ("service".to_owned(), format!("service{}", machine % 4)),
        ]);
        let file = ProcessFile::of_living(run.clone());
        writer.write_labelled(&data, &file, &[], &RunLabels::of_run(&run, labels)).map_err(failed)?;
        for (mut record, number) in records.by_ref().take(processes.div_ceil(MACHINES)) {
            record.head.run.clone_from(&run);
            (record.head.sequence, record.head.pid) = (number, 1000 + number as i32);
            writer.write_to(&data, &record).map_err(failed)?;
        }
    }
    Ok(())
}
