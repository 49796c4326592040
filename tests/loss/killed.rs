//! SIGKILL of the recorder, of the supervisor and of both, in the middle of a run.

use crate::harness::build;
use crate::harness::check::{COV_TRACE, under_cov_trace};
use crate::harness::command::mark;
use crate::harness::measured::{self, Process};
use crate::harness::sample::Sample;
use crate::harness::session::Session;
use std::process::Command;
use testing::run::{signal, to_end};

/// Kills processes of a run between two pieces of work; returns the sample and what is found afterwards.
fn after_killing(names: &[&str]) -> (Sample, Vec<Process>) {
    let sample = Sample::load("process/server");
    let program = build::program(&sample, &sample.builds[0]);
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    let data = folder.path().join("data");
    let mut session = Session::start(folder.path(), under_cov_trace(&data, &program));
    session.expect("ready");
    session.send("a");
    session.expect("a");
    let victims: Vec<u32> = names.iter().map(|name| session.process_named(name)).collect();
    victims.iter().for_each(|&pid| signal(pid, "KILL"));
    // Whoever is left of cov-trace lets go, while the program sleeps in read(2).
    session.until_only(&["cov-trace", "server"]);
    // Lines that had not run: no breakpoint may be left in them.
    session.send("b");
    session.expect("b");
    session.end_input();
    session.expect_end_of_output();
    assert_eq!(session.status().code(), Some(0));
    session.until_only(&[]);

    let mut next = Command::new(COV_TRACE);
    let recovered = to_end(&mark(), folder.path(), next.args(["ps", "--data"]).arg(&data));
    assert!(recovered.status.success(), "{recovered:?}");
    let processes = measured::processes(&data);
    (sample, processes)
}

#[track_caller]
fn nothing_is_lost(names: &[&str]) {
    let (sample, processes) = after_killing(names);
    assert_eq!(processes.len(), 1);
    assert!(!processes[0].complete, "it has to be marked incomplete");
    let text = std::fs::read_to_string(&sample.main).unwrap();
    for wanted in ["dprintf(1, \"ready\\n\")", "dprintf(1, \"a\\n\")"] {
        let line = text.lines().position(|line| line.contains(wanted)).unwrap() as u32 + 1;
        assert!(processes[0].ran(&sample.main, line), "{wanted} is lost");
    }
}

#[test]
fn recorder() {
    nothing_is_lost(&["cov-recorder"]);
}

#[test]
fn supervisor() {
    nothing_is_lost(&["cov-supervisor"]);
}

#[test]
fn both() {
    nothing_is_lost(&["cov-recorder", "cov-supervisor"]);
}
