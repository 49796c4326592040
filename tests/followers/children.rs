//! A thousand children that fork, exec, vfork or start a thread.

use crate::harness::check::{role, under_cov_trace};
use crate::harness::command::mark;
use crate::harness::sample::Sample;
use crate::harness::{build, measured};
use std::collections::{BTreeMap, BTreeSet};
use testing::run::to_end;

#[test]
fn a_thousand_children_have_a_file_each() {
    let sample = Sample::load("process/fork_storm");
    let program = build::program(&sample, &sample.builds[0]);
    let data = tempfile::tempdir_in(build::output()).unwrap();
    let outcome = to_end(&mark(), data.path(), &mut under_cov_trace(&data.path().join("data"), &program));
    assert!(outcome.status.success(), "{outcome:?}");

    let processes = measured::processes(&data.path().join("data"));
    assert_eq!(processes.len(), 1001);
    let parent = processes[0].pid;
    assert!(processes[1..].iter().all(|process| process.parent == Some(parent)));
    let pids: BTreeSet<i32> = processes.iter().map(|process| process.pid).collect();
    assert_eq!(pids.len(), 1001, "pids came twice, or files were mixed up");

    // Children of one role run the same code, so each of them has the same lines as the others.
    let mut lines_of: BTreeMap<&str, BTreeSet<BTreeSet<u32>>> = BTreeMap::new();
    for process in &processes {
        let role = role(&sample, process).unwrap();
        lines_of.entry(role).or_default().insert(process.lines_run(&sample.main));
    }
    for (role, lines) in lines_of {
        assert_eq!(lines.len(), 1, "not all of {role} have the same lines");
    }
}
