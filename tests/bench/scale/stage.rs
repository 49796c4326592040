//! Where programs are run, bare and measured.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;
use testing::bench;

/// The command that is measured.
pub const COV_TRACE: &str = env!("CARGO_BIN_EXE_cov-trace");

/// Programs to run, and a folder for data that is removed at the end.
pub struct Stage {
    programs: PathBuf,
    folder: tempfile::TempDir,
}

impl Stage {
    /// Builds the programs.
    ///
    /// # Errors
    /// When they cannot be built.
    pub fn new() -> Result<Self, String> {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("..");
        let programs = bench::build("tests/bench/scale/build", &target, &[])?.join("scale");
        let folder = tempfile::tempdir_in(&target).map_err(|error| format!("make a folder: {error}"))?;
        Ok(Stage { programs, folder })
    }

    /// The path of a program.
    pub fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    /// A path for data of a name, where nothing is.
    ///
    /// # Errors
    /// When what is there cannot be removed.
    pub fn fresh(&self, name: &str) -> Result<PathBuf, String> {
        let path = self.folder.path().join(name);
        match std::fs::remove_dir_all(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(format!("{}: {error}", path.display())),
            Ok(()) | Err(_) => Ok(path),
        }
    }

    /// A command that measures a program into a data directory, with a cache of the benchmark's own.
    pub fn traced(&self, options: &[&str], data: &Path, program: &Path, arguments: &[String]) -> Command {
        let mut command = Command::new(COV_TRACE);
        command.arg("-q").args(options).arg("--data").arg(data).arg("--").arg(program).args(arguments);
        command.env("XDG_CACHE_HOME", self.cache()).current_dir(&self.programs);
        command
    }

    /// The folder of the benchmark's own cache.
    pub fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    /// A command that runs a program as it is.
    pub fn bare(&self, program: &Path, arguments: &[String]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.programs);
        command
    }
}

/// Seconds that a command takes.
///
/// # Errors
/// When it cannot be run or fails.
pub fn seconds(command: &mut Command) -> Result<f64, String> {
    let start = Instant::now();
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let seconds = start.elapsed().as_secs_f64();
    let status = status.map_err(|error| format!("{command:?}: {error}"))?;
    if status.success() { Ok(seconds) } else { Err(format!("{command:?}: {status}")) }
}
