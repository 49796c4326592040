//! A tracer without CAP_SYS_PTRACE (an ordinary user, the root of a default container) is kept out of the memory of a
//! program that is not dumpable, and may not open files through mappings, which must not harm the program.

use crate::harness::build;
use crate::harness::check::{COV_TRACE, in_new_folder, measured};
use crate::harness::command::mark;
use crate::harness::measured::{Process, processes};
use crate::harness::sample::Sample;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// Runs a sample bare and traced, both with what `setpriv` takes away, and compares.
fn behaves_and_is_measured(name: &str, setpriv: &[&str]) {
    let (sample, folder) = behaves(name, setpriv);
    assert_eq!(measured(&sample, &folder.path().join("data")), Vec::<String>::new());
}

/// The same for a sample whose child nobody can look into.
fn behaves_and_is_measured_but_for_a_child(name: &str, setpriv: &[&str]) {
    let (sample, folder) = behaves(name, setpriv);
    let processes = processes(&folder.path().join("data"));
    let is_closed = |process: &&Process| process.warnings.iter().any(|warning| warning.slug == "memory-closed");
    let (closed, open): (Vec<&Process>, Vec<&Process>) = processes.iter().partition(is_closed);
    let last = fs::read_to_string(&sample.main).unwrap().lines().count() as u32;
    let ran = |process: &Process| (1..=last).any(|line| process.ran(&sample.main, line));
    assert_eq!((open.len(), closed.len()), (1, 2));
    assert!(ran(open[0]) && !closed.into_iter().any(ran));
}

/// Gives the sample, and the folder with what was measured in `data`.
fn behaves(name: &str, setpriv: &[&str]) -> (Sample, tempfile::TempDir) {
    let sample = Sample::load(name);
    // Copies where a user without rights finds them.
    let folder = tempfile::tempdir().unwrap();
    let copied = |path: &Path, name: &str| {
        let copy = folder.path().join(name);
        fs::copy(path, &copy).unwrap();
        copy
    };
    let tracer = copied(Path::new(COV_TRACE), "cov-trace");
    let program = copied(&build::program(&sample, &sample.builds[0]), "program");
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    for path in [folder.path(), &tracer, &program, &data] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
    }
    let command = |words: &[&Path]| {
        let mut command = Command::new("setpriv");
        command.args(setpriv).args(words);
        command
    };
    let mark = mark();
    let bare = in_new_folder(&mark, &mut command(&[&program]));
    let [quiet, to, end] = ["-q", "--data", "--"].map(Path::new);
    let traced = in_new_folder(&mark, &mut command(&[&tracer, quiet, to, &data, end, &program]));
    assert_eq!(bare, traced);
    (sample, folder)
}

const CONTAINER: [&str; 2] =
    ["--bounding-set=-sys_admin,-sys_ptrace,-sys_nice", "--inh-caps=-sys_admin,-sys_ptrace,-sys_nice"];
const USER: [&str; 4] = ["--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all"];

#[test]
fn an_undumpable_program_of_a_container() {
    behaves_and_is_measured("environment/undumpable", &CONTAINER);
}

#[test]
fn an_undumpable_program_of_a_user() {
    behaves_and_is_measured("environment/undumpable", &USER);
}

#[test]
fn a_filtered_undumpable_program_of_a_container() {
    behaves_and_is_measured_but_for_a_child("environment/undumpable_filtered", &CONTAINER);
}

#[test]
fn a_filtered_undumpable_program_of_a_user() {
    behaves_and_is_measured_but_for_a_child("environment/undumpable_filtered", &USER);
}

#[test]
fn copies_of_code_in_shared_memory_of_a_container() {
    behaves_and_is_measured("image/copied_shared", &CONTAINER);
}

#[test]
fn copies_of_code_in_shared_memory_of_a_user() {
    behaves_and_is_measured("image/copied_shared", &USER);
}
