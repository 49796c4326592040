//! System calls that block do not notice that somebody attaches or lets go: none of them returns.

use super::scene::{Scene, threads};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::Command;
use testing::run::LIMIT;

/// Cycles of attaching and letting go; the bench of services has a thousand.
const CYCLES: usize = 20;

#[test]
fn none_of_many_returns() {
    let mut scene = Scene::start("attach/blocked");
    scene.session.expect("45 calls block");
    let before = threads(scene.pid());
    assert_eq!(before.len(), 46);
    let attached = scene.attach();
    scene.ask("r", &["0 have returned"]);
    scene.let_go(attached);
    scene.ask("r", &["0 have returned"]);
    let attached = scene.attach();
    scene.ask("r", &["0 have returned"]);
    scene.let_go(attached);
    scene.ask("r", &["0 have returned"]);
    assert_eq!(threads(scene.pid()), before);
    scene.end();
}

#[test]
fn threads_of_a_service_sleep_on() {
    // A path of a socket must be short, which one below the target directory may not be.
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    let mut scene = Scene::start_as("attach/epoll_service", |program, _| {
        let mut command = Command::new(program);
        command.arg(&socket);
        command
    });
    scene.session.expect("ready");
    let mut client = UnixStream::connect(&socket).unwrap();
    client.set_read_timeout(Some(LIMIT)).unwrap();
    let mut ask = |letter: &str| {
        client.write_all(letter.repeat(8).as_bytes()).unwrap();
        let mut answer = [0; 8];
        client.read_exact(&mut answer).unwrap();
        assert_eq!(answer, letter.repeat(8).as_bytes());
    };
    for _ in 0..CYCLES {
        let attached = scene.attach();
        ask("a");
        scene.let_go(attached);
        ask("b");
    }
    assert_eq!(threads(scene.pid()).len(), 17);
    scene.ask("?", &["0 interrupted, 0 spurious"]);
    scene.end();
}
