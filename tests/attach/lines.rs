//! Which lines are reported, and when.

use super::scene::{Scene, is_as_before};
use crate::harness::check::COV_TRACE;
use crate::harness::command::mark;
use std::process::Command;
use std::time::Instant;
use testing::run::{LIMIT, to_end};

/// Runs every letter of `attach/lines` at its time.
fn attached_between(options: &[&str]) -> Scene {
    let mut scene = Scene::start("attach/lines");
    scene.run_letters(options, |_| ());
    scene
}

#[test]
fn only_what_runs_meanwhile_is_reported() {
    let mut scene = attached_between(&[]);
    scene.end();
    scene.agrees_with_its_marks();
    scene.was_let_go();
}

#[test]
fn a_detach_can_be_verified() {
    let mut scene = attached_between(&["--verify-detach"]);
    scene.end();
    scene.agrees_with_its_marks();
}

#[test]
fn it_ends_by_itself_after_a_time() {
    let mut scene = Scene::start("attach/lines");
    scene.session.expect("ready");
    let attached = scene.attach_with(&["--for", "1s"]);
    scene.ask("b", &["b"]);
    let ended = attached.until_ended().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    is_as_before(scene.pid());
    scene.ask("c", &["c"]);
    assert!(scene.ran("dprintf(1, \"b\\n\")") && !scene.ran("dprintf(1, \"c\\n\")"));
}

#[test]
fn a_second_time_adds_to_the_first() {
    let mut scene = attached_between(&[]);
    assert!(!scene.ran("dprintf(1, \"e\\n\")"));
    let attached = scene.attach();
    scene.ask("be", &["b", "e"]);
    scene.let_go(attached);
    scene.ask("a", &["a"]);
    assert!(scene.ran("dprintf(1, \"b\\n\")") && scene.ran("dprintf(1, \"e\\n\")"));
    assert!(!scene.ran("dprintf(1, \"a\\n\")") && !scene.ran("dprintf(1, \"c\\n\")"));
    scene.end();
}

/// A report by a process of its own.
fn lcov(scene: &Scene) -> String {
    asked(scene, &["lcov", "--absolute-paths"])
}

/// What a command says of what was measured.
fn asked(scene: &Scene, words: &[&str]) -> String {
    let mut command = Command::new(COV_TRACE);
    command.args(words).arg("--data").arg(&scene.data);
    to_end(&mark(), scene.folder(), &mut command).stdout
}

#[test]
fn what_runs_is_reported_while_it_runs() {
    let mut scene = Scene::start("attach/lines");
    scene.session.expect("ready");
    let attached = scene.attach();
    let [b, c] = ["b", "c"].map(|letter| format!("DA:{},1\n", scene.line_of(&format!("dprintf(1, \"{letter}\\n\")"))));
    let start = Instant::now();
    scene.session.send("b");
    scene.session.expect("b");
    while !lcov(&scene).contains(&b) {
        assert!(start.elapsed() < LIMIT, "a report of the running process never has its line");
    }
    assert!(!lcov(&scene).contains(&c));
    scene.session.send("c");
    scene.session.expect("c");
    while !lcov(&scene).contains(&c) {
        assert!(start.elapsed() < LIMIT, "a report of the running process never has the next line");
    }
    scene.let_go(attached);
}

#[test]
fn a_process_that_ends_meanwhile_has_its_end() {
    let mut scene = Scene::start("attach/lines");
    scene.session.expect("ready");
    let attached = scene.attach();
    scene.ask("b", &["b"]);
    scene.end();
    let ended = attached.until_ended().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    assert!(scene.ran("return 0;"));
    let processes = scene.processes();
    assert_eq!(processes.len(), 1);
    assert!(processes[0].complete);
    assert_eq!(processes[0].end, Some(cov_trace::store::EndReason::Exited(0)));
}

#[test]
fn a_context_that_began_before_is_told() {
    let mut scene = Scene::start("attach/lines");
    scene.session.expect("ready");
    let functions = ["--context-by=function", "--context-function=^(main|work_b)$"];
    let attached = scene.attach_with(&functions);
    scene.ask("b", &["b"]);
    scene.end();
    let ended = attached.until_ended().unwrap();
    assert!(ended.said.iter().any(|line| line.contains("was running already when cov-trace attached")), "{ended:?}");
    let contexts = asked(&scene, &["contexts"]);
    assert!(contexts.contains("work_b") && !contexts.contains("main"), "{contexts}");
}
