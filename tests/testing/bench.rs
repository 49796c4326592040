//! What every bench does: build what it runs, take medians, write its results.

use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::Command;

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
    std::fs::write(path, json + "\n").map_err(|error| format!("{}: {error}", path.display()))
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
