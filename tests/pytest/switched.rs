//! Each test has exactly what it runs, however pytest is run and measured.

use super::project::{Project, with_plugin};
use crate::harness::check::COV_TRACE;
use crate::harness::command::attach;
use crate::harness::session::Session;
use std::collections::BTreeSet;
use std::process::Command;

/// What an ordinary user has, and who reaches wherever the tests are built.
const USER: [&str; 6] = [
    "setpriv",
    "--reuid=65534",
    "--regid=65534",
    "--clear-groups",
    "--inh-caps=+dac_override",
    "--ambient-caps=+dac_override",
];

/// Root without the capabilities that cov-trace makes use of.
const CONTAINER: [&str; 3] =
    ["setpriv", "--bounding-set=-sys_admin,-sys_ptrace,-sys_nice", "--inh-caps=-sys_admin,-sys_ptrace,-sys_nice"];

#[track_caller]
fn each_test_has_its_own(project: &Project) {
    let has = |label: &str, functions: &[&str]| {
        assert_eq!(project.functions_of(label), functions.iter().copied().collect::<BTreeSet<_>>(), "{label}");
    };
    has("test_native.py::test_one", &["shared", "one", "fixture"]);
    has("test_native.py::test_two[<b>]", &["shared", "two"]);
    has("test_native.py::test_two[a b]", &["shared", "two"]);
    has("test_native.py::test_child", &["of_child"]);
    has("", &["collected", "between", "finished"]);
}

#[test]
fn of_a_launched_pytest() {
    let project = Project::new();
    let said = project.measured(&[], &[]);
    assert!(said.stdout.contains("2 failed, 2 passed in") && said.stderr.is_empty(), "{said:?}");
    each_test_has_its_own(&project);
}

#[test]
fn of_the_workers_of_xdist() {
    let project = Project::new();
    let said = project.measured(&[], &["-n", "2"]);
    assert!(said.stdout.contains("2 failed, 2 passed in"), "{said:?}");
    each_test_has_its_own(&project);
}

#[test]
fn of_a_shell_that_was_attached_to() {
    let project = Project::new();
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "echo ready; read word; \"$@\" > log 2>&1; echo ended; read word", "sh"])
        .args(Project::pytest(&["-q"]));
    with_plugin(&mut shell);
    let mut session = Session::start(project.path(), shell);
    session.expect("ready");
    let data = project.path().join(".cov-trace");
    let native = project.path().join("native.c");
    let attached = attach(&[session.pid], &["--include", native.to_str().unwrap()], &data).unwrap();
    session.send("\n");
    session.expect("ended");
    attached.detach("TERM").unwrap();
    session.send("\n");
    each_test_has_its_own(&project);
}

#[test]
fn as_an_ordinary_user_and_as_the_root_of_a_container() {
    for rights in [&USER[..], &CONTAINER] {
        let project = Project::new();
        let folder = project.path().join(".cov-trace");
        let cache = format!("XDG_CACHE_HOME={}", project.path().join("cache").display());
        let words = [rights, &["env", &cache, COV_TRACE, "-q", "--include", "native.c", "--"]].concat();
        let words = words.into_iter().map(str::to_owned).chain(Project::pytest(&[]));
        let said = project.run(&words.collect::<Vec<_>>());
        assert!(said.stdout.contains("2 failed, 2 passed in"), "{said:?}");
        assert!(folder.exists());
        each_test_has_its_own(&project);
    }
}

#[test]
fn ids_of_any_characters_do_no_harm() {
    let conftest = "\
import ctypes, os, pytest
native = ctypes.CDLL(os.path.abspath('native.so'))
NAMES = ['<script>alert(1)</script>', 'two\\nlines', 'nul\\0', 'not UTF-8 \\udcff', '\\u00e4' * 5000 + '1',
         '\\u00e4' * 5000 + '2', ' ', 'x' * 10240]

class Odd(pytest.Item):
    def runtest(self):
        native.one()

class Odds(pytest.File):
    def collect(self):
        for name in NAMES:
            yield Odd.from_parent(self, name=name)

def pytest_collect_file(file_path, parent):
    if file_path.name == 'native.c':
        return Odds.from_parent(parent, path=file_path)
";
    let project = Project::with("", conftest);
    let said = project.measured(&[], &["-q", "--tb=short"]);
    assert!(said.status.success() && said.stdout.contains("8 passed in"), "{said:?}");
    let labels = project.labels();
    for name in ["<script>alert(1)</script>", "two\nlines", "nul\\x00", "not UTF-8 \\udcff", " "] {
        let label = format!("native.c::{name}");
        assert!(labels.contains(&label), "{label:?} of {labels:?}");
        assert_eq!(project.functions_of(&label), ["one"].into());
    }
    let long: Vec<&String> = labels.iter().filter(|label| label.len() > 4000).collect();
    assert!(long.len() == 3 && long.iter().all(|label| label.len() <= 4096), "{long:?}");
}
