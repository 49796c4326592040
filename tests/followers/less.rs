//! Measuring less than everything: `--fork=inherit` and `--only-new` keep the union and say what they leave out.

use crate::harness::build;
use crate::harness::check::COV_TRACE;
use crate::harness::command::mark;
use crate::harness::measured::{self, Process};
use crate::harness::sample::Sample;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use testing::run::to_end;

fn run(data: &Path, program: &Path, option: &str) -> Vec<Process> {
    std::fs::create_dir_all(data).unwrap();
    let before = keys(&measured::processes(data));
    let mut command = Command::new(COV_TRACE);
    command.args(["-q", option, "--data"]).arg(data).arg("--").arg(program);
    let outcome = to_end(&mark(), data.parent().unwrap(), &mut command);
    assert_eq!(outcome.status.code(), Some(3), "{outcome:?}");
    let after = measured::processes(data);
    after.into_iter().filter(|process| !before.contains(&(process.pid, process.sequence))).collect()
}

fn keys(processes: &[Process]) -> BTreeSet<(i32, u32)> {
    processes.iter().map(|process| (process.pid, process.sequence)).collect()
}

fn is_warned(process: &Process, slug: &str) -> bool {
    process.warnings.iter().any(|warning| warning.slug == slug)
}

#[test]
fn a_child_that_inherits_has_only_what_its_parent_had_not() {
    let sample = Sample::load("process/fork");
    let program = build::program(&sample, &sample.builds[0]);
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    let lines = |option: &str| {
        let processes = run(&folder.path().join(option), &program, option);
        let child = processes.iter().find(|process| process.sequence == 1).unwrap();
        let own = child.lines_run(&sample.main);
        let union: BTreeSet<u32> = processes.iter().flat_map(|process| process.lines_run(&sample.main)).collect();
        (union, own, is_warned(child, "fork-inherits"))
    };
    let (anew, inherit) = (lines("--fork=all"), lines("--fork=inherit"));
    assert_eq!(anew.0, inherit.0);
    assert!(inherit.1.is_subset(&anew.1) && inherit.1.len() < anew.1.len(), "{inherit:?}");
    assert_eq!((anew.2, inherit.2), (false, true));
}

#[test]
fn only_what_is_new_is_measured() {
    let sample = Sample::load("process/fork");
    let program = build::program(&sample, &sample.builds[0]);
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    let data = folder.path().join("data");
    let union = |processes: &[Process]| -> BTreeSet<u32> {
        processes.iter().flat_map(|process| process.lines_run(&sample.main)).collect()
    };
    let first = run(&data, &program, "--only-new");
    assert!(!union(&first).is_empty() && !first.iter().any(|process| is_warned(process, "only-new")));
    for _ in 0..2 {
        let again = run(&data, &program, "--only-new");
        // A run of several lines is measured as long as one of them is new.
        assert!(union(&again).is_subset(&union(&first)) && union(&again).len() < 3, "{:?}", union(&again));
        assert!(again.iter().all(|process| is_warned(process, "only-new")));
        let has_code = |line: &u32| again[0].has_code(&sample.main, *line);
        assert!(union(&first).iter().all(has_code), "what is left out is executable all the same");
    }
    assert_eq!(union(&measured::processes(&data)), union(&first));
    let report = to_end(&mark(), folder.path(), Command::new(COV_TRACE).args(["report", "--data"]).arg(&data));
    assert!(report.status.success() && (report.stdout + &report.stderr).contains("--only-new"));
}
