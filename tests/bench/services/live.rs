//! How soon a report of another process knows what a service has just run for the first time.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use crate::COV_TRACE;
use testing::run::LIMIT;
use testing::service::Service;

/// Has the service run a source file that it has not run before, if it has such a one, and returns the seconds until a
/// report has a line of it, and how many of them the report takes by itself.
///
/// # Errors
/// When that never happens, or had happened before.
pub fn delay(service: &dyn Service, number: usize, data: &Path) -> Result<Option<(f64, f64)>, String> {
    let Some(file) = service.source_not_run(number) else {
        return Ok(None);
    };
    let report = Instant::now();
    if has_run(data, file)? {
        return Err(format!("{file} had run before"));
    }
    let of_the_report = report.elapsed();
    service.run_source(number)?;
    let start = Instant::now();
    while !has_run(data, file)? {
        if start.elapsed() > LIMIT {
            return Err(format!("no report has {file}"));
        }
    }
    Ok(Some((start.elapsed().as_secs_f64(), of_the_report.as_secs_f64())))
}

fn has_run(data: &Path, file: &str) -> Result<bool, String> {
    let output = Command::new(COV_TRACE).args(["lcov", "--absolute-paths", "--data"]).arg(data).output();
    let output = output.map_err(|error| format!("cov-trace lcov: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    // Before anything was written there is nothing to report, which is an error of the command.
    let end = format!("/{file}");
    let mut records = text.split("end_of_record");
    Ok(records.any(|record| {
        record.lines().any(|line| line.starts_with("SF:") && line.ends_with(&end))
            && record.lines().any(|line| line.starts_with("DA:") && !line.ends_with(",0"))
    }))
}
