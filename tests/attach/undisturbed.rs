//! Programs in a delicate state when one attaches: in the middle of vfork, with SIGTRAP of their own, without descriptors.

use super::scene::{Scene, field, is_as_before};
use crate::harness::command::attach;
use std::fs;
use std::path::Path;
use std::sync::mpsc::channel;
use std::thread;
use testing::run::{LIMIT, signal};

#[test]
fn a_parent_that_vfork_has_suspended() {
    let mut scene = Scene::start("attach/vfork");
    scene.session.expect("ready");
    let attached = scene.attach();
    scene.ask("x", &["child x", "exec", "ended 9"]);
    scene.ask("y", &["y"]);
    scene.let_go(attached);
    scene.ask("z", &["z"]);
    scene.end();
    assert!(scene.ran("dprintf(1, \"ended"), "the parent's lines after the vfork");
}

#[test]
fn a_parent_that_vfork_has_suspended_all_the_time() {
    let mut scene = Scene::start("attach/vfork");
    scene.session.expect("ready");
    let attached = scene.attach();
    scene.let_go(attached);
    scene.ask("x", &["child x", "exec", "ended 9"]);
    scene.end();
    assert!(!scene.ran("dprintf(1, \"ended"), "nobody was attached any more");
}

#[test]
fn both_sides_of_a_vfork() {
    let mut scene = Scene::start("attach/vfork");
    scene.session.expect("ready");
    let attached = scene.attach_with(&["--children"]);
    scene.ask("x", &["child x", "exec", "ended 9"]);
    scene.let_go(attached);
    scene.end();
    assert!(scene.ran("dprintf(1, \"exec"), "the child's program");
    assert!(scene.ran("dprintf(1, \"ended"), "the parent's lines after the vfork");
}

#[test]
fn sigtrap_handled_and_blocked() {
    sigtrap("a", "t");
}

#[test]
fn sigtrap_handled_and_blocked_at_once() {
    sigtrap("A", "T");
}

#[test]
fn threads_that_execute_breakpoints_of_their_own_all_the_time() {
    const TIMES: usize = 5;
    let mut scene = Scene::start("attach/own_breakpoints");
    scene.session.expect("ready");
    for _ in 0..TIMES {
        let attached = scene.attach();
        scene.ask("x", &["handler as before: 1"]);
        scene.let_go(attached);
        scene.ask("x", &["handler as before: 1"]);
    }
    scene.end();
    scene.agrees_with_its_marks_after(TIMES);
}

/// Handler and masks are as they were, whatever the threads run at the letters `plain` and, after a SIGTRAP, `trapped`.
fn sigtrap(plain: &str, trapped: &str) {
    let mut scene = Scene::start("attach/sigtrap");
    scene.session.expect("ready");
    let ask = |scene: &mut Scene, letter: &str, traps: u32| {
        let facts = [("thread", "blocked"), ("main", "not blocked")];
        let [thread, main] = facts.map(|(who, blocked)| format!("{who}: {traps} traps, handled, {blocked}"));
        scene.ask(letter, &[&thread, &main]);
    };
    let caught = field(scene.pid(), "SigCgt:");
    let attached = scene.attach();
    ask(&mut scene, plain, 0);
    ask(&mut scene, trapped, 1);
    ask(&mut scene, plain, 1);
    assert_eq!(field(scene.pid(), "SigCgt:"), caught);
    scene.let_go(attached);
    ask(&mut scene, trapped, 2);
    scene.end();
    scene.agrees_with_its_marks();
}

#[test]
fn a_daemon_without_descriptors() {
    let scene = Scene::start("attach/daemon");
    let daemon: u32 = scene.session.line().parse().unwrap();
    scene.session.expect_end_of_output();
    assert!(scene.session.status().success());
    assert_eq!(fs::read_dir(format!("/proc/{daemon}/fd")).unwrap().count(), 0);
    let attached = attach(&[daemon], &[], &scene.data).unwrap();
    assert_eq!(request(&scene, "a"), "worked\n");
    assert_eq!(request(&scene, "b"), "worked\n");
    attached.detach("TERM").unwrap();
    is_as_before(daemon);
    assert_eq!(request(&scene, "c"), "worked\n");
    signal(daemon, "KILL");
    let processes = scene.processes();
    assert_eq!(processes.len(), 1);
    assert!(scene.ran("dprintf(answer"));
    assert!(!scene.ran("mkfifo"));
}

/// Writes to the daemon's one fifo and reads its other one, in a thread because both may block for ever.
fn request(scene: &Scene, letter: &'static str) -> String {
    let (sender, receiver) = channel();
    let folder = scene.folder().to_owned();
    let talk = move |folder: &Path| {
        fs::write(folder.join("request"), letter)?;
        fs::read_to_string(folder.join("answer"))
    };
    thread::spawn(move || sender.send(talk(&folder).unwrap()));
    receiver.recv_timeout(LIMIT).expect("the daemon does not answer")
}
