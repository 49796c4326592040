//! What is known of a process besides its lines: the programs it ran, and what could not be measured.

use crate::harness::build;
use crate::harness::check::under_cov_trace;
use crate::harness::command::mark;
use crate::harness::measured::{self, Process};
use crate::harness::sample::Sample;
use std::path::PathBuf;
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
