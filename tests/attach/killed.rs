//! SIGKILL of cov-trace's own processes while they are attached.

use super::scene::{Scene, is_as_before};
use crate::harness::check::COV_TRACE;
use crate::harness::command::mark;
use crate::harness::session::Session;
use std::fs;
use std::process::Command;
use std::time::Instant;
use testing::run::{LIMIT, signal, to_end};

/// Runs `cov-trace COMMAND --data` in the scene's data and has it succeed.
#[track_caller]
fn cov_trace(scene: &Scene, command: &str) -> String {
    let outcome = to_end(&mark(), scene.folder(), Command::new(COV_TRACE).args([command, "--data"]).arg(&scene.data));
    assert!(outcome.status.success(), "{outcome:?}");
    outcome.stdout
}

#[test]
fn the_front() {
    let mut scene = Scene::start("attach/lines");
    scene.session.expect("ready");
    let attached = scene.attach();
    scene.ask("b", &["b"]);
    signal(attached.pid, "KILL");
    let start = Instant::now();
    while attached.mark.processes().contains(&attached.pid) {
        assert!(start.elapsed() < LIMIT, "it does not die");
    }
    scene.ask("e", &["e"]);
    while !scene.ran("dprintf(1, \"e\\n\")") {
        assert!(start.elapsed() < LIMIT, "the measurement does not go on");
    }
    cov_trace(&scene, "detach");
    assert!(attached.mark.left_behind().is_empty());
    is_as_before(scene.pid());
    scene.ask("c", &["c"]);
    scene.end();
    assert!(scene.ran("dprintf(1, \"b\\n\")") && !scene.ran("dprintf(1, \"c\\n\")"));
    scene.was_let_go();
}

#[test]
fn the_recorder() {
    let mut scene = Scene::start("attach/lines");
    scene.session.expect("ready");
    let attached = scene.attach();
    scene.ask("b", &["b"]);
    signal(attached.process_named("cov-recorder").unwrap(), "KILL");
    assert!(attached.mark.left_behind().is_empty(), "without its recorder cov-trace lets go");
    is_as_before(scene.pid());
    scene.ask("c", &["c"]);
    scene.end();
    cov_trace(&scene, "ps");
    assert!(scene.ran("dprintf(1, \"b\\n\")"), "what ran is lost");
    assert!(!scene.ran("dprintf(1, \"c\\n\")"));
}

#[test]
fn let_go_from_elsewhere() {
    let mut scene = Scene::start("attach/lines");
    scene.session.expect("ready");
    let attached = scene.attach();
    scene.ask("b", &["b"]);
    cov_trace(&scene, "detach");
    let ended = attached.until_ended().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    is_as_before(scene.pid());
    scene.ask("c", &["c"]);
    scene.end();
    assert!(scene.ran("dprintf(1, \"b\\n\")") && !scene.ran("dprintf(1, \"c\\n\")"));
}

#[test]
fn the_supervisor_while_it_attaches() {
    const TRIES: u32 = 50;
    let mut scene = Scene::start("attach/lines");
    scene.session.expect("ready");
    let said = scene.folder().join("said");
    let in_time = (0..TRIES).any(|_| {
        let mut command = Command::new(COV_TRACE);
        command.args(["attach", "--data"]).arg(&scene.data).arg(scene.pid().to_string());
        command.stderr(fs::File::create(&said).unwrap());
        let attaching = Session::start(scene.folder(), command);
        let start = Instant::now();
        let supervisor = loop {
            match attaching.find("cov-supervisor") {
                Some(supervisor) => break supervisor,
                None => assert!(start.elapsed() < LIMIT, "there is no supervisor"),
            }
        };
        signal(supervisor, "KILL");
        assert_eq!(attaching.status().code(), Some(1));
        attaching.until_only(&[]);
        is_as_before(scene.pid());
        !fs::read_to_string(&said).unwrap().contains("attached to")
    });
    assert!(in_time, "each attach was over before");
    let said = fs::read_to_string(said).unwrap();
    assert!(said.contains("the supervisor was killed while it attached; the processes go on"), "{said}");
    scene.ask("abc", &["a", "b", "c"]);
    scene.end();
}

#[test]
fn supervisor_and_guard() {
    let mut scene = Scene::start("attach/lines");
    scene.session.expect("ready");
    let attached = scene.attach();
    scene.ask("b", &["b"]);
    let [guard, supervisor] = ["cov-guard", "cov-supervisor"].map(|name| attached.process_named(name).unwrap());
    signal(guard, "STOP");
    signal(supervisor, "KILL");
    let start = Instant::now();
    while scene.session.state(supervisor) != 't' {
        assert!(start.elapsed() < LIMIT, "it is not held");
    }
    // As the guard would have.
    signal(scene.pid(), "STOP");
    signal(guard, "KILL");
    let ended = attached.until_ended().unwrap();
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    is_as_before(scene.pid());
    scene.ask("c", &["c"]);
    scene.end();
    assert!(scene.ran("dprintf(1, \"b\\n\")") && !scene.ran("dprintf(1, \"c\\n\")"));
}
