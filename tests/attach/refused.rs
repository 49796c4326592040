//! Processes that one cannot attach to: cov-trace says which, why, and leaves with 1.

use super::scene::{Scene, field, is_as_before};
use crate::harness::build;
use crate::harness::check::COV_TRACE;
use crate::harness::command::{attach, mark};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;
use testing::run::{Outcome, to_end};

/// What cov-trace says to this; it must fail, name the process and give the reason.
#[track_caller]
fn is_refused(command: &mut Command, pid: u32, reason: &str) -> String {
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    let Outcome { status, stdout, stderr } = to_end(&mark(), folder.path(), command);
    assert_eq!(status.code(), Some(1), "{stderr}");
    assert_eq!(stdout, "");
    assert!(stderr.contains(&pid.to_string()) && stderr.contains(reason), "{pid}, {reason}: {stderr}");
    assert!(stderr.lines().all(|line| line.starts_with("cov-trace: ")), "{stderr}");
    assert!(!stderr.contains("cov-trace: attached to"), "{stderr}");
    stderr
}

#[track_caller]
fn attach_is_refused(pid: u32, reason: &str) -> String {
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    let mut command = Command::new(COV_TRACE);
    command.arg("attach").arg(pid.to_string()).arg("--data").arg(folder.path().join("data"));
    is_refused(&mut command, pid, reason)
}

#[test]
fn another_tracer_has_it() {
    let mut scene = Scene::start("attach/tracer");
    let traced = scene.session.line().parse().unwrap();
    assert_eq!(field(traced, "TracerPid:"), scene.pid().to_string());
    let said = attach_is_refused(traced, "traced");
    assert!(said.contains(&scene.pid().to_string()), "it does not name the tracer: {said}");
    scene.ask("a", &["a"]);
    scene.end();
}

#[test]
fn a_zombie() {
    let mut scene = Scene::start("attach/zombie");
    attach_is_refused(scene.session.line().parse().unwrap(), "has ended");
    scene.end();
}

#[test]
fn a_process_that_is_gone() {
    let mut child = Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    attach_is_refused(child.id(), "no such process");
}

#[test]
fn a_kernel_thread() {
    // Containers do not show any; where there are some, neither of these two ways to know them misses one.
    let pids = || fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
    let by_flag: Vec<u32> = pids().filter(|&pid| is_kernel_thread(pid)).collect();
    let children_of_kthreadd = pids().filter(|&pid| pid == 2 || parent(pid) == Some(2)).count();
    let kthreadd = fs::read_to_string("/proc/2/comm").is_ok_and(|name| name.trim() == "kthreadd");
    assert_eq!(kthreadd, !by_flag.is_empty(), "{children_of_kthreadd} children of 2, by flag {by_flag:?}");
    if let Some(&pid) = by_flag.first() {
        attach_is_refused(pid, "thread of the kernel");
    }
}

/// PF_KTHREAD, a flag of the ninth field of `/proc/PID/stat`.
fn is_kernel_thread(pid: u32) -> bool {
    stat(pid, 6).is_some_and(|flags| flags & 0x20_0000 != 0)
}

fn parent(pid: u32) -> Option<u64> {
    stat(pid, 1)
}

/// A field of `/proc/PID/stat`, counted from the one after the name.
fn stat(pid: u32, field: usize) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.split(' ').nth(field)?.parse().ok()
}

#[test]
fn a_process_of_somebody_else() {
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    if !is_root {
        attach_is_refused(1, "belongs to user root");
        return;
    }
    // A copy where a user without rights finds it.
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("cov-trace");
    fs::copy(COV_TRACE, &copy).unwrap();
    let readable = |path: &Path| fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    readable(folder.path());
    readable(&copy);
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o777)).unwrap();
    let mut scene = Scene::start("attach/lines");
    scene.session.expect("ready");
    let mut command = as_nobody(&copy);
    command.arg("attach").arg(scene.pid().to_string()).arg("--data").arg(&data);
    is_refused(&mut command, scene.pid(), "belongs to user root");
    scene.ask("a", &["a"]);
    scene.end();
}

fn as_nobody(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all"]).arg(program);
    command
}

#[test]
fn it_is_measured_already() {
    let mut scene = Scene::start("attach/lines");
    scene.session.expect("ready");
    let attached = scene.attach();
    let second = attach(&[scene.pid()], &[], &scene.data).err().unwrap();
    assert!(second.contains("already"), "{second}");
    attach_is_refused(scene.pid(), "already");
    scene.ask("b", &["b"]);
    scene.let_go(attached);
    scene.end();
    assert!(scene.ran("dprintf(1, \"b\\n\")"));
}

#[test]
fn one_that_is_gone_beside_one_that_is_not() {
    let mut child = Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    let mut scene = Scene::start("attach/lines");
    scene.session.expect("ready");
    let mut command = Command::new(COV_TRACE);
    command.arg("attach").args([child.id(), scene.pid()].map(|pid| pid.to_string())).arg("--data").arg(&scene.data);
    let said = is_refused(&mut command, child.id(), "no such process");
    assert!(!said.contains(&scene.pid().to_string()), "{said}");
    is_as_before(scene.pid());
    scene.ask("b", &["b"]);
    scene.end();
}
