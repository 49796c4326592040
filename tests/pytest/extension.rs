//! An extension that others wrote, with its own tests: what a test runs among others is what it runs alone.

use super::project::{Project, lines_of, with_plugin};
use crate::formats::consumer;
use crate::harness::build::output;
use crate::harness::check::COV_TRACE;
use crate::harness::command::mark;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use testing::run::{Outcome, to_end};

/// Some of simplejson's tests.
const TESTS: &str = "simplejson/tests/test_decimal.py";

/// The garbage collector comes when it likes, and the extension has code for it.
const STILL: &str = "import gc\ngc.disable()\n";

/// Where simplejson is, with its extension and its tests.
fn simplejson() -> PathBuf {
    consumer("pytest", "python").ancestors().nth(2).unwrap().join("simplejson")
}

/// pytest on tests of simplejson; gives what it said.
fn measured(folder: &Path, data: &Path, tests: &str) -> Outcome {
    fs::write(folder.join("still.py"), STILL).unwrap();
    let mut command = Command::new("env");
    command.arg("-C").arg(simplejson()).arg(COV_TRACE).args(["-q", "--include", "simplejson/*.c", "--data"]).arg(data);
    command.arg("--").args(Project::pytest(&["-q", "-p", "still", "--cov-trace-data"])).arg(data).arg(tests);
    with_plugin(&mut command);
    let path = format!("{}:{}", super::project::plugin().display(), folder.display());
    let said = to_end(&mark(), folder, command.env("PYTHONPATH", path));
    assert!(said.status.success() && said.stderr.is_empty() && !said.stdout.contains("warning"), "{said:?}");
    said
}

#[test]
fn a_test_runs_among_others_what_it_runs_alone() {
    let folder = tempfile::tempdir_in(output()).unwrap();
    let all = folder.path().join("all");
    measured(folder.path(), &all, TESTS);
    let mut collect = Command::new("env");
    collect.arg("-C").arg(simplejson()).args(Project::pytest(&["-q", "--collect-only", TESTS]));
    let listed = to_end(&mark(), folder.path(), with_plugin(&mut collect));
    let tests: Vec<&str> = listed.stdout.lines().filter(|line| line.contains("::")).collect();
    assert_eq!(tests.len(), 13, "{listed:?}");
    // Every second one is enough, and takes half the time.
    for (number, test) in tests.into_iter().step_by(2).enumerate() {
        let alone = folder.path().join(number.to_string());
        measured(folder.path(), &alone, test);
        let of = |data: &Path| lines_of(&simplejson(), data.to_str().unwrap(), test);
        let ran = of(&all);
        assert!(ran.len() > 50, "{test}: {ran:?}");
        assert_eq!(ran, of(&alone), "{test}");
    }
}
