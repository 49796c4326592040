//! Measuring less than everything: `--fork=inherit`, `--once` and `--only-new` keep the union and say what they leave out.

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
    let (processes, status) = ran(data, program, option);
    assert_eq!(status, Some(3));
    processes
}

/// The processes of a run, and how the program ended.
fn ran(data: &Path, program: &Path, option: &str) -> (Vec<Process>, Option<i32>) {
    std::fs::create_dir_all(data).unwrap();
    let before = keys(&measured::processes(data));
    let mut command = Command::new(COV_TRACE);
    command.args(["-q", option, "--data"]).arg(data).arg("--").arg(program);
    let outcome = to_end(&mark(), data.parent().unwrap(), &mut command);
    let after = measured::processes(data);
    let new = after.into_iter().filter(|process| !before.contains(&(process.pid, process.sequence)));
    (new.collect(), outcome.status.code())
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
fn once_in_a_run_each_line_is_reported_however_processes_come_to_be() {
    const SAMPLES: [&str; 8] =
        ["family", "fork", "fork_chain", "fork_from_thread", "pipeline", "posix_spawn", "vfork_exec", "vfork_exit"];
    let mut saved = 0;
    for name in SAMPLES {
        let sample = Sample::load(&format!("process/{name}"));
        let program = build::program(&sample, &sample.builds[0]);
        let folder = tempfile::tempdir_in(build::output()).unwrap();
        let measured = |option: &str| {
            let (processes, status) = ran(&folder.path().join(option), &program, option);
            let lines: Vec<BTreeSet<u32>> = processes.iter().map(|process| process.lines_run(&sample.main)).collect();
            let union: BTreeSet<u32> = lines.iter().flatten().copied().collect();
            let warned = processes.iter().filter(|process| is_warned(process, "once")).count();
            (status, processes.len(), union, lines.iter().map(BTreeSet::len).sum::<usize>(), warned)
        };
        let (all, once) = (measured("--fork=all"), measured("--once"));
        assert_eq!((all.0, all.1, &all.2), (once.0, once.1, &once.2), "{name}");
        assert!(once.3 <= all.3, "{name}: {} lines of processes, {} without --once", once.3, all.3);
        saved += all.3 - once.3;
        assert_eq!((all.4, once.4), (0, once.1), "{name}");
    }
    assert!(saved > 0);
}

#[test]
fn where_processes_run_the_same_the_summary_says_what_is_cheaper() {
    let sample = Sample::load("process/killed_child");
    let program = build::program(&sample, &sample.builds[0]);
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    let said = |name: &str, option: &str, times: u32| {
        let script = format!("for i in $(seq {times}); do {} > {name}.out; done", program.display());
        let mut command = Command::new(COV_TRACE);
        command.args([option, "--data", name, "--", "sh", "-c", &script]);
        to_end(&mark(), folder.path(), &mut command).stderr.contains("cov-trace: hint: ")
    };
    let hints = [said("few", "--fork=all", 20), said("many", "--fork=all", 60), said("once", "--once", 60)];
    assert_eq!(hints, [false, true, false]);
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
