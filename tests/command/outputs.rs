//! cov-trace holds none of the program's outputs open.

use crate::harness::check::under_cov_trace;
use crate::harness::command::mark;
use crate::harness::sample::Sample;
use crate::harness::session::Session;
use crate::harness::{build, measured};
use std::path::Path;
use std::process::Command;
use testing::run::to_end;

/// The sample that obeys letters, in a folder with a fifo on which its daemon waits.
fn with_daemon(folder: &Path, command: Command) -> Session {
    assert!(Command::new("mkfifo").arg(folder.join("fifo")).status().unwrap().success());
    let mut session = Session::start(folder, command);
    session.expect("ready");
    session.send("d");
    session.expect("d");
    session.end_input();
    session
}

#[test]
fn output_ends_with_the_program_though_its_daemon_lives() {
    let sample = Sample::load("process/server");
    let program = build::program(&sample, &sample.builds[0]);
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    let data = folder.path().join("data");
    let session = with_daemon(folder.path(), under_cov_trace(&data, &program));
    session.expect_end_of_output();
    assert!(!session.has_ended(), "cov-trace waits for the daemon");
    session.process_named("server");

    std::fs::File::create(folder.path().join("fifo")).unwrap();
    assert!(session.status().success());
    let processes = measured::processes(&data);
    assert_eq!(processes.len(), 2);
    assert!(processes.iter().all(|process| process.complete));
}

#[test]
fn no_wait_returns_while_the_daemon_is_measured_on() {
    let sample = Sample::load("process/server");
    let program = build::program(&sample, &sample.builds[0]);
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    let data = folder.path().join("data");
    let mut command = Command::new(crate::harness::check::COV_TRACE);
    command.args(["-q", "--no-wait", "--data"]).arg(&data).arg("--").arg(&program);
    let session = with_daemon(folder.path(), command);
    assert!(session.status().success());
    session.process_named("server");

    std::fs::File::create(folder.path().join("fifo")).unwrap();
    session.until_only(&[]);
    let processes = measured::processes(&data);
    assert_eq!(processes.len(), 2);
    assert!(processes.iter().all(|process| process.complete));
}

#[test]
fn closed_standard_descriptors_stay_closed() {
    let sample = Sample::load("environment/facts");
    let program = build::program(&sample, &sample.builds[0]);
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    let mark = mark();
    let closed = |command: &Command| {
        let mut shell = Command::new("sh");
        shell.args(["-c", r#"exec "$@" <&- 2>&-"#, "sh"]).arg(command.get_program()).args(command.get_args());
        to_end(&mark, folder.path(), &mut shell)
    };
    let bare = closed(&Command::new(&program));
    assert!(!bare.stdout.contains("descriptor 0:") && !bare.stdout.contains("descriptor 2:"), "{bare:?}");
    assert_eq!(closed(&under_cov_trace(&folder.path().join("data"), &program)), bare);
}
