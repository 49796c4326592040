//! Short processes, and one of a large binary.

use std::path::Path;
use std::process::Command;

use crate::growth::exponent;
use crate::options::Options;
use crate::stage::{COV_TRACE, Stage, seconds};
use testing::bench::{median, size};
use testing::rows::Row;

/// Short processes of a program of 60,000 lines, each of which runs other ones.
///
/// # Errors
/// When something cannot be run.
pub fn short(stage: &Stage, _options: &Options) -> Result<Vec<Row>, String> {
    let (spawn, wide) = (stage.program("spawn"), stage.program("wide").display().to_string());
    let (mut times, mut sizes, mut reports) = (Vec::new(), Vec::new(), Vec::new());
    for count in [2_000u32, 6_300, 20_000] {
        let data = stage.fresh("short")?;
        let arguments = [count.to_string(), wide.clone()];
        let bare = seconds(&mut stage.bare(&spawn, &arguments))?;
        let traced = seconds(&mut stage.traced(&["--all"], &data, &spawn, &arguments))?;
        let mut report = Command::new(COV_TRACE);
        let report = seconds(report.arg("report").arg("--data").arg(&data).current_dir(stage.program(".")))?;
        let count = f64::from(count);
        times.push((count, traced - bare));
        sizes.push((count, size(&data)? as f64));
        reports.push((count, report));
    }
    let (count, added) = times[times.len() - 1];
    Ok(vec![
        Row::new("20,000 short processes: added to each", added * 1e3 / count, 2.0, "ms"),
        Row::new("20,000 short processes: data of each", sizes[sizes.len() - 1].1 / 1024.0 / count, 8.0, "KiB"),
        Row::new("20,000 short processes: report", reports[reports.len() - 1].1, 1.5, "s"),
        Row::new("short processes: exponent of the time added", exponent(&times), 1.05, ""),
        Row::new("short processes: exponent of the data", exponent(&sizes), 1.05, ""),
        Row::new("short processes: exponent of the report", exponent(&reports), 1.05, ""),
    ])
}

/// One process of cov-trace's own debug build.
///
/// # Errors
/// When something cannot be built or run.
pub fn large(stage: &Stage, _options: &Options) -> Result<Vec<Row>, String> {
    let built = Command::new(env!("CARGO")).args(["build", "--quiet"]).status().map_err(|error| error.to_string())?;
    if !built.success() {
        return Err(format!("cargo build: {built}"));
    }
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../debug/cov-trace");
    let mib = std::fs::metadata(&program).map_err(|error| format!("{}: {error}", program.display()))?.len() >> 20;
    let arguments = ["report".to_owned(), "--help".to_owned()];
    let data = stage.fresh("large")?;
    // The first fills the cache, the second the data that --only-new starts from.
    seconds(&mut stage.traced(&["--all"], &data, &program, &arguments))?;
    let known = ["--all", "--once", "--only-new"];
    seconds(&mut stage.traced(&known, &data, &program, &arguments))?;
    let (mut bare, mut all, mut new) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..9 {
        bare.push(seconds(&mut stage.bare(&program, &arguments))?);
        all.push(seconds(&mut stage.traced(&["--all"], &stage.fresh("one")?, &program, &arguments))?);
        new.push(seconds(&mut stage.traced(&known, &data, &program, &arguments))?);
    }
    let added = |ways: &[f64]| (median(ways) - median(&bare)) * 1e3;
    Ok(vec![
        Row::new(format!("added to a process of a debug binary of {mib} MiB, --all"), added(&all), 30.0, "ms"),
        Row::new(format!("the same, when nothing is new ({})", known.join(" ")), added(&new), 10.0, "ms"),
    ])
}
