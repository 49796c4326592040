//! Reading the line index of large binaries, without and with the cache.

use std::path::Path;
use std::time::Instant;

use cov_trace::cache::Cache;

use crate::timed::Stage;
use testing::bench::median;
use testing::rows::Row;

/// The release build of cov-trace, and the largest debug binary that cargo has left.
///
/// # Errors
/// When they cannot be read.
pub fn index(stage: &Stage, rounds: usize) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    let release = Path::new(env!("CARGO_BIN_EXE_cov-trace")).to_owned();
    let largest = largest_of(&stage.target.join("debug/deps"))?;
    let folder = tempfile::tempdir().map_err(|error| format!("make a folder: {error}"))?;
    let cache = Cache::open(folder.path()).ok_or("the cache cannot be opened")?;
    let binaries = [("a release binary", release, 100.0, 10.0), ("the largest debug binary", largest, 600.0, 30.0)];
    for (name, path, cold, warm) in binaries {
        let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let before = std::fs::metadata(&path).map_err(|error| failed(&error))?;
        let bytes = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let place = cache.place(&before);
        let (mut millis, mut from_cache, mut probes) = (Vec::new(), Vec::new(), 0);
        for _ in 0..rounds.min(5) {
            let start = Instant::now();
            let index = cov_trace::debuginfo::index(&bytes).map_err(|error| failed(&error))?;
            millis.push(start.elapsed().as_secs_f64() * 1e3);
            probes = index.probes.len();
            place.store(&index);
            drop(index);
            let start = Instant::now();
            let index = place.load(&bytes).ok_or_else(|| failed(&"its index is not in the cache"))?;
            from_cache.push(start.elapsed().as_secs_f64() * 1e3);
            drop(index);
        }
        let size = bytes.len() >> 20;
        let name = format!("index of {name}, {size} MiB, {probes} line addresses");
        rows.push(Row::new(format!("{name}, cold"), median(&millis), cold, "ms"));
        rows.push(Row::new(format!("{name}, from the cache"), median(&from_cache), warm, "ms"));
    }
    Ok(rows)
}

fn largest_of(folder: &Path) -> Result<std::path::PathBuf, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let files = entries.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_none());
    let sized =
        files.filter_map(|path| Some((std::fs::metadata(&path).ok().filter(|meta| meta.is_file())?.len(), path)));
    sized.max().map(|(_, path)| path).ok_or(format!("{}: no binary in it", folder.display()))
}
