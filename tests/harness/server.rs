//! The sample of a service, measured and asked about.

use super::build;
use super::check::COV_TRACE;
use super::command::mark;
use super::measured::{self, Process};
use super::sample::Sample;
use super::session::Session;
use std::path::{Path, PathBuf};
use std::process::Command;
use testing::run::{Outcome, to_end};

/// The line that tells that it is ready.
pub const READY: &str = "dprintf(1, \"ready\\n\")";
/// The line that it runs for an `a`.
pub const A: &str = "dprintf(1, \"a\\n\")";
/// The line that it runs for a `b`.
pub const B: &str = "dprintf(1, \"b\\n\")";

/// A service that reads letters, and where its measurements go.
pub struct Server {
    /// The sample that it is.
    pub sample: Sample,
    /// The program.
    pub program: PathBuf,
    /// Where it runs.
    pub folder: tempfile::TempDir,
    /// Where its measurements go.
    pub data: PathBuf,
}

impl Server {
    pub fn new() -> Server {
        let sample = Sample::load("process/server");
        let program = build::program(&sample, &sample.builds[0]);
        let folder = tempfile::tempdir_in(build::output()).unwrap();
        let data = folder.path().join("data");
        Server { sample, program, folder, data }
    }

    /// Starts it under cov-trace, with options of the measurement.
    pub fn measured(&self, options: &[&str]) -> Session {
        let mut command = Command::new(COV_TRACE);
        command.args(["-q", "--data"]).arg(&self.data).args(options).arg("--").arg(&self.program);
        let session = Session::start(self.folder.path(), command);
        session.expect("ready");
        session
    }

    /// Starts it alone.
    pub fn bare(&self) -> Session {
        let session = Session::start(self.folder.path(), Command::new(&self.program));
        session.expect("ready");
        session
    }

    /// Runs a command on the measurements to its end.
    pub fn command(&self, words: &[&str]) -> Outcome {
        let mut command = Command::new(COV_TRACE);
        command.args(words).arg("--data").arg(&self.data);
        to_end(&mark(), self.folder.path(), &mut command)
    }

    /// What a command prints that has nothing to complain of.
    #[track_caller]
    pub fn says(&self, words: &[&str]) -> String {
        let outcome = self.command(words);
        assert!(outcome.status.success() && outcome.stderr.is_empty(), "{words:?}: {outcome:?}");
        outcome.stdout
    }

    /// What a command complains of that fails with status 1.
    #[track_caller]
    pub fn complains(&self, words: &[&str]) -> String {
        let outcome = self.command(words);
        assert!(outcome.status.code() == Some(1) && outcome.stdout.is_empty(), "{words:?}: {outcome:?}");
        outcome.stderr
    }

    /// The only process that was measured.
    #[track_caller]
    pub fn process(&self) -> Process {
        let mut processes = measured::processes(&self.data);
        assert_eq!(processes.len(), 1);
        processes.remove(0)
    }

    /// Whether some process ran the line that has this text, as far as files tell.
    pub fn ran(&self, wanted: &str) -> bool {
        let line = self.sample.line_of(wanted);
        let in_files = || measured::processes(&self.data);
        self.data.exists() && in_files().iter().any(|process| process.ran(&self.sample.main, line))
    }

    /// Directories of runs that are under way.
    pub fn runs(&self) -> Vec<PathBuf> {
        runs(&self.data)
    }
}

/// Directories of runs that are under way in a data directory.
pub fn runs(data: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(data).map(|entries| entries.map(|entry| entry.unwrap().path()).collect());
    let mut paths: Vec<PathBuf> = entries.unwrap_or_default();
    paths.retain(|path| path.file_name().unwrap().to_string_lossy().starts_with("run-"));
    paths
}
