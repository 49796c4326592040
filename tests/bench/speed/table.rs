//! The results as a table on standard output.

use crate::measure::Result;

/// The heading of the table.
pub fn header(kcov: bool) -> String {
    let others = if kcov { "  kcov ms   by cov-trace" } else { "" };
    format!(
        "{:<24} {:>10} {:>12} {:>8} {:>15} {:>13}{others}",
        "program", "bare ms", "cov-trace ms", "ratio", "supervisor KiB", "recorder KiB"
    )
}

/// One program's results.
pub fn row(result: &Result) -> String {
    let others = result
        .kcov
        .map_or_else(String::new, |kcov| format!("  {:>7.1}   {:>11.1}x", kcov * 1e3, kcov / result.cov_trace));
    format!(
        "{:<24} {:>10.2} {:>12.2} {:>7.2}x {:>15} {:>13}{others}",
        result.name,
        result.bare * 1e3,
        result.cov_trace * 1e3,
        result.ratio,
        result.peaks.supervisor_kib,
        result.peaks.recorder_kib,
    )
}
