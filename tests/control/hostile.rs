//! Clients of the control socket that do not behave.

use crate::harness::server::{A, Server};
use platform::{Channel, Folder, Received, Trust, WhenNone};
use testing::run::until;

#[test]
fn nobody_keeps_the_recorder_from_its_work() {
    let server = Server::new();
    let mut session = server.measured(&[]);
    let [run] = &server.runs()[..] else { panic!("one run") };
    let run = Folder::open(run, Trust::own()).unwrap();
    let connect = || Channel::connect(&run, "control", Trust::own()).unwrap();

    // What is no message ends the conversation.
    let too_long = vec![b'['; 64 * 1024];
    for nonsense in [&b"\"Stat"[..], b"{}", b"\"Reboot\"", b"\xff\xfe\0", b"null", &too_long] {
        let client = connect();
        assert!(client.send(nonsense, None).unwrap());
        assert!(matches!(client.receive(WhenNone::Wait), Ok(Received::Closed)), "{nonsense:?}");
    }
    // A descriptor that comes along is of no use.
    let client = connect();
    let file = std::fs::File::open("/dev/zero").unwrap();
    assert!(client.send(b"\"Flush\"", Some(std::os::fd::AsFd::as_fd(&file))).unwrap());
    assert!(matches!(client.receive(WhenNone::Wait), Ok(Received::Message(text, None)) if text == b"\"Flushed\""));

    // Many who say nothing, and many who ask and ask without listening.
    let silent: Vec<Channel> = (0..40).map(|_| connect()).collect();
    let deaf: Vec<Channel> = (0..40).map(|_| connect()).collect();
    for client in &deaf {
        while matches!(client.send(b"\"Status\"", None), Ok(true)) {}
    }
    session.send("a");
    session.expect("a");
    server.says(&["flush"]);
    assert!(server.ran(A));
    assert!(server.says(&["status"]).contains(&session.process_named("server").to_string()));
    drop((silent, deaf));

    // Ending without waiting for the answer changes nothing.
    assert!(connect().send(b"\"Status\"", None).unwrap());
    assert!(connect().send(b"\"Flush\"", None).unwrap());
    server.says(&["status"]);
    assert!(connect().send(b"\"Detach\"", None).unwrap());
    until(|| server.runs().is_empty());
    session.end_input();
    assert!(session.status().success());
    assert!(server.process().complete);
}
