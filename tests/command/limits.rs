//! Resource limits of the shell in which cov-trace is started: the program has them as bare, and they do not end us.

use crate::harness::build;
use crate::harness::check::{COV_TRACE, measured, under_cov_trace};
use crate::harness::command::mark;
use crate::harness::sample::Sample;
use std::path::Path;
use std::process::Command;
use testing::run::{CACHE, Outcome, to_end};

/// Limits as a shell takes them (KiB, seconds, numbers), and whether they leave enough to measure a small program.
const LIMITS: [(&str, bool); 19] = [
    ("-f 0", false),
    ("-f 8", false),
    ("-f 1000", false),
    ("-f 1024", true),
    ("-S -f 8", true),
    ("-n 12", false),
    ("-n 16", false),
    ("-n 20", true),
    ("-n 32", true),
    ("-S -n 20", true),
    ("-v 1000000", true),
    ("-S -v 1000000", true),
    ("-u 1", false),
    ("-u 8", false),
    ("-c 0", true),
    ("-s 2048", true),
    ("-l 0", true),
    ("-S -t 5", true),
    ("-d 100000", true),
];

/// Runs a command under limits, as a user who may not exceed them, but reaches wherever the tests are built.
fn limited(limit: &str, folder: &Path, command: &Command) -> Outcome {
    let mut shell = Command::new("setpriv");
    shell.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
    shell.args(["--inh-caps=+dac_override", "--ambient-caps=+dac_override", "bash", "-c"]);
    shell.arg(format!("ulimit {limit}; exec \"$@\"")).arg("limited");
    shell.arg(command.get_program()).args(command.get_args()).env(CACHE, folder.join("cache"));
    to_end(&mark(), folder, &mut shell)
}

#[test]
fn it_is_measured_or_told_and_ends_as_bare() {
    let sample = Sample::load("process/plain");
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    let program = build::program(&sample, &sample.builds[0]);
    let mut complaints = Vec::new();
    for (number, (limit, enough)) in LIMITS.into_iter().enumerate() {
        let data = folder.path().join(number.to_string());
        let bare = limited(limit, folder.path(), &Command::new(&program));
        let traced = limited(limit, folder.path(), &under_cov_trace(&data, &program));
        let faults = if data.exists() { measured(&sample, &data) } else { vec!["no data".to_owned()] };
        let told = traced.stderr.contains("cov-trace: ") && !traced.stderr.contains("panicked");
        let right = faults.is_empty() || (told && !enough);
        if (traced.status, &traced.stdout) != (bare.status, &bare.stdout) || !right {
            complaints.push(format!("{limit}: {bare:?}, {traced:?}; {faults:?}"));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn the_program_has_its_limits_and_dispositions_as_bare() {
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    let mut looks = Command::new("grep");
    looks.args(["-h", "-e", "Max", "-e", "SigIgn", "-e", "SigBlk", "/proc/self/limits", "/proc/self/status"]);
    for (number, (limit, _)) in LIMITS.into_iter().enumerate() {
        let mut traced = under_cov_trace(&folder.path().join(number.to_string()), looks.get_program().as_ref());
        traced.args(looks.get_args());
        let bare = limited(limit, folder.path(), &looks);
        assert!(bare.stdout.contains("Max file size"), "{bare:?}");
        let traced = limited(limit, folder.path(), &traced);
        assert_eq!((traced.status, traced.stdout), (bare.status, bare.stdout), "{limit}");
    }
}

#[test]
fn what_is_too_large_ends_no_command_by_a_signal() {
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    let mut writes = Command::new(COV_TRACE);
    writes.args(["man", "-o"]).arg(folder.path().join("pages"));
    let outcome = limited("-f 1", folder.path(), &writes);
    assert!(outcome.status.code() == Some(1) && outcome.stderr.contains("large"), "{outcome:?}");
}
