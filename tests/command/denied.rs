//! Where the kernel, or a seccomp filter, refuses a system call: everybody ends, the program as it would without us, and it
//! is measured or cov-trace says why not.

use crate::harness::build;
use crate::harness::check::{COV_TRACE, measured, under_cov_trace};
use crate::harness::command::mark;
use crate::harness::sample::Sample;
use crate::harness::session::Session;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use testing::run::{Outcome, to_end};

/// What an old container runtime and an old kernel answer.
const ERRNOS: [(&str, &str); 2] = [("EPERM", "1"), ("ENOSYS", "38")];

/// Calls without which nothing can be measured; threads are made without clone3 only where the kernel has none.
const NEEDED: [(&str, &str); 13] = [
    ("EPERM", "clone"),
    ("ENOSYS", "clone"),
    ("EPERM", "clone3"),
    ("EPERM", "flock"),
    ("ENOSYS", "flock"),
    ("EPERM", "pipe2"),
    ("ENOSYS", "pipe2"),
    ("EPERM", "ptrace"),
    ("ENOSYS", "ptrace"),
    ("EPERM", "signalfd4"),
    ("ENOSYS", "signalfd4"),
    ("EPERM", "socketpair"),
    ("ENOSYS", "socketpair"),
];

/// How many are tried at the same time.
const AT_ONCE: usize = 4;

/// The program that refuses.
static REFUSE: LazyLock<PathBuf> = LazyLock::new(|| {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/command/refuse.c");
    let program = build::output().join("refuse");
    let built = Command::new("cc").arg("-O1").arg("-o").arg(&program).arg(source).status().unwrap();
    assert!(built.success());
    program
});

/// A command under a filter.
fn refusing(call: &str, errno: &str, command: &Command) -> Command {
    let mut refusing = Command::new(&*REFUSE);
    refusing.args([errno, call]).arg(command.get_program()).args(command.get_args());
    refusing
}

/// Every call with every errno, in as many parts as are tried at the same time.
fn matrix() -> Vec<Vec<(String, &'static str, &'static str)>> {
    let listed = Command::new(&*REFUSE).arg("--list").output().unwrap().stdout;
    let calls: Vec<String> = String::from_utf8(listed).unwrap().lines().map(str::to_owned).collect();
    assert!(calls.len() > 50);
    let mut parts = vec![Vec::new(); AT_ONCE];
    for (number, call) in calls.iter().enumerate() {
        parts[number % AT_ONCE].extend(ERRNOS.map(|(name, errno)| (call.clone(), name, errno)));
    }
    parts
}

/// Runs `each` for every part of the matrix and gives all that it complains of.
fn complaints(each: impl Fn(&[(String, &'static str, &'static str)]) -> Vec<String> + Sync) -> Vec<String> {
    let parts = matrix();
    std::thread::scope(|scope| {
        let running: Vec<_> = parts.iter().map(|part| scope.spawn(|| each(part))).collect();
        running.into_iter().flat_map(|part| part.join().unwrap()).collect()
    })
}

fn is_told(outcome: &Outcome) -> bool {
    outcome.stderr.lines().any(|line| line.starts_with("cov-trace: ")) && !outcome.stderr.contains("panicked")
}

#[test]
fn a_launched_program_ends_as_bare_and_is_measured_or_it_is_told() {
    let sample = Sample::load("process/plain");
    let program = build::program(&sample, &sample.builds[0]);
    let complaints = complaints(|part| {
        let mut complaints = Vec::new();
        for (call, name, errno) in part {
            let folder = tempfile::tempdir_in(build::output()).unwrap();
            let data = folder.path().join("data");
            let mut command = refusing(call, errno, &under_cov_trace(&data, &program));
            let outcome = to_end(&mark(), folder.path(), &mut command);
            let faults = if data.exists() { measured(&sample, &data) } else { vec!["no data".to_owned()] };
            let excused = is_told(&outcome) && NEEDED.contains(&(*name, call.as_str()));
            if (outcome.status.code(), outcome.stdout.as_str()) != (Some(6), "sum 6\n")
                || !(faults.is_empty() || excused)
            {
                complaints.push(format!("{call} {name}: {outcome:?}; {faults:?}"));
            }
        }
        complaints
    });
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn a_running_program_is_measured_and_goes_on_or_it_is_told() {
    let sample = Sample::load("process/server");
    let program = build::program(&sample, &sample.builds[0]);
    let complaints = complaints(|part| {
        let folder = tempfile::tempdir_in(build::output()).unwrap();
        let data = folder.path().join("data");
        let mut server = Session::start(folder.path(), Command::new(&program));
        server.expect("ready");
        let mut complaints = Vec::new();
        for (call, name, errno) in part {
            let mut attach = Command::new(COV_TRACE);
            attach.args(["attach", "-q", "--for=1ms", "--data"]).arg(&data).arg(server.pid.to_string());
            let outcome = to_end(&mark(), folder.path(), &mut refusing(call, errno, &attach));
            let excused = is_told(&outcome) && NEEDED.contains(&(*name, call.as_str()));
            if !outcome.status.success() && !excused {
                complaints.push(format!("{call} {name}: {outcome:?}"));
            }
            server.send("a");
            server.expect("a");
        }
        server.end_input();
        assert!(server.status().success());
        complaints
    });
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
