//! The check of a process' text can fail.

use crate::harness::build;
use crate::harness::sample::Sample;
use crate::harness::session::Session;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::process::Command;
use testing::text::compare;

#[test]
fn one_byte_that_is_another_is_found() {
    let sample = Sample::load("attach/lines");
    let program = build::program(&sample, &sample.builds[0]);
    let session = Session::start(&build::output(), Command::new(&program));
    session.expect("ready");
    let before = compare(session.pid).unwrap();
    assert!(before.bytes > 1000 && before.differences.is_empty());
    let maps = std::fs::read_to_string(format!("/proc/{}/maps", session.pid)).unwrap();
    let text = maps.lines().find(|line| line.contains("r-xp") && line.ends_with("/lines")).unwrap();
    let start = u64::from_str_radix(text.split('-').next().unwrap(), 16).unwrap();
    let memory = File::options().write(true).open(format!("/proc/{}/mem", session.pid)).unwrap();
    memory.write_all_at(&[0xcc], start + 1).unwrap();
    let differences = compare(session.pid).unwrap().differences;
    assert_eq!(differences.len(), 1);
    assert!(differences[0].ends_with("is cc"), "{differences:?}");
}
