//! Code that the program copies, and code whose file is removed, while one is attached.
//!
//! cov-trace gets no right here to open files through the mappings, as an ordinary user and a container's root have none.

use super::scene::Scene;
use crate::harness::check::COV_TRACE;
use crate::harness::command::mark;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::Command;
use testing::attached::Attached;
use testing::run::signal;

/// Attaches without the rights that only root has.
fn attach(scene: &Scene) -> Attached {
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    let mut command = if is_root {
        let mut command = Command::new("setpriv");
        command.args(["--bounding-set", "-sys_admin,-checkpoint_restore", COV_TRACE]);
        command
    } else {
        Command::new(COV_TRACE)
    };
    command.arg("attach").arg(scene.pid().to_string()).arg("--verify-detach").arg("--data").arg(&scene.data);
    Attached::start(mark(), command).unwrap()
}

fn started() -> Scene {
    let scene = Scene::start("attach/code");
    scene.session.expect("ready");
    scene
}

#[track_caller]
fn detaches_well(attached: Attached) {
    let ended = attached.detach("TERM").unwrap();
    assert!(ended.status.success(), "{ended:?}");
    assert!(ended.said.iter().any(|line| line.starts_with("cov-trace: verified")), "{ended:?}");
}

#[test]
fn a_copy_runs_while_attached() {
    let mut scene = started();
    let attached = attach(&scene);
    scene.ask("cx", &["copied", "6"]);
    detaches_well(attached);
    scene.ask("x", &["6"]);
    scene.end();
}

#[test]
fn a_copy_runs_after_the_detach() {
    let mut scene = started();
    let attached = attach(&scene);
    scene.ask("c", &["copied"]);
    detaches_well(attached);
    scene.ask("x", &["6"]);
    scene.end();
}

#[test]
fn a_copy_in_shared_memory_runs_while_attached() {
    let mut scene = started();
    let attached = attach(&scene);
    scene.ask("sy", &["shared", "7 and 8"]);
    detaches_well(attached);
    scene.ask("y", &["7 and 8"]);
    scene.end();
}

#[test]
fn a_copy_in_shared_memory_runs_after_the_detach() {
    let mut scene = started();
    let attached = attach(&scene);
    scene.ask("s", &["shared"]);
    detaches_well(attached);
    scene.ask("y", &["7 and 8"]);
    scene.end();
}

#[test]
fn a_library_is_removed_and_another_loaded() {
    let mut scene = started();
    let attached = attach(&scene);
    scene.ask("uf", &["removed", "14"]);
    detaches_well(attached);
    scene.ask("f", &["14"]);
    scene.end();
    let library = scene.sample.main.with_file_name("library.c");
    assert!(scene.processes()[0].ran(&library, 4), "the line that ran after the removal");
}

#[test]
fn a_removed_library_is_verified() {
    let mut scene = started();
    let attached = attach(&scene);
    scene.ask("u", &["removed"]);
    detaches_well(attached);
    scene.ask("f", &["14"]);
    scene.end();
}

#[test]
fn a_removed_library_is_rescued_when_the_supervisor_is_killed() {
    let mut scene = started();
    let attached = attach(&scene);
    scene.ask("u", &["removed"]);
    signal(attached.process_named("cov-supervisor").unwrap(), "KILL");
    attached.until_ended().unwrap();
    scene.ask("f", &["14"]);
    scene.end();
}
