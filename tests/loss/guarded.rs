//! What becomes of the program and its descendants when the supervisor is killed, and of everybody when the guard is.

use crate::attach::scene;
use crate::harness::check::{COV_TRACE, under_cov_trace};
use crate::harness::sample::Sample;
use crate::harness::session::Session;
use crate::harness::{build, measured};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Command;
use testing::run::{signal, until};

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

    /// Has the supervisor killed while its guard can do nothing about it, which is killed then; `meanwhile` happens while
    /// the supervisor is held at its end.
    fn kill_with_its_guard(&self, meanwhile: impl FnOnce(u32)) {
        let (guard, supervisor) =
            (self.session.process_named("cov-guard"), self.session.process_named("cov-supervisor"));
        signal(guard, "STOP");
        until(|| self.session.state(guard) == 't');
        signal(supervisor, "KILL");
        until(|| self.session.state(supervisor) == 't');
        meanwhile(self.session.process_named("server"));
        signal(guard, "KILL");
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

    /// The program goes on when all of cov-trace but the front has ended; its data says that the rest is missing.
    #[track_caller]
    fn goes_on_unmeasured(mut self) {
        self.session.until_only(&["cov-trace", "server"]);
        self.session.send("b");
        self.session.expect("b");
        let processes = measured::processes(&self.end().data());
        assert!(processes.len() == 1 && !processes[0].complete);
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
    until(|| [program, supervisor, program, supervisor].map(|pid| run.session.state(pid)) == ['t', 'S', 't', 'S']);
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
    let run = Run::of("process/server", &[]);
    run.kill("cov-guard");
    run.kill("cov-recorder");
    // The front itself picks up what the recorder left.
    run.goes_on_unmeasured();
}

#[test]
fn another_guard_takes_its_place() {
    let run = Run::of("process/server", &[]);
    let first = run.session.process_named("cov-guard");
    signal(first, "KILL");
    until(|| run.session.find("cov-guard").is_some_and(|guard| guard != first));
    let (guard, supervisor) = (run.session.process_named("cov-guard"), run.session.process_named("cov-supervisor"));
    until(|| scene::field(supervisor, "TracerPid:") == guard.to_string());
    run.kill("cov-supervisor");
    run.goes_on_unmeasured();
}

#[test]
fn the_front_rescues_what_both_left() {
    let run = Run::of("process/server", &[]);
    run.kill_with_its_guard(|_| {});
    run.goes_on_unmeasured();
}

#[test]
fn a_stopped_front_is_continued_for_it() {
    let run = Run::of("process/server", &[]);
    let names = ["cov-trace", "cov-guard", "cov-supervisor"];
    let [front, guard, supervisor] = names.map(|name| run.session.process_named(name));
    signal(front, "STOP");
    until(|| run.session.state(front) == 'T');
    for victim in [guard, supervisor] {
        signal(victim, "KILL");
    }
    run.goes_on_unmeasured();
}

#[test]
fn the_front_continues_what_a_killed_guard_had_stopped() {
    let mut run = Run::of("process/server", &[]);
    run.kill_with_its_guard(|program| signal(program, "STOP"));
    run.session.until_only(&["cov-trace", "server"]);
    run.session.send("b");
    run.session.expect("b");
    run.end();
}

#[test]
fn a_group_stop_outlasts_both() {
    let mut run = Run::of("process/server", &[]);
    let (program, supervisor) = (run.session.process_named("server"), run.session.process_named("cov-supervisor"));
    signal(program, "STOP");
    until(|| [program, supervisor, program, supervisor].map(|pid| run.session.state(pid)) == ['t', 'S', 't', 'S']);
    run.kill_with_its_guard(|_| {});
    run.session.until_only(&["cov-trace", "server"]);
    assert_eq!(run.session.state(program), 'T');
    signal(program, "CONT");
    run.session.send("b");
    run.session.expect("b");
    run.end();
}

#[test]
fn the_recorder_rescues_what_the_others_left() {
    let mut run = Run::of("process/server", &[]);
    run.kill_with_its_guard(|program| {
        signal(program, "STOP");
        run.kill("cov-trace");
    });
    run.session.until_only(&["server"]);
    run.session.send("b");
    run.session.expect("b");
    run.session.end_input();
    run.session.expect_end_of_output();
    run.session.until_only(&[]);
}
