//! What is known of processes that are still running, and of runs side by side in one data directory.

use crate::harness::build;
use crate::harness::check::{COV_TRACE, under_cov_trace};
use crate::harness::command::mark;
use crate::harness::measured::{self, Process};
use crate::harness::sample::Sample;
use crate::harness::session::Session;
use std::path::Path;
use std::process::Command;
use std::time::Instant;
use testing::run::{LIMIT, to_end};

/// Reads the data until it says what is waited for.
#[track_caller]
fn until(data: &Path, said: impl Fn(&[Process]) -> bool) {
    let start = Instant::now();
    while !said(&measured::processes(data)) {
        assert!(start.elapsed() < LIMIT, "the data never says it");
        std::thread::yield_now();
    }
}

#[test]
fn a_process_has_its_file_while_it_lives() {
    let sample = Sample::load("process/server");
    let program = build::program(&sample, &sample.builds[0]);
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    let data = folder.path().join("data");
    let (a, b) = (sample.line_of("dprintf(1, \"a\\n\")"), sample.line_of("dprintf(1, \"b\\n\")"));
    let mut session = Session::start(folder.path(), under_cov_trace(&data, &program));
    session.expect("ready");
    session.send("a");
    session.expect("a");
    until(&data, |processes| processes.iter().any(|process| process.ran(&sample.main, a)));
    let processes = measured::processes(&data);
    assert!(processes[0].end.is_none() && !processes[0].complete);
    assert!(!processes[0].ran(&sample.main, b));

    // Others can look, and it disturbs nobody.
    let mut report = Command::new(COV_TRACE);
    let report = to_end(&mark(), folder.path(), report.args(["report", "--data"]).arg(&data));
    assert!(report.status.success() && report.stdout.contains("server.c"), "{report:?}");

    session.send("b");
    session.expect("b");
    until(&data, |processes| processes.iter().any(|process| process.ran(&sample.main, b)));
    session.end_input();
    assert!(session.status().success());
    assert!(measured::processes(&data)[0].complete);
}

#[test]
fn runs_side_by_side_share_a_data_directory() {
    let sample = Sample::load("process/fork");
    let program = build::program(&sample, &sample.builds[0]);
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    let data = folder.path().join("data");
    let alone = mark();
    let first = to_end(&alone, folder.path(), &mut under_cov_trace(&data, &program));
    let of_one_run = measured::processes(&data).len();
    let sessions: Vec<Session> =
        (0..6).map(|_| Session::start(folder.path(), under_cov_trace(&data, &program))).collect();
    for session in &sessions {
        assert_eq!(session.status().code(), first.status.code());
    }
    let processes = measured::processes(&data);
    assert_eq!(processes.len(), 7 * of_one_run);
    assert!(processes.iter().all(|process| process.complete));
}
