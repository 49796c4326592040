//! Where the program is: deleted, replaced, in another mount namespace; and libraries that come later.

use super::scene::{Scene, is_as_before};
use crate::harness::build;
use crate::harness::sample::Sample;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

/// A copy of the program in the folder where it is started.
fn copy(program: &Path, folder: &Path) -> Command {
    let copy = folder.join("copy");
    fs::copy(program, &copy).unwrap();
    Command::new(copy)
}

/// Attaches to `attach/lines` once its program is no longer where it was started.
fn without_its_program(away: impl FnOnce(&Path)) {
    let mut scene = Scene::start_as("attach/lines", copy);
    scene.run_letters(&[], |folder| away(&folder.join("copy")));
    scene.end();
    scene.agrees_with_its_marks();
}

#[test]
fn the_program_was_deleted() {
    without_its_program(|copy| fs::remove_file(copy).unwrap());
}

#[test]
fn the_program_was_replaced() {
    let other = Sample::load("attach/many_threads");
    let other = build::program(&other, &other.builds[0]);
    without_its_program(|copy| {
        fs::remove_file(copy).unwrap();
        fs::copy(other, copy).unwrap();
    });
}

#[test]
fn the_program_is_in_another_mount_namespace() {
    // Only root may mount, and so may everybody who is root in a user namespace of his own.
    let rights = if fs::metadata("/proc/self").unwrap().uid() == 0 { "-m" } else { "-rm" };
    let script = "mkdir hidden && mount -t tmpfs none hidden && cp \"$0\" hidden/program && exec hidden/program";
    let mut scene = Scene::start_as("attach/lines", |program, _| {
        let mut command = Command::new("unshare");
        command.args([rights, "sh", "-c", script]).arg(program);
        command
    });
    scene.run_letters(&[], |folder| {
        assert!(!folder.join("hidden/program").exists(), "the program can be seen from outside");
    });
    scene.end();
    scene.agrees_with_its_marks();
}

#[test]
fn libraries_from_before_and_after() {
    let mut scene = Scene::start("attach/plugin");
    scene.session.expect("10");
    let attached = scene.attach();
    scene.ask("e", &["11"]);
    scene.ask("p", &["12"]);
    scene.let_go(attached);
    scene.ask("p", &["12"]);
    scene.end();
    scene.agrees_with_its_marks();
}

#[test]
fn a_library_that_was_only_there_before() {
    let mut scene = Scene::start("attach/plugin");
    scene.session.expect("10");
    let attached = scene.attach();
    scene.ask("e", &["11"]);
    attached.detach("TERM").unwrap();
    is_as_before(scene.pid());
    scene.ask("p", &["12"]);
    scene.end();
    let plugin = scene.sample.main.with_file_name("plugin.c");
    let text = fs::read_to_string(&plugin).unwrap();
    let line = |wanted: &str| text.lines().position(|line| line.contains(wanted)).unwrap() as u32 + 1;
    let process = &scene.processes()[0];
    assert!(process.ran(&plugin, line("return 11")));
    assert!(!process.ran(&plugin, line("return 10")) && !process.ran(&plugin, line("return 12")));
}
