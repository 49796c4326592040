//! `--for`, and SIGUSR1.

use crate::harness::server::{A, B, Server};
use cov_trace::store::EndReason;
use testing::run::{signal, until};

#[test]
fn the_time_to_measure_ends_and_the_program_goes_on() {
    let server = Server::new();
    let mut session = server.measured(&["--for", "200ms"]);
    until(|| server.runs().is_empty());
    session.send("b");
    session.expect("b");
    session.end_input();
    assert!(session.status().success());
    let process = server.process();
    assert!(process.complete && process.end == Some(EndReason::Detached) && !server.ran(B));
}

#[test]
fn the_time_is_kept_without_the_front() {
    let server = Server::new();
    let mut session = server.measured(&["--for", "1s"]);
    signal(session.pid, "KILL");
    session.status();
    until(|| server.runs().is_empty());
    session.until_only(&["server"]);
    session.end_input();
    session.until_only(&[]);
    let process = server.process();
    assert!(process.complete && process.end == Some(EndReason::Detached));
}

#[test]
fn a_program_that_ends_earlier_is_as_ever() {
    let server = Server::new();
    let mut session = server.measured(&["--for", "1h"]);
    session.end_input();
    assert!(session.status().success());
    assert_eq!(server.process().end, Some(EndReason::Exited(0)));
}

#[test]
fn usr1_flushes_and_disturbs_nobody() {
    let server = Server::new();
    let mut session = server.measured(&[]);
    session.send("a");
    session.expect("a");
    session.signal("USR1");
    until(|| server.ran(A));
    session.end_input();
    assert!(session.status().success());
}

#[test]
fn a_time_that_is_none_is_refused() {
    let server = Server::new();
    for text in ["soon", "0", "-5m", "5 parsecs"] {
        let complaint = server.complains(&["attach", "1", &format!("--for={text}")]);
        assert!(complaint.contains("1h30m"), "{complaint}");
    }
}
