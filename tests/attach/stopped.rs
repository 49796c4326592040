//! Processes that somebody has stopped with SIGSTOP.

use super::scene::{Scene, field, is_as_before};
use std::time::Instant;
use testing::run::{LIMIT, signal};

/// A service that is stopped, with a letter that it has not read yet.
fn stopped() -> Scene {
    let mut scene = Scene::start("attach/lines");
    scene.session.expect("ready");
    signal(scene.pid(), "STOP");
    until_state(&scene, 'T');
    scene.session.send("b");
    scene
}

#[track_caller]
fn until_state(scene: &Scene, wanted: char) {
    let start = Instant::now();
    while !field(scene.pid(), "State:").starts_with(wanted) {
        assert!(start.elapsed() < LIMIT, "it is {}", field(scene.pid(), "State:"));
        std::thread::yield_now();
    }
}

#[test]
fn it_stays_stopped_until_it_is_continued() {
    let mut scene = stopped();
    let attached = scene.attach();
    let state = field(scene.pid(), "State:");
    assert!(state.starts_with(['t', 'T']), "while attached it is {state}");
    attached.detach("TERM").unwrap();
    until_state(&scene, 'T');
    is_as_before(scene.pid());
    signal(scene.pid(), "CONT");
    scene.session.expect("b");
    scene.ask("c", &["c"]);
    scene.end();
    assert!(!scene.ran("dprintf(1, \"b\\n\")"), "it did not run a line while one was attached");
}

#[test]
fn it_is_continued_while_it_is_measured() {
    let mut scene = stopped();
    let attached = scene.attach();
    signal(scene.pid(), "CONT");
    scene.session.expect("b");
    scene.let_go(attached);
    scene.ask("c", &["c"]);
    scene.end();
    assert!(scene.ran("dprintf(1, \"b\\n\")") && !scene.ran("dprintf(1, \"c\\n\")"));
}

#[test]
fn it_is_stopped_while_it_is_measured() {
    let mut scene = Scene::start("attach/lines");
    scene.session.expect("ready");
    let attached = scene.attach();
    signal(scene.pid(), "STOP");
    until_state(&scene, 't');
    scene.session.send("b");
    attached.detach("INT").unwrap();
    until_state(&scene, 'T');
    is_as_before(scene.pid());
    signal(scene.pid(), "CONT");
    scene.session.expect("b");
    scene.end();
}
