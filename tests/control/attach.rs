//! `attach`: what it refuses, what it tells, how it ends.

use crate::harness::check::COV_TRACE;
use crate::harness::command::mark;
use crate::harness::server::{A, Server};
use crate::harness::session::Session;
use cov_trace::store::EndReason;
use std::process::{Command, Stdio};
use testing::run::until;

/// `cov-trace attach` with what it says on stderr as its output.
fn attach(server: &Server, words: &[&str]) -> Session {
    let mut command = Command::new("sh");
    command.args(["-c", "exec \"$@\" 2>&1", "sh", COV_TRACE, "attach", "--data"]).arg(&server.data).args(words);
    Session::start(server.folder.path(), command)
}

#[test]
fn a_process_is_measured_from_then_on_and_let_go() {
    let server = Server::new();
    let mut session = server.bare();
    let pid = session.process_named("server").to_string();
    let attached = attach(&server, &["--verify-detach", &pid, &pid]);
    let said = attached.line();
    assert!(said.starts_with(&format!("cov-trace: attached to 1 process (server {pid}), 1 thread, ")), "{said}");
    assert!(server.says(&["status", &pid]).contains(": attached "));
    session.send("a");
    session.expect("a");
    attached.signal("USR1");
    until(|| server.ran(A));
    let ps = server.says(&["ps"]);
    assert!(ps.contains("ATTACHED") && ps.contains("running"), "{ps}");
    let again = server.complains(&["attach", &pid]);
    assert!(again.contains("is being measured already") && again.contains("nothing was attached to"), "{again}");
    attached.signal("TERM");
    let said = attached.line();
    assert!(said.starts_with("cov-trace: detached from 1 process, which goes on; 1 process, "), "{said}");
    attached.expect("cov-trace: verified: the text of 1 process is as in its files");
    attached.expect_end_of_output();
    assert!(attached.status().success());
    let process = server.process();
    assert!(process.complete && process.end == Some(EndReason::Detached));
    session.send("b");
    session.expect("b");
    session.end_input();
    assert!(session.status().success());
}

#[test]
fn it_ends_with_the_processes() {
    let server = Server::new();
    let mut session = server.bare();
    let attached = attach(&server, &[&session.process_named("server").to_string()]);
    attached.line();
    session.end_input();
    let said = attached.line();
    assert!(said.starts_with("cov-trace: 1 process, "), "{said}");
    assert!(attached.status().success() && session.status().success());
    assert_eq!(server.process().end, Some(EndReason::Exited(0)));
}

#[test]
fn it_is_ended_by_its_time_and_by_detach() {
    let server = Server::new();
    let mut session = server.bare();
    let pid = session.process_named("server").to_string();
    let limited = attach(&server, &["--for", "200ms", &pid]);
    limited.line();
    let said = limited.line();
    assert!(said.starts_with("cov-trace: the time of --for is over: detached from 1 process, "), "{said}");
    assert!(limited.status().success());
    let detached = attach(&server, &[&pid]);
    detached.line();
    assert!(server.says(&["detach", &pid]).contains("detached from 1 process, which goes on"));
    let said = detached.line();
    assert!(said.starts_with("cov-trace: `cov-trace detach`: detached from 1 process, "), "{said}");
    assert!(detached.status().success());
    session.end_input();
    assert!(session.status().success());
}

#[test]
fn what_cannot_be_attached_to_is_told_before_anything_is_touched() {
    let server = Server::new();
    let mut session = server.bare();
    let good = session.process_named("server").to_string();
    let mark = mark();
    // A child that ends when its parent does not collect any more.
    let script = "mkfifo gate; (read go < gate; exit 3) & echo $!; exec cat";
    let mut parent = Session::start(server.folder.path(), {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    });
    let zombie = parent.line();
    until(|| std::fs::read_to_string(format!("/proc/{}/comm", parent.pid)).is_ok_and(|name| name == "cat\n"));
    std::fs::write(server.folder.path().join("gate"), "go\n").unwrap();
    until(|| std::fs::read_to_string(format!("/proc/{zombie}/stat")).is_ok_and(|stat| stat.contains(") Z ")));
    let refused = server.complains(&["attach", &good, &zombie, "4194304"]);
    assert!(
        refused.contains(&format!("attach to {zombie} (sh): it has ended; its parent {} (cat)", parent.pid)),
        "{refused}"
    );
    assert!(refused.contains("attach to 4194304: there is no such process"), "{refused}");
    assert!(refused.ends_with("cov-trace: nothing was attached to\n") && !server.data.exists(), "{refused}");

    let threads = std::fs::read_dir("/proc/self/task").unwrap().map(|entry| entry.unwrap().file_name());
    let me = std::process::id().to_string();
    let thread = threads.map(|name| name.into_string().unwrap()).find(|tid| *tid != me).unwrap();
    let refused = server.complains(&["attach", &thread]);
    assert!(refused.contains(&format!("it is a thread of process {me}")), "{refused}");

    let file = server.folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let mut command = Command::new(COV_TRACE);
    command.args(["attach", &good, "--data"]).arg(file.join("data"));
    let refused = testing::run::to_end(&mark, server.folder.path(), command.stdin(Stdio::null()));
    assert!(refused.status.code() == Some(1) && refused.stderr.contains("--data"), "{refused:?}");

    parent.end_input();
    session.end_input();
    assert!(session.status().success() && parent.status().success());
}

#[test]
fn what_is_measured_by_launching_is_not_attached_to() {
    let server = Server::new();
    let mut session = server.measured(&[]);
    for (name, why) in [
        ("server", "is being measured already"),
        ("cov-trace", "cov-trace itself"),
        ("cov-recorder", "cov-trace itself"),
    ] {
        let refused = server.complains(&["attach", &session.process_named(name).to_string()]);
        assert!(refused.contains(why), "{refused}");
    }
    session.end_input();
    assert!(session.status().success());
}
