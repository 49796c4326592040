//! What becomes of the program and its descendants when the supervisor is killed, and of everybody when the guard is.

use crate::harness::check::{COV_TRACE, under_cov_trace};
use crate::harness::run::{LIMIT, signal};
use crate::harness::sample::Sample;
use crate::harness::session::Session;
use crate::harness::{build, measured};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

/// A sample under cov-trace, up to its first word.
struct Run {
    folder: tempfile::TempDir,
    session: Session,
}

impl Run {
    fn of(sample: &str, options: &[&str]) -> Run {
        let sample = Sample::load(sample);
        let program = build::program(&sample, &sample.builds[0]);
        let folder = tempfile::tempdir_in(build::output()).unwrap();
        let mut command = Command::new(COV_TRACE);
        command.args(options).args(under_cov_trace(&folder.path().join("data"), &program).get_args());
        let session = Session::start(folder.path(), command);
        session.expect("ready");
        Run { folder, session }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn kill(&self, name: &str) {
        signal(self.session.process_named(name), "KILL");
    }

    /// Lets it end by itself.
    #[track_caller]
    fn end(mut self) -> Run {
        self.session.end_input();
        self.session.expect_end_of_output();
        assert_eq!(self.session.status().code(), Some(0));
        self.session.until_only(&[]);
        self
    }
}

#[test]
fn children_and_threads_go_on() {
    let mut run = Run::of("process/family", &[]);
    run.session.send("a");
    run.session.expect("a");
    run.kill("cov-supervisor");
    run.session.until_only(&["cov-trace", "family"]);
    run.session.send("b");
    for who in ["thread", "child", "child's thread", "parent"] {
        run.session.expect(who);
    }
    let run = run.end();
    let processes = measured::processes(&run.data());
    assert_eq!(processes.len(), 2);
    assert!(processes.iter().all(|process| !process.complete));
}

#[test]
fn a_group_stop_lasts() {
    let mut run = Run::of("process/server", &[]);
    let (program, supervisor) = (run.session.process_named("server"), run.session.process_named("cov-supervisor"));
    signal(program, "STOP");
    // Stopped as the supervisor has it: that waits for the next report.
    let start = Instant::now();
    while [program, supervisor, program, supervisor].map(|pid| run.session.state(pid)) != ['t', 'S', 't', 'S'] {
        assert!(start.elapsed() < LIMIT, "it does not stop");
        std::thread::yield_now();
    }
    run.kill("cov-supervisor");
    run.session.until_only(&["cov-trace", "server"]);
    assert_eq!(run.session.state(program), 'T');
    signal(program, "CONT");
    run.session.send("b");
    run.session.expect("b");
    run.end();
}

#[test]
fn kill_on_exit_takes_everybody_along() {
    let mut run = Run::of("process/server", &["--kill-on-exit"]);
    run.session.send("d");
    run.session.expect("d");
    run.kill("cov-supervisor");
    assert_eq!(run.session.status().signal(), Some(9));
    run.session.until_only(&[]);
}

#[test]
fn without_its_guard_the_supervisor_goes_on() {
    let mut run = Run::of("process/server", &[]);
    run.kill("cov-guard");
    run.session.send("a");
    run.session.expect("a");
    let run = run.end();
    let processes = measured::processes(&run.data());
    assert!(processes.len() == 1 && processes[0].complete);
}

#[test]
fn without_its_guard_the_recorders_death_is_still_survived() {
    let mut run = Run::of("process/server", &[]);
    run.kill("cov-guard");
    run.kill("cov-recorder");
    run.session.until_only(&["cov-trace", "server"]);
    run.session.send("b");
    run.session.expect("b");
    let run = run.end();
    // The front itself has picked up what the recorder left.
    let processes = measured::processes(&run.data());
    assert!(processes.len() == 1 && !processes[0].complete);
}
