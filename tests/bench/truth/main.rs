//! The ground truth: `cargo bench --bench truth [-- --only NAME]`.
//!
//! Builds Lua and the SQLite shell (`build`), runs real scripts, and holds cov-trace's lines against gcov's (another
//! build, another method) and against a record of every executed instruction of the very same build, read with
//! binutils' line table (`valgrind`, and `step.c` for the small samples). Fails on a difference without a known cause.
#![forbid(unsafe_code)]

mod causes;
mod compare;
mod kind;
mod lines;
mod record;
mod samples;
mod subject;
mod trace;
mod verdict;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use subject::{SUBJECTS, Subject};
use testing::bench;
use verdict::{Gcov, Verdict};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--only");
    let only = arguments.nth(1);
    let built = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("../truth");
    let mut verdict = Verdict::new();
    match compare_all(&built, only.as_deref(), &mut verdict) {
        Ok(()) => verdict.conclude(),
        Err(error) => {
            eprintln!("truth: {error}");
            ExitCode::from(2)
        }
    }
}

fn compare_all(built: &Path, only: Option<&str>, verdict: &mut Verdict) -> Result<(), String> {
    let built = bench::build("tests/bench/truth/build", built, &[])?;
    for subject in SUBJECTS.iter().filter(|subject| only.is_none_or(|only| only == subject.name)) {
        compare_subject(subject, &built, verdict)?;
    }
    if only.is_none_or(|only| only == "samples") {
        samples::compare(&built, verdict)?;
    }
    Ok(())
}

fn compare_subject(subject: &Subject, built: &Path, verdict: &mut Verdict) -> Result<(), String> {
    let sources = built.join(subject.sources);
    let gcov = Gcov {
        plain: trace::gcov(subject, built, "gcov", &sources)?,
        unmarked: trace::gcov(subject, built, "gcov-unmarked", &sources)?,
    };
    let mut unoptimized = None;
    for variant in ["O0", "O2"] {
        let ours = trace::cov_trace(subject, built, variant, &sources, verdict)?;
        let record = trace::callgrind(subject, built, variant, &sources)?;
        if variant == "O0" {
            verdict.against_gcov(subject.name, &sources, &ours, &gcov, &record.lines);
        }
        verdict.against_record(&format!("{} -{variant}", subject.name), &sources, &ours, &record);
        match &unoptimized {
            None => unoptimized = Some(record.lines),
            Some(unoptimized) => verdict.against_unoptimized(subject.name, &ours, unoptimized),
        }
    }
    Ok(())
}
