//! SIGKILL of the recorder, of the supervisor and of both, in the middle of a run.

use crate::harness::server::{A, READY, Server};
use testing::run::signal;

/// Kills processes of a run between two pieces of work.
#[track_caller]
fn nothing_is_lost(names: &[&str]) {
    let server = Server::new();
    let mut session = server.measured(&[]);
    session.send("a");
    session.expect("a");
    let victims: Vec<u32> = names.iter().map(|name| session.process_named(name)).collect();
    victims.iter().for_each(|&pid| signal(pid, "KILL"));
    // What is left of cov-trace detaches, while the program sleeps in read(2).
    session.until_only(&["cov-trace", "server"]);
    // Lines that had not run: no breakpoint may be left in them.
    session.send("b");
    session.expect("b");
    session.end_input();
    session.expect_end_of_output();
    assert_eq!(session.status().code(), Some(0));
    session.until_only(&[]);

    let recovered = server.command(&["ps"]);
    assert!(recovered.status.success(), "{recovered:?}");
    assert!(recovered.stdout.contains(", project /"), "what was to be measured is known: {recovered:?}");
    assert!(!server.process().complete, "it has to be marked incomplete");
    for wanted in [READY, A] {
        assert!(server.ran(wanted), "{wanted} is lost");
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
