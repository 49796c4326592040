//! Short processes, and one of a large binary.

use std::path::Path;
use std::process::Command;

use crate::options::Options;
use crate::stage::{COV_TRACE, Stage, seconds};
use testing::bench::{exponent, median, size};
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
    let data = stage.fresh("large")?;
    let known = ["--all", "--once", "--only-new"];
    // The first fills the cache and the data that --only-new starts from.
    let arguments =
        |count: u32| [&count.to_string(), &program.display().to_string(), "report", "--help"].map(str::to_owned);
    let spawn = stage.program("spawn");
    seconds(&mut stage.traced(&["--all"], &data, &spawn, &arguments(1)))?;
    // What one more costs: the start of a run is in neither.
    let slope = |timed: &dyn Fn(u32) -> Result<f64, String>| -> Result<f64, String> {
        let (mut few, mut many) = (Vec::new(), Vec::new());
        for _ in 0..5 {
            few.push(timed(2)?);
            many.push(timed(22)?);
        }
        Ok((median(&many) - median(&few)) * 1e3 / 20.0)
    };
    let bare = slope(&|count| seconds(&mut stage.bare(&spawn, &arguments(count))))?;
    let all = slope(&|count| seconds(&mut stage.traced(&["--all"], &stage.fresh("one")?, &spawn, &arguments(count))))?;
    let new = slope(&|count| seconds(&mut stage.traced(&known, &data, &spawn, &arguments(count))))?;
    Ok(vec![
        Row::new(format!("added to a process of a debug binary of {mib} MiB, --all"), all - bare, 30.0, "ms"),
        Row::new(format!("the same, when nothing is new ({})", known.join(" ")), new - bare, 10.0, "ms"),
    ])
}
