//! `status`, `flush` and `detach`.

use crate::harness::server::{A, B, Server};
use cov_trace::store::EndReason;
use std::os::unix::fs::PermissionsExt;

#[test]
fn status_tells_what_is_measured() {
    let server = Server::new();
    let mut session = server.measured(&[]);
    let pid = session.process_named("server").to_string();
    server.says(&["flush"]);
    let status = server.says(&["status"]);
    let row = status.lines().find(|line| line.trim_start().starts_with(&pid)).unwrap_or_else(|| panic!("{status}"));
    assert!(status.starts_with("run ") && status.contains(": launched ") && row.contains("samples"), "{status}");
    for helper in ["front", "guard", "supervisor", "recorder"] {
        let name = if helper == "front" { "cov-trace".to_owned() } else { format!("cov-{helper}") };
        assert!(status.contains(&format!("{helper} {}", session.process_named(&name))), "{status}");
    }
    assert_eq!(server.says(&["status", &pid]).lines().count(), status.lines().count());
    for command in ["status", "flush", "detach"] {
        let complaint = server.complains(&[command, &pid, "1"]);
        assert!(complaint.contains("process 1 is not being measured in "), "{complaint}");
    }

    // Another one beside it.
    let mut other = server.measured(&["--for", "1h"]);
    let status = server.says(&["status"]);
    assert!(status.matches("run ").count() == 2 && status.contains(", detaches in 59 min "), "{status}");
    let alone = server.says(&["status", &other.process_named("server").to_string()]);
    assert!(alone.matches("run ").count() == 1 && alone.contains("detaches in"), "{alone}");

    for session in [&mut session, &mut other] {
        session.end_input();
        assert!(session.status().success());
    }
    let complaint = server.complains(&["status"]);
    assert!(complaint.contains("nothing is being measured in "), "{complaint}");
}

#[test]
fn flush_waits_for_the_files() {
    let server = Server::new();
    let mut session = server.measured(&[]);
    for _ in 0..3 {
        session.send("a");
        session.expect("a");
        assert!(server.says(&["flush"]).contains("everything that ran until now is in the files"));
        assert!(server.ran(A) && !server.ran(B));
    }
    session.send("b");
    session.expect("b");
    let pid = session.process_named("server").to_string();
    server.says(&["flush", &pid]);
    assert!(server.ran(B));
    session.end_input();
    assert!(session.status().success());
}

#[test]
fn detach_lets_go_of_a_launched_program_and_its_front_waits() {
    let server = Server::new();
    let mut session = server.measured(&[]);
    session.send("a");
    session.expect("a");
    let said = server.says(&["detach"]);
    assert!(
        said.contains(": detached from 1 process, which goes on; 1 process, ") && said.contains("; data in "),
        "{said}"
    );
    assert!(server.runs().is_empty());
    let process = server.process();
    assert!(process.complete && process.end == Some(EndReason::Detached) && server.ran(A));
    session.until_only(&["cov-trace", "server"]);
    session.send("b");
    session.expect("b");
    assert!(!session.has_ended());
    session.signal("TERM");
    session.expect("signal 15");
    assert_eq!(session.status().code(), Some(115), "the front mirrors what becomes of its program");
    assert!(!server.ran(B));
}

#[test]
fn detach_of_one_measurement_leaves_the_others() {
    let server = Server::new();
    let mut kept = server.measured(&[]);
    let mut ended = server.measured(&[]);
    let said = server.says(&["detach", &ended.process_named("server").to_string()]);
    assert_eq!(said.lines().count(), 1, "{said}");
    assert_eq!(server.runs().len(), 1);
    assert!(server.says(&["status"]).contains(&kept.process_named("server").to_string()));
    for session in [&mut kept, &mut ended] {
        session.end_input();
        assert!(session.status().success());
    }
}

#[test]
fn a_long_path_is_no_hindrance_and_the_socket_is_the_users_alone() {
    let mut server = Server::new();
    server.data = server.folder.path().join("d".repeat(120)).join("e".repeat(120));
    let mut session = server.measured(&[]);
    let [run] = &server.runs()[..] else { panic!("one run") };
    let mode = std::fs::symlink_metadata(run.join("control")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(server.says(&["status"]).contains(&session.process_named("server").to_string()));
    server.says(&["detach"]);
    session.end_input();
    assert!(session.status().success());
}

#[test]
fn a_recorder_that_is_gone_is_told_of() {
    let server = Server::new();
    let mut session = server.measured(&[]);
    // Stopped, so that it cannot remove what is left of the run.
    let supervisor = session.process_named("cov-supervisor");
    testing::run::signal(supervisor, "STOP");
    testing::run::signal(session.process_named("cov-recorder"), "KILL");
    let complaint = server.complains(&["status"]);
    assert!(complaint.contains("its recorder has ended"), "{complaint}");
    testing::run::signal(supervisor, "CONT");
    session.until_only(&["cov-trace", "server"]);
    session.end_input();
    assert!(session.status().success());
}
