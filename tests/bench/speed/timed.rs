//! Running programs bare and measured, in turns, and timing them.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;
use testing::bench::median;

/// How a program is run.
#[derive(Clone)]
pub enum How {
    /// As it is.
    Bare,
    /// Under cov-trace, with these options.
    Traced(Vec<String>),
    /// Under kcov, the fastest way it has.
    Kcov,
}

impl How {
    /// Under cov-trace, with these options.
    pub fn traced(options: &[&str]) -> Self {
        How::Traced(options.iter().map(|option| (*option).to_owned()).collect())
    }
}

/// Where programs are run, and with what.
pub struct Stage {
    /// The target directory.
    pub target: PathBuf,
    scratch: PathBuf,
}

impl Stage {
    /// A place for data in the target directory.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(target: &Path) -> Result<Self, String> {
        let scratch = target.join("bench/stage");
        fs::create_dir_all(&scratch).map_err(|error| format!("{}: {error}", scratch.display()))?;
        Ok(Stage { target: target.to_owned(), scratch })
    }

    /// The data directory of what is measured.
    pub fn data(&self) -> PathBuf {
        self.scratch.join("data")
    }

    /// An empty data directory.
    ///
    /// # Errors
    /// When what is there cannot be removed.
    pub fn clear(&self) -> Result<(), String> {
        match fs::remove_dir_all(self.data()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(format!("clear the data: {error}")),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// The command that runs a program, one of the target directory if it has a slash, with what it reads.
    ///
    /// # Errors
    /// When what it reads cannot be opened.
    pub fn command(&self, how: &How, line: &[&str], input: Option<&str>) -> Result<Command, String> {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
        let program: OsString = if line[0].contains('/') { self.target.join(line[0]).into() } else { line[0].into() };
        let mut command = match how {
            How::Bare => Command::new(&program),
            How::Traced(options) => {
                let mut command = Command::new(env!("CARGO_BIN_EXE_cov-trace"));
                command.arg("-q").args(options).arg("--data").arg(self.data()).arg("--").arg(&program);
                command
            }
            How::Kcov => {
                let mut command = Command::new("kcov");
                command.arg("--collect-only").arg(self.data()).arg(&program);
                command
            }
        };
        let input = input.map_or("/dev/null".into(), |input| repository.join(input));
        let input = File::open(&input).map_err(|error| format!("{}: {error}", input.display()))?;
        command.args(&line[1..]).current_dir(repository).stdin(input).stdout(Stdio::piped()).stderr(Stdio::null());
        Ok(command)
    }

    /// What a program prints.
    ///
    /// # Errors
    /// When it cannot be run or fails.
    pub fn output(&self, how: &How, line: &[&str], input: Option<&str>) -> Result<String, String> {
        self.clear()?;
        let output = self.command(how, line, input)?.output().map_err(|error| format!("{line:?}: {error}"))?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(format!("{line:?}: {}", output.status))
        }
    }

    /// Seconds that a program takes.
    ///
    /// # Errors
    /// When it cannot be run or fails.
    pub fn seconds(&self, how: &How, line: &[&str], input: Option<&str>) -> Result<f64, String> {
        self.clear()?;
        let mut command = self.command(how, line, input)?;
        command.stdout(Stdio::null());
        let start = Instant::now();
        let status = command.status().map_err(|error| format!("{line:?}: {error}"))?;
        let seconds = start.elapsed().as_secs_f64();
        if status.success() { Ok(seconds) } else { Err(format!("{line:?}: {status}")) }
    }

    /// Median seconds of a program run in each of some ways, in turns; the first turn fills caches and is not counted.
    ///
    /// # Errors
    /// When it cannot be run or fails.
    pub fn in_turns(
        &self,
        ways: &[How],
        line: &[&str],
        input: Option<&str>,
        rounds: usize,
    ) -> Result<Vec<f64>, String> {
        let mut seconds = vec![Vec::new(); ways.len()];
        for round in 0..=rounds {
            for (way, seconds) in ways.iter().zip(&mut seconds) {
                let took = self.seconds(way, line, input)?;
                if round > 0 {
                    seconds.push(took);
                }
            }
        }
        Ok(seconds.into_iter().map(|seconds| median(&seconds)).collect())
    }
}
