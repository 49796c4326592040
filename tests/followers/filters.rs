//! `--pid` reports one process alone.

use crate::harness::check::{COV_TRACE, role, under_cov_trace};
use crate::harness::command::mark;
use crate::harness::sample::Sample;
use crate::harness::{build, measured};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use testing::run::to_end;

/// Lines of a source file that an lcov report calls run.
fn run_lines(lcov: &str, source: &Path) -> BTreeSet<u32> {
    let start = format!("SF:{}", source.display());
    let records = lcov.split("end_of_record").filter(|record| record.lines().any(|line| line == start));
    let data = records.flat_map(str::lines).filter_map(|line| line.strip_prefix("DA:"));
    let counts = data.map(|text| text.split_once(',').unwrap());
    counts.filter(|(_, count)| *count != "0").map(|(line, _)| line.parse().unwrap()).collect()
}

#[test]
fn lcov_of_one_pid_and_of_all() {
    let sample = Sample::load("process/fork");
    let program = build::program(&sample, &sample.builds[0]);
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    let data = folder.path().join("data");
    let mark = mark();
    to_end(&mark, folder.path(), &mut under_cov_trace(&data, &program));
    let processes = measured::processes(&data);
    assert_eq!(processes.len(), 2);

    let lcov = |pid: Option<i32>| {
        let mut command = Command::new(COV_TRACE);
        command.args(["lcov", "--absolute-paths", "--data"]).arg(&data);
        pid.map(|pid| command.arg("--pid").arg(pid.to_string()));
        let outcome = to_end(&mark, folder.path(), &mut command);
        assert!(outcome.status.success(), "{outcome:?}");
        run_lines(&outcome.stdout, &sample.main)
    };
    let mut union = BTreeSet::new();
    for process in &processes {
        let lines = lcov(Some(process.pid));
        assert_eq!(lines, process.lines_run(&sample.main), "{}", role(&sample, process).unwrap());
        union.extend(lines);
    }
    assert_eq!(lcov(None), union);
}
