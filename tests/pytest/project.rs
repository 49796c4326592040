//! A project of Python whose native code is called by its tests, and pytest with the plugin as pip installs it.

use crate::formats::consumer;
use crate::harness::build::output;
use crate::harness::check::COV_TRACE;
use crate::harness::command::mark;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use testing::run::{Outcome, to_end};

/// Each function is in a line of its own.
const NATIVE: &str = "int collected(void) { return 1; }\nint shared(void) { return 2; }\nint one(void) { return 3; }\n\
                      int two(void) { return 4; }\nint between(void) { return 5; }\nint finished(void) { return 6; }\n\
                      int of_child(void) { return 7; }\nint fixture(void) { return 8; }\n";

/// Calls the native code when tests are collected, between them, and after them.
const CONFTEST: &str = "\
import ctypes, os, pytest
native = ctypes.CDLL(os.path.abspath('native.so'))

class Between:
    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self):
        native.between()
        yield
        native.between()

def pytest_collection_finish(session):
    native.collected()
    session.config.pluginmanager.register(Between())

def pytest_sessionfinish():
    native.finished()
";

/// What a test runs in its set-up, in itself and in its tear-down.
const TESTS: &str = "\
import os, pytest
from conftest import native

@pytest.fixture
def fixture():
    yield
    native.fixture()

def test_one(fixture):
    native.shared()
    native.one()

@pytest.mark.parametrize('text', ['<b>', 'a b'])
def test_two(text):
    native.shared()
    native.two()
    assert False, 'a test that fails is a test'

def test_child():
    child = os.fork()
    if child == 0:
        native.of_child()
        os._exit(0)
    os.waitpid(child, 0)
";

/// A project in a folder of its own.
pub(super) struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    /// The usual one.
    pub fn new() -> Project {
        Project::with(TESTS, CONFTEST)
    }

    /// One with other tests.
    pub fn with(tests: &str, conftest: &str) -> Project {
        let folder = tempfile::tempdir_in(output()).unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("native.c", NATIVE);
        write("conftest.py", conftest);
        write("test_native.py", tests);
        let mut gcc = Command::new("gcc");
        gcc.args(["-g", "-O0", "-shared", "-fPIC", "-o", "native.so", "native.c"]).current_dir(folder.path());
        assert!(gcc.status().unwrap().success());
        Project { folder }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The tests under pytest, as a program and its arguments.
    pub fn pytest(options: &[&str]) -> Vec<String> {
        let python = consumer("pytest", "python").to_str().unwrap().to_owned();
        let words = ["-m", "pytest", "-p", "no:cacheprovider", "--cov-trace"];
        [python].into_iter().chain(words.iter().chain(options).map(|word| (*word).to_owned())).collect()
    }

    /// Runs a command in the project, with the plugin where Python finds it.
    pub fn run(&self, words: &[impl AsRef<std::ffi::OsStr>]) -> Outcome {
        to_end(&mark(), self.path(), with_plugin(Command::new(&words[0]).args(&words[1..])))
    }

    /// The same under cov-trace, which is measured by the native code only.
    pub fn measured(&self, options: &[&str], pytest: &[&str]) -> Outcome {
        let measuring = [&[COV_TRACE, "-q", "--include", "native.c"], options, &["--"]].concat();
        let words = measuring.into_iter().map(str::to_owned).chain(Project::pytest(pytest));
        self.run(&words.collect::<Vec<_>>())
    }

    /// The functions that ran under a label.
    pub fn functions_of(&self, label: &str) -> BTreeSet<&'static str> {
        let names: Vec<&str> = NATIVE.lines().filter_map(|line| line.split([' ', '(']).nth(1)).collect();
        lines_of(self.path(), ".cov-trace", label).into_iter().map(|(_, line)| names[line as usize - 1]).collect()
    }

    /// The labels of all contexts.
    pub fn labels(&self) -> BTreeSet<String> {
        let said = self.run(&[COV_TRACE, "contexts", "--json"]);
        let said: Value = serde_json::from_str(&said.stdout).unwrap();
        let contexts = said["contexts"].as_array().unwrap().iter();
        contexts.map(|context| context["label"].as_str().unwrap().to_owned()).collect()
    }
}

/// The sources and lines that ran under a label; none if there is no such context.
pub(super) fn lines_of(folder: &Path, data: &str, label: &str) -> BTreeSet<(String, u64)> {
    // What another user measured is read as well.
    let asked = ["what", label, "--json", "--trust-owner", "--data", data];
    let said = to_end(&mark(), folder, Command::new(COV_TRACE).args(asked));
    if said.stderr.contains("nothing ran under a context") {
        return BTreeSet::new();
    }
    assert!(said.status.success(), "{said:?}");
    let said: Value = serde_json::from_str(&said.stdout).unwrap();
    let lines = |file: &Value| -> Vec<(String, u64)> {
        let name = file["file"].as_str().unwrap();
        let lines = file["lines"].as_array().unwrap().iter();
        lines.map(|line| (name.to_owned(), line.as_u64().unwrap())).collect()
    };
    said["files"].as_array().unwrap().iter().flat_map(lines).collect()
}

/// Has Python find the plugin, and write nothing beside the sources.
pub(super) fn with_plugin(command: &mut Command) -> &mut Command {
    command.env("PYTHONPATH", plugin()).env("PYTHONDONTWRITEBYTECODE", "1").env_remove("COV_TRACE_DATA")
}

/// Where pip installed the package of this repository. Nothing is left behind beside its sources.
pub(super) fn plugin() -> &'static Path {
    static INSTALLED: OnceLock<PathBuf> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/python");
        let folder = output().join("plugin");
        let _absent = fs::remove_dir_all(&folder);
        let before = names(&sources);
        let mut pip = Command::new(consumer("pytest", "python"));
        pip.args(["-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-index", "--no-deps"]);
        pip.args(["--no-build-isolation", "--no-compile", "--target"]).arg(&folder).arg(&sources);
        let said = to_end(&mark(), &output(), &mut pip);
        assert!(said.status.success(), "{said:?}");
        assert_eq!(names(&sources), before);
        folder
    })
}

fn names(folder: &Path) -> BTreeSet<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}
