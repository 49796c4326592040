//! Whether breakpoints at few places tell the same as breakpoints at every line address, of which nothing is inferred.
//!
//! Invariant: processes are compared by what they ran, not by their order, which may be another in every run.

use super::check::under_cov_trace;
use super::measured;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// `program` under cov-trace with breakpoints at every line address.
pub fn plainly(program: &Path, data: &Path) -> Command {
    let usual = under_cov_trace(data, program);
    let mut command = Command::new(usual.get_program());
    command.arg("--probe=all").args(usual.get_args());
    command
}

/// How the lines of a data directory differ from those of one that was written with breakpoints everywhere, in the
/// sources of a folder: what a library does when threads meet is not the same in every run. Nor is who runs the lines
/// in `left_open`.
pub fn differences(few: &Path, all: &Path, sources: &Path, left_open: &BTreeSet<String>) -> Vec<String> {
    let [few, all] = [few, all].map(|data| {
        let mut lines: Vec<_> = measured::processes(data)
            .iter()
            .map(|process| process.lines(sources).map(|lines| &lines - left_open))
            .collect();
        lines.sort();
        lines
    });
    let mut found = Vec::new();
    if few.len() != all.len() {
        found.push(format!("{} processes, {} with --probe=all", few.len(), all.len()));
    }
    for ([ran, rest], [all_ran, all_rest]) in few.iter().zip(&all).filter(|(few, all)| few != all) {
        let one_sided = |a: &BTreeSet<String>, b: &BTreeSet<String>| a.difference(b).cloned().collect::<Vec<_>>();
        found.push(format!(
            "ran by the default only: {:?}; by --probe=all only: {:?}; code known to one only: {:?}",
            one_sided(ran, all_ran),
            one_sided(all_ran, ran),
            (ran | rest).symmetric_difference(&(all_ran | all_rest)).collect::<Vec<_>>()
        ));
    }
    found.sort();
    found.dedup();
    found
}
