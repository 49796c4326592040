//! TERM and HUP to cov-trace reach the program.

use crate::harness::check::under_cov_trace;
use crate::harness::sample::Sample;
use crate::harness::session::Session;
use crate::harness::{build, measured};

fn forwarded(name: &str, number: i32) {
    let sample = Sample::load("process/server");
    let program = build::program(&sample, &sample.builds[0]);
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    let data = folder.path().join("data");
    let session = Session::start(folder.path(), under_cov_trace(&data, &program));
    session.expect("ready");
    session.signal(name);
    session.expect(&format!("signal {number}"));
    session.expect_end_of_output();
    assert_eq!(session.status().code(), Some(100 + number));
    assert!(measured::processes(&data)[0].complete);
}

#[test]
fn term_is_forwarded() {
    forwarded("TERM", 15);
}

#[test]
fn hup_is_forwarded() {
    forwarded("HUP", 1);
}
