//! The programs under comparison, how each is run, and running them.
//!
//! Invariant: every run of a subject sees the same arguments, input, directory and address-space layout.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// One program of `tests/bench/truth/build`.
pub struct Subject {
    pub name: &'static str,
    /// Directory of its sources under the build's output.
    pub sources: &'static str,
    pub runs: &'static [Run],
}

/// One run of a subject; `{scripts}` in arguments stands for the subject's script directory.
pub struct Run {
    pub args: &'static [&'static str],
    /// File of the script directory that is its standard input.
    pub input: Option<&'static str>,
    pub directory: Directory,
}

/// Where a run is started.
pub enum Directory {
    Scripts,
    /// An empty directory of its own.
    Scratch,
}

/// What a run showed to the outside.
#[derive(PartialEq, Eq)]
pub struct Shown {
    pub status: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

const fn script(args: &'static [&'static str], input: Option<&'static str>) -> Run {
    Run { args, input, directory: Directory::Scripts }
}

/// Every subject, in the order in which they are reported.
pub const SUBJECTS: &[Subject] = &[
    Subject {
        name: "lua",
        sources: "lua-source/src",
        runs: &[
            script(&["main.lua"], None),
            script(&["fails.lua"], None),
            script(&["-v", "-W", "-e", "local x = 1; print(x + 1)", "-l", "module", "-", "a", "b"], Some("module.lua")),
            script(&["-i", "-e", "_PROMPT = '> '"], Some("typed.txt")),
            script(&["-x"], None),
        ],
    },
    Subject {
        name: "sqlite3",
        sources: "sqlite-amalgamation",
        runs: &[
            script(&[":memory:"], Some("main.sql")),
            Run { args: &["disk.db"], input: Some("disk.sql"), directory: Directory::Scratch },
            script(&["-header", "-csv", ":memory:", "SELECT 1 AS one, 'two'"], None),
            script(&["-no-such-option"], None),
        ],
    },
];

impl Subject {
    /// The executable that `tests/bench/truth/build` made of it.
    pub fn executable(&self, built: &Path, variant: &str) -> PathBuf {
        built.join(format!("{}-{variant}", self.name)).join(self.name)
    }

    /// Runs it every way it is run, each time through `prefix` (the words of a command that takes the program's as its last).
    ///
    /// # Errors
    /// When a program cannot be started or a file cannot be read.
    pub fn run(&self, built: &Path, variant: &str, prefix: &dyn Fn(usize) -> Vec<String>) -> io::Result<Vec<Shown>> {
        let scripts =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bench/truth").join(self.name.trim_end_matches('3'));
        let mut shown = Vec::new();
        for (number, run) in self.runs.iter().enumerate() {
            let directory = match run.directory {
                Directory::Scripts => scripts.clone(),
                Directory::Scratch => empty(&built.join("scratch"))?,
            };
            // The same addresses every time: where memory lies decides which lines a hash of pointers runs.
            let mut command = Command::new("setarch");
            command.arg("-R").args(prefix(number)).arg(self.executable(built, variant)).args(run.args);
            command.current_dir(directory).env_remove("LUA_INIT").env("TZ", "UTC").env("LC_ALL", "C");
            if let Some(input) = run.input {
                command.stdin(File::open(scripts.join(input))?);
            } else {
                command.stdin(File::open("/dev/null")?);
            }
            let Output { status, stdout, stderr } = command.output()?;
            shown.push(Shown { status: status.code(), stdout, stderr });
        }
        Ok(shown)
    }
}

/// Makes `directory` an empty one.
///
/// # Errors
/// When it cannot be removed or created.
pub fn empty(directory: &Path) -> io::Result<PathBuf> {
    if directory.exists() {
        fs::remove_dir_all(directory)?;
    }
    fs::create_dir_all(directory)?;
    Ok(directory.to_owned())
}
