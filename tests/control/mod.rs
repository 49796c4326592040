//! Measurements under way, asked and ended by commands, signals and their time.

mod attach;
mod commands;
mod growth;
mod hostile;
mod limits;

use crate::harness::build;
use crate::harness::check::COV_TRACE;
use crate::harness::command::mark;
use crate::harness::measured::{self, Process};
use crate::harness::sample::Sample;
use crate::harness::session::Session;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;
use testing::run::{LIMIT, Outcome, to_end};

/// A service that reads letters, and where its measurements go.
struct Server {
    sample: Sample,
    program: PathBuf,
    folder: tempfile::TempDir,
    data: PathBuf,
}

impl Server {
    fn new() -> Server {
        let sample = Sample::load("process/server");
        let program = build::program(&sample, &sample.builds[0]);
        let folder = tempfile::tempdir_in(build::output()).unwrap();
        let data = folder.path().join("data");
        Server { sample, program, folder, data }
    }

    /// Starts it under cov-trace, with options of the measurement.
    fn measured(&self, options: &[&str]) -> Session {
        let mut command = Command::new(COV_TRACE);
        command.args(["-q", "--data"]).arg(&self.data).args(options).arg("--").arg(&self.program);
        let session = Session::start(self.folder.path(), command);
        session.expect("ready");
        session
    }

    /// Starts it alone.
    fn bare(&self) -> Session {
        let session = Session::start(self.folder.path(), Command::new(&self.program));
        session.expect("ready");
        session
    }

    /// Runs a command on the measurements to its end.
    fn command(&self, words: &[&str]) -> Outcome {
        let mut command = Command::new(COV_TRACE);
        command.args(words).arg("--data").arg(&self.data);
        to_end(&mark(), self.folder.path(), &mut command)
    }

    /// What a command prints that has nothing to complain of.
    #[track_caller]
    fn says(&self, words: &[&str]) -> String {
        let outcome = self.command(words);
        assert!(outcome.status.success() && outcome.stderr.is_empty(), "{words:?}: {outcome:?}");
        outcome.stdout
    }

    /// What a command complains of that fails with status 1.
    #[track_caller]
    fn complains(&self, words: &[&str]) -> String {
        let outcome = self.command(words);
        assert!(outcome.status.code() == Some(1) && outcome.stdout.is_empty(), "{words:?}: {outcome:?}");
        outcome.stderr
    }

    /// The only process that was measured.
    #[track_caller]
    fn process(&self) -> Process {
        let mut processes = measured::processes(&self.data);
        assert_eq!(processes.len(), 1);
        processes.remove(0)
    }

    /// Whether some process ran the line that has this text, as far as files tell.
    fn ran(&self, wanted: &str) -> bool {
        let text = std::fs::read_to_string(&self.sample.main).unwrap();
        let line = text.lines().position(|line| line.contains(wanted)).unwrap() as u32 + 1;
        let in_files = || measured::processes(&self.data);
        self.data.exists() && in_files().iter().any(|process| process.ran(&self.sample.main, line))
    }

    /// Directories of runs that are under way.
    fn runs(&self) -> Vec<PathBuf> {
        runs(&self.data)
    }
}

const A: &str = "dprintf(1, \"a\\n\")";
const B: &str = "dprintf(1, \"b\\n\")";

fn runs(data: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(data).map(|entries| entries.map(|entry| entry.unwrap().path()).collect());
    let mut paths: Vec<PathBuf> = entries.unwrap_or_default();
    paths.retain(|path| path.file_name().unwrap().to_string_lossy().starts_with("run-"));
    paths
}

/// Waits until something is so.
#[track_caller]
fn until(is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < LIMIT, "it never comes to that");
        std::thread::yield_now();
    }
}
