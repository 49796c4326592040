//! What holds in a folder that is held open, whatever others do there.

use crate::random::random;
use crate::{EntryKind, Folder, Trust};
use nix::sys::stat::Mode;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

struct Scene(PathBuf);

impl Scene {
    fn new(name: &str) -> Scene {
        let path = std::env::temp_dir().join(format!("cov-trace-{name}-{:x}", random()));
        fs::create_dir(&path).expect("mkdir");
        Scene(path)
    }

    fn folder(&self) -> Folder {
        Folder::open(&self.0, Trust::own()).expect("open")
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).expect("rm");
    }
}

#[test]
fn links_in_it_are_not_followed_and_names_are_single() {
    let scene = Scene::new("links");
    fs::write(scene.0.join("secret"), "x").expect("write");
    fs::create_dir(scene.0.join("data")).expect("mkdir");
    let data = scene.folder().folder("data".as_ref()).expect("open");
    symlink("../secret", scene.0.join("data/link")).expect("link");
    symlink("../made", scene.0.join("data/dangling")).expect("link");
    for name in ["link", "dangling"].map(OsStr::new) {
        assert!(data.open_file(name).is_err() && data.open_file_to_write(name).is_err());
        assert!(data.open_file_to_append(name).is_err());
        let error = data.create_file(name, 0o666).expect_err("a link");
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert!(data.folder(name).is_err());
    }
    for name in ["../secret", "..", ".", "", "a/b"] {
        assert!(data.create_file(name.as_ref(), 0o666).is_err(), "{name}");
    }
    data.remove_file("link".as_ref()).expect("unlink");
    assert!(scene.0.join("secret").exists() && !scene.0.join("made").exists());
}

#[test]
fn what_is_no_regular_file_is_not_waited_for() {
    let scene = Scene::new("fifo");
    nix::unistd::mkfifo(&scene.0.join("pipe"), Mode::S_IRWXU).expect("mkfifo");
    let folder = scene.folder();
    for opened in [folder.open_file("pipe".as_ref()), folder.open_file_to_append("pipe".as_ref())] {
        assert_eq!(opened.expect_err("a pipe").kind(), io::ErrorKind::InvalidInput);
    }
    assert_eq!(folder.kind_of("pipe".as_ref()).expect("stat"), Some(EntryKind::Other));
}

#[test]
fn it_stays_the_same_folder_wherever_its_path_leads() {
    let scene = Scene::new("swapped");
    fs::create_dir_all(scene.0.join("a/sub")).expect("mkdir");
    fs::create_dir_all(scene.0.join("b/sub")).expect("mkdir");
    fs::write(scene.0.join("b/sub/precious"), "x").expect("write");
    let held = Folder::open(&scene.0.join("a"), Trust::own()).expect("open");
    fs::rename(scene.0.join("a"), scene.0.join("c")).expect("rename");
    symlink("b", scene.0.join("a")).expect("link");
    let (name, file) = held.create_some_file(|number| format!(".{number}.tmp").into(), 0o666).expect("create");
    drop(file);
    held.rename(&name, &held, "whole".as_ref()).expect("rename");
    held.remove_all("sub".as_ref()).expect("remove");
    assert!(scene.0.join("c/whole").exists() && !scene.0.join("c/sub").exists());
    assert_eq!(fs::read_dir(scene.0.join("b/sub")).expect("read").count(), 1);
    assert!(!held.is_gone());
}

#[test]
fn removing_does_not_leave_the_folder() {
    let scene = Scene::new("remove");
    fs::create_dir_all(scene.0.join("keep")).expect("mkdir");
    fs::write(scene.0.join("keep/file"), "x").expect("write");
    fs::create_dir_all(scene.0.join("run/deep")).expect("mkdir");
    symlink("../../keep", scene.0.join("run/deep/link")).expect("link");
    symlink("keep", scene.0.join("other")).expect("link");
    scene.folder().remove_all("run".as_ref()).expect("remove");
    assert!(scene.folder().remove_all("other".as_ref()).is_err(), "a link is no folder");
    assert!(scene.0.join("keep/file").exists() && !scene.0.join("run").exists());
}

#[test]
fn own_links_lead_on_and_loops_end() {
    let scene = Scene::new("own");
    fs::create_dir_all(scene.0.join("a/b")).expect("mkdir");
    symlink("a", scene.0.join("one")).expect("link");
    symlink(scene.0.join("one/b"), scene.0.join("two")).expect("link");
    symlink("loop", scene.0.join("loop")).expect("link");
    let same = |one: &str, other: &str| {
        let identity = |name| Folder::open(&scene.0.join(name), Trust::own()).and_then(|at| at.identity());
        assert_eq!(identity(one).expect("open"), identity(other).expect("open"));
    };
    same("two", "a/b");
    same("two/../b/./", "a/b");
    assert!(Folder::open(&scene.0.join("loop"), Trust::own()).is_err());
    symlink("one/b/new", scene.0.join("file")).expect("link");
    let (folder, name) = Folder::of(&scene.0.join("file"), Trust::own()).expect("place");
    assert_eq!(name, "new");
    folder.create_file(&name, 0o600).expect("create");
    assert!(scene.0.join("a/b/new").exists());
    let made = Folder::open_or_make(&scene.0.join("one/x/y"), Trust::own(), 0o700).expect("make");
    assert_eq!(made.mode().expect("stat"), 0o700);
    assert!(scene.0.join("a/x/y").is_dir());
    assert!(Folder::of(Path::new("/"), Trust::own()).is_err());
}
