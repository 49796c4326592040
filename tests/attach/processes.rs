//! More than one process: several at once, children, families.

use super::scene::{Scene, is_as_before};
use crate::harness::attached::Attached;
use crate::harness::measured;

#[test]
fn several_at_once() {
    let mut scenes = [(); 3].map(|()| Scene::start("attach/lines"));
    scenes.iter().for_each(|scene| scene.session.expect("ready"));
    let pids = scenes.each_ref().map(Scene::pid);
    let data = scenes[0].data.clone();
    let attached = Attached::to(&pids, &[], &data).unwrap();
    for (scene, letter) in scenes.iter_mut().zip(["a", "b", "c"]) {
        scene.ask(letter, &[letter]);
    }
    attached.let_go("INT").unwrap();
    pids.into_iter().for_each(is_as_before);
    let processes = measured::processes(&data);
    assert_eq!(processes.len(), 3);
    for (scene, letter) in scenes.iter().zip(["a", "b", "c"]) {
        let process = processes.iter().find(|process| process.pid == scene.pid() as i32).unwrap();
        for other in ["a", "b", "c"] {
            let line = scene.line_of(&format!("dprintf(1, \"{other}\\n\")"));
            assert_eq!(process.ran(&scene.sample.main, line), other == letter, "{other} by the process of {letter}");
        }
    }
    scenes.iter_mut().for_each(Scene::end);
}

#[test]
fn children_of_later_have_files_of_their_own() {
    let mut scene = Scene::start("attach/forks");
    scene.session.expect("ready");
    scene.ask("f", &["child", "7"]);
    let attached = scene.attach();
    scene.ask("ff", &["child", "7", "child", "7"]);
    scene.end();
    assert!(attached.until_ended().unwrap().status.success());
    scene.agrees_with_its_marks();
}

#[test]
fn children_of_before_come_along_if_asked_for() {
    let mut scene = Scene::start("attach/tree");
    scene.session.expect("ready");
    let attached = scene.attach_with(&["--children"]);
    scene.ask("x", &["main", "child", "grandchild", "done"]);
    scene.end();
    assert!(attached.until_ended().unwrap().status.success());
    scene.agrees_with_its_marks();
}

#[test]
fn children_of_before_are_left_alone_otherwise() {
    let mut scene = Scene::start("attach/tree");
    scene.session.expect("ready");
    let attached = scene.attach();
    scene.ask("x", &["main", "child", "grandchild", "done"]);
    scene.let_go(attached);
    scene.end();
    let processes = scene.processes();
    assert_eq!(processes.iter().map(|process| process.pid).collect::<Vec<_>>(), [scene.pid() as i32]);
    assert!(scene.ran("dprintf(1, \"main\\n\")") && !scene.ran("dprintf(1, \"child\\n\")"));
}

#[test]
fn the_whole_family_is_let_go_of() {
    let mut scene = Scene::start("attach/tree");
    scene.session.expect("ready");
    let attached = scene.attach_with(&["--children"]);
    scene.ask("x", &["main", "child", "grandchild", "done"]);
    scene.let_go(attached);
    let family = scene.session.mark.processes();
    assert_eq!(family.len(), 3);
    family.into_iter().for_each(is_as_before);
    scene.ask("x", &["main", "child", "grandchild", "done"]);
    scene.end();
}
