//! Many threads, threads that come and go, and a process whose first thread is gone.

use super::scene::{Scene, is_as_before, threads};
use crate::harness::command::attach;

#[test]
fn five_hundred_sleep_and_are_woken() {
    let mut scene = Scene::start("attach/many_threads");
    scene.session.expect("ready");
    assert_eq!(threads(scene.pid()).len(), 501);
    let attached = scene.attach();
    scene.ask("x", &["500"]);
    scene.ask("x", &["500"]);
    scene.let_go(attached);
    assert_eq!(threads(scene.pid()).len(), 501);
    scene.ask("x", &["500"]);
    let again = scene.attach();
    scene.ask("x", &["500"]);
    scene.end();
    again.until_ended().unwrap();
    scene.agrees_with_its_marks_after(2);
}

#[test]
fn five_hundred_sleep_on_when_let_go() {
    let mut scene = Scene::start("attach/many_threads");
    scene.session.expect("ready");
    let before = threads(scene.pid());
    let attached = scene.attach();
    scene.let_go(attached);
    assert_eq!(threads(scene.pid()), before);
    scene.ask("x", &["500"]);
    scene.end();
}

#[test]
fn threads_come_and_go() {
    let mut scene = Scene::start("attach/thread_churn");
    scene.session.expect("ready");
    for letter in ["a", "b", "c", "d", "e"] {
        let attached = scene.attach();
        scene.ask(letter, &[letter]);
        scene.let_go(attached);
        scene.ask("x", &["x"]);
    }
    scene.session.end_input();
    scene.session.expect("all ended");
    scene.end();
    scene.agrees_with_its_marks_after(5);
}

#[test]
fn the_first_thread_has_ended() {
    let mut scene = Scene::start("attach/leader_exits");
    let thread = scene.session.line().parse().unwrap();
    let attached = attach(&[scene.pid()], &[], &scene.data).unwrap();
    scene.ask("ab", &["worked", "worked"]);
    attached.detach("TERM").unwrap();
    is_as_before(thread);
    scene.ask("c", &["worked"]);
    scene.end();
    scene.agrees_with_its_marks();
}
