//! What is known of a process besides its lines: the programs it ran, and what could not be measured.

use crate::harness::build;
use crate::harness::check::{COV_TRACE, under_cov_trace};
use crate::harness::command::mark;
use crate::harness::measured::{self, Process};
use crate::harness::sample::Sample;
use std::path::{Path, PathBuf};
use std::process::Command;
use testing::run::to_end;

/// The processes of a sample's run, built in the way that is called `variant`, and the program.
fn run(name: &str, variant: &str) -> (PathBuf, Vec<Process>) {
    let sample = Sample::load(name);
    let build = sample.builds.iter().find(|build| build.variant == variant).unwrap();
    let program = build::program(&sample, build);
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    let data = folder.path().join("data");
    to_end(&mark(), folder.path(), &mut under_cov_trace(&data, &program));
    (program, measured::processes(&data))
}

#[test]
fn every_exec_is_recorded() {
    let (program, processes) = run("exec/chain", "");
    assert_eq!(processes.len(), 1);
    assert_eq!(processes[0].programs, vec![program; 4]);
}

#[test]
fn a_child_starts_with_the_program_of_its_parent() {
    let (program, processes) = run("process/vfork_exec", "");
    assert_eq!(processes[0].programs, std::slice::from_ref(&program));
    assert_eq!(processes[1].programs.len(), 2);
    assert_eq!(processes[1].programs[0], program);
}

#[test]
fn programs_without_debug_info_have_no_lines() {
    for variant in ["", "stripped", "32-bit", "32-bit-static"] {
        let (_, processes) = run("image/unmeasured", variant);
        assert_eq!(processes.len(), 2, "{variant}");
        let sources: Vec<_> = processes.iter().flat_map(Process::sources).collect();
        assert!(!sources.iter().any(|source| source.ends_with("unmeasured.c")), "{variant}: {sources:?}");
    }
}

#[test]
fn programs_of_another_architecture_are_warned_of() {
    let (_, processes) = run("image/unmeasured", "32-bit");
    assert!(processes.iter().all(|process| !process.warnings.is_empty()));
}

/// The names of the data files, without that of the run.
fn names(data: &Path) -> Vec<String> {
    let names = std::fs::read_dir(data).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let short = |name: String| {
        Some(format!("{}-{}", name.split('-').next()?, name.strip_suffix(".sqlite")?.rsplit('-').next()?))
    };
    let mut names: Vec<String> = names.filter_map(short).collect();
    names.sort();
    names
}

#[test]
fn processes_in_which_nothing_was_planted_are_in_one_file_and_every_command_sees_them() {
    let sample = Sample::load("process/plain");
    let program = build::program(&sample, &sample.builds[0]);
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    let data = folder.path().join("data");
    let command = |arguments: &[&str]| {
        let outcome = to_end(&mark(), folder.path(), Command::new(COV_TRACE).args(arguments).args(["--data", "data"]));
        outcome.stdout
    };
    let script = format!("for i in 1 2 3; do /bin/true; done; {}; exec /bin/echo", program.display());
    let measure = || {
        let mut measured = under_cov_trace(&data, Path::new("/bin/sh"));
        to_end(&mark(), folder.path(), measured.args(["-c", &script]));
    };
    measure();
    let processes = measured::processes(&data);
    let planted = processes.iter().find(|process| process.programs.last() == Some(&program)).unwrap();
    assert_eq!(
        (processes.len(), names(&data)),
        (5, vec!["0-0".to_owned(), "0-1".to_owned(), format!("{}-4", planted.pid)])
    );
    assert!(processes.iter().all(|process| process.complete && process.end.is_some()));
    let child = processes.iter().find(|process| process.sequence == 2).unwrap().pid.to_string();
    let of_child = command(&["ps", "--pid", &child]);
    assert!(of_child.contains("/bin/true") && !of_child.contains("/bin/echo"), "{of_child}");
    let listed = command(&["ps"]);
    assert!(listed.matches("/bin/true").count() == 3 && listed.contains("/bin/echo"), "{listed}");
    assert!(command(&["report"]).contains("plain.c"));
    command(&["export", "--pid", &child, "-o", "one.sqlite"]);
    let exported = cov_trace::store::read(&folder.path().join("one.sqlite")).unwrap();
    assert_eq!(exported.head.pid.to_string(), child);
    measure();
    let erased = command(&["erase"]);
    assert!(erased.starts_with("erased 10 processes"), "{erased}");
}
