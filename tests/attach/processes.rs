//! More than one process: several at once, children, families.

use super::scene::{Scene, is_as_before};
use crate::harness::check::COV_TRACE;
use crate::harness::command::{attach, mark};
use crate::harness::measured;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::Command;
use testing::attached::Attached;

#[test]
fn several_at_once() {
    let mut scenes = [(); 3].map(|()| Scene::start("attach/lines"));
    scenes.iter().for_each(|scene| scene.session.expect("ready"));
    let pids = scenes.each_ref().map(Scene::pid);
    let data = scenes[0].data.clone();
    let attached = attach(&pids, &[], &data).unwrap();
    for (scene, letter) in scenes.iter_mut().zip(["a", "b", "c"]) {
        scene.ask(letter, &[letter]);
    }
    attached.detach("INT").unwrap();
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
fn a_child_that_has_ended_is_not_worth_a_word() {
    let mut scene = Scene::start("attach/zombie");
    scene.session.line();
    let attached = scene.attach_with(&["--children"]);
    scene.ask("x", &["x"]);
    scene.end();
    let ended = attached.until_ended().unwrap();
    let begins_well = ended.said.first().is_some_and(|line| line.starts_with("cov-trace: attached to 1 process"));
    assert!(ended.status.success() && begins_well, "{ended:?}");
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

#[test]
fn the_first_process_of_a_container_inherits_nobody() {
    // Only root makes namespaces, and so does everybody who is root in a user namespace of his own.
    let rights = if fs::metadata("/proc/self").unwrap().uid() == 0 { "-pf" } else { "-rpf" };
    let mut scene = Scene::start_as("attach/lines", |program, _| {
        let mut command = Command::new("unshare");
        command.args([rights, "--mount-proc"]).arg(program);
        command
    });
    scene.session.expect("ready");
    let service = *scene.session.mark.processes().iter().find(|pid| **pid != scene.pid()).unwrap();
    let mut command = Command::new("nsenter");
    command.args(["-p", "-m", "-t", &service.to_string(), COV_TRACE, "attach", "1", "--for", "1s", "--data"]);
    command.arg(&scene.data);
    let attached = Attached::start(mark(), command).unwrap();
    scene.ask("b", &["b"]);
    let ended = attached.until_ended().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    is_as_before(service);
    let children = fs::read_to_string(format!("/proc/{service}/task/{service}/children")).unwrap();
    let named = |pid: &str| fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    assert_eq!(
        children,
        "",
        "it has children that it did not make: {:?}",
        children.split_whitespace().map(named).collect::<Vec<_>>()
    );
    scene.ask("c", &["c"]);
    scene.end();
    assert!(scene.ran("dprintf(1, \"b\\n\")") && !scene.ran("dprintf(1, \"c\\n\")"));
}
