//! Whoever lacks CAP_SYS_PTRACE (an ordinary user, the root of a default container) is kept out of the memory of a
//! program that is not dumpable, and may not open files through mappings, which must not harm the program.

use crate::harness::build;
use crate::harness::check::{COV_TRACE, in_new_folder, measured};
use crate::harness::run::Mark;
use crate::harness::sample::Sample;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// Runs a sample bare and traced, both with what `setpriv` takes away, and compares.
fn behaves_and_is_measured(name: &str, setpriv: &[&str]) {
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
    let mark = Mark::new();
    let bare = in_new_folder(&mark, &mut command(&[&program]));
    let [quiet, to, end] = ["-q", "--data", "--"].map(Path::new);
    let traced = in_new_folder(&mark, &mut command(&[&tracer, quiet, to, &data, end, &program]));
    assert_eq!(bare, traced);
    assert_eq!(measured(&sample, &data), Vec::<String>::new());
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
fn copies_of_code_in_shared_memory_of_a_container() {
    behaves_and_is_measured("image/copied_shared", &CONTAINER);
}

#[test]
fn copies_of_code_in_shared_memory_of_a_user() {
    behaves_and_is_measured("image/copied_shared", &USER);
}
