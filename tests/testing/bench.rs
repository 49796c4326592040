//! What every bench does: build what it runs, take medians, write its results.

use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// Runs the script at `script`, from the top of the repository, which builds programs in the folder `out`, with further
/// arguments; returns the whole path of the folder.
///
/// # Errors
/// When it cannot be run or fails.
pub fn build(script: &str, out: &Path, arguments: &[&str]) -> Result<PathBuf, String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(script);
    let status = Command::new(&script).arg(out).args(arguments).status();
    let status = status.map_err(|error| format!("{}: {error}", script.display()))?;
    if !status.success() {
        return Err(format!("{}: {status}", script.display()));
    }
    out.canonicalize().map_err(|error| format!("{}: {error}", out.display()))
}

/// Writes results as JSON.
///
/// # Errors
/// When the file cannot be written.
pub fn write_json(path: &Path, results: &impl Serialize) -> Result<(), String> {
    let json = serde_json::to_string_pretty(results).map_err(|error| error.to_string())?;
    fs::write(path, json + "\n").map_err(|error| format!("{}: {error}", path.display()))
}

/// The value in the middle, 0 of none.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => sorted[odd / 2],
        even => (sorted[even / 2 - 1] + sorted[even / 2]) / 2.0,
    }
}

/// The exponent b of the curve a * size^b that is nearest to the points, by least squares of the logarithms.
pub fn exponent(points: &[(f64, f64)]) -> f64 {
    let logs: Vec<(f64, f64)> =
        points.iter().map(|(size, value)| (size.ln(), value.max(f64::MIN_POSITIVE).ln())).collect();
    let count = logs.len() as f64;
    let mean = |part: fn(&(f64, f64)) -> f64| logs.iter().map(part).sum::<f64>() / count;
    let (size, value) = (mean(|log| log.0), mean(|log| log.1));
    let slope: f64 = logs.iter().map(|log| (log.0 - size) * (log.1 - value)).sum();
    slope / logs.iter().map(|log| (log.0 - size).powi(2)).sum::<f64>()
}

/// Seconds that a command takes, and its peak memory in KiB (by time(1), which tells it of the process alone).
///
/// # Errors
/// When it cannot be run or fails.
pub fn measured(command: &mut Command) -> Result<(f64, u64), String> {
    let told = tempfile::NamedTempFile::new().map_err(|error| format!("make a file: {error}"))?;
    let mut timed = Command::new("/usr/bin/time");
    timed.args(["-f", "%M", "-o"]).arg(told.path()).arg(command.get_program()).args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        timed.current_dir(folder);
    }
    let start = Instant::now();
    let status = timed.stdout(Stdio::null()).stderr(Stdio::null()).status();
    let seconds = start.elapsed().as_secs_f64();
    let status = status.map_err(|error| format!("/usr/bin/time: {error}; install the package time"))?;
    if !status.success() {
        return Err(format!("{command:?}: {status}"));
    }
    let told = fs::read_to_string(told.path()).map_err(|error| error.to_string())?;
    Ok((seconds, told.trim().parse().map_err(|error| format!("{told:?}: {error}"))?))
}

/// Bytes of all files below a folder.
///
/// # Errors
/// When it cannot be read.
pub fn size(folder: &Path) -> Result<u64, String> {
    let mut left: Vec<PathBuf> = vec![folder.to_owned()];
    let mut size = 0;
    while let Some(folder) = left.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?.flatten() {
            match entry.metadata() {
                Ok(meta) if meta.is_dir() => left.push(entry.path()),
                Ok(meta) => size += meta.len(),
                Err(error) => return Err(format!("{}: {error}", entry.path().display())),
            }
        }
    }
    Ok(size)
}
