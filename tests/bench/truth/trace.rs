//! Runs of a subject under each witness.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::lines::{self, Lines};
use crate::record::{self, Record};
use crate::subject::{Subject, empty};
use crate::verdict::Verdict;

/// The executable of cov-trace that cargo built for this bench.
pub const COV_TRACE: &str = env!("CARGO_BIN_EXE_cov-trace");

/// The lines that cov-trace reports; whether the program behaved as without it goes to the verdict.
///
/// # Errors
/// When something cannot be run or read.
pub fn cov_trace(
    subject: &Subject,
    built: &Path,
    variant: &str,
    sources: &Path,
    verdict: &mut Verdict,
) -> Result<Lines, String> {
    let text = |error: std::io::Error| format!("{} -{variant}: {error}", subject.name);
    let data = empty(&built.join(format!("{}-{variant}.data", subject.name))).map_err(text)?;
    let data = data.to_string_lossy().into_owned();
    let bare = subject.run(built, variant, &|_| Vec::new()).map_err(text)?;
    let prefix = |_| [COV_TRACE, "-q", "--no-cache", "--data", &data, "--"].map(str::to_owned).to_vec();
    let traced = subject.run(built, variant, &prefix).map_err(text)?;
    for (number, (bare, traced)) in bare.iter().zip(&traced).enumerate() {
        verdict.same_behaviour(&format!("{} -{variant}, run {number}", subject.name), bare, traced);
    }
    report(&data, sources)
}

/// The lines of a data directory, by `cov-trace lcov`.
///
/// # Errors
/// When cov-trace fails.
pub fn report(data: &str, sources: &Path) -> Result<Lines, String> {
    let output = Command::new(COV_TRACE).args(["lcov", "--absolute-paths", "--data", data]).output();
    let output = output.map_err(|error| format!("cov-trace lcov: {error}"))?;
    if !output.status.success() {
        return Err(format!("cov-trace lcov: {}", String::from_utf8_lossy(&output.stderr)));
    }
    lines::from_lcov(&String::from_utf8_lossy(&output.stdout), sources)
}

/// The lines that gcov reports for a build with counters.
///
/// # Errors
/// When something cannot be run or read.
pub fn gcov(subject: &Subject, built: &Path, variant: &str, sources: &Path) -> Result<Lines, String> {
    let text = |error: std::io::Error| format!("{} {variant}: {error}", subject.name);
    let directory = built.join(format!("{}-{variant}", subject.name));
    for entry in directory.read_dir().map_err(text)? {
        let path = entry.map_err(text)?.path();
        if path.extension().is_some_and(|extension| extension == "gcda") {
            fs::remove_file(path).map_err(text)?;
        }
    }
    subject.run(built, variant, &|_| Vec::new()).map_err(text)?;
    lines::from_gcov(&directory, sources)
}

/// The lines whose instructions valgrind saw executed.
///
/// # Errors
/// When something cannot be run or read.
pub fn callgrind(subject: &Subject, built: &Path, variant: &str, sources: &Path) -> Result<Record, String> {
    let text = |error: std::io::Error| format!("{} -{variant} under valgrind: {error}", subject.name);
    let output = |number: usize| built.join(format!("{}-{variant}.callgrind.{number}", subject.name));
    let prefix = |number: usize| {
        let mut words: Vec<String> = ["valgrind", "-q", "--tool=callgrind", "--dump-instr=yes", "--dump-line=no"]
            .into_iter()
            .chain(["--compress-pos=no", "--compress-strings=no"])
            .map(str::to_owned)
            .collect();
        words.push(format!("--callgrind-out-file={}", output(number).display()));
        words
    };
    subject.run(built, variant, &prefix).map_err(text)?;
    let executable = subject.executable(built, variant);
    let mut executed = BTreeSet::new();
    for number in 0..subject.runs.len() {
        let profile = fs::read_to_string(output(number)).map_err(text)?;
        record::add_callgrind(&profile, &executable, &mut executed);
    }
    record::lines(&record::rows(&executable, sources)?, &executable, sources, &executed, variant != "O0")
}
