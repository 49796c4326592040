//! Where results go.
//!
//! Invariant: a reader of standard output that leaves early (`| head`) is no error.

use super::{CliError, CommandOutcome};
use crate::report::{Colour, Ratio, Threshold, printable};
use platform::Trust;
use std::convert::Infallible;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Where a result goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// Standard output, written as `-`.
    Stdout,
    /// A file, replaced if it exists.
    File(PathBuf),
}

impl FromStr for Output {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "-" => Output::Stdout,
            path => Output::File(path.into()),
        })
    }
}

impl Output {
    /// Writes the whole result; to a file only if no user who is not trusted has put a link there.
    pub fn write(&self, text: &str, trust: Trust) -> Result<(), CliError> {
        match self {
            Output::Stdout => print(text),
            Output::File(path) => write_file(path, text.as_bytes(), trust),
        }
    }
}

/// Writes a file that the user names.
pub(super) fn write_file(path: &Path, bytes: &[u8], trust: Trust) -> Result<(), CliError> {
    let written = platform::write_output(path, bytes, trust);
    written.map_err(|source| CliError::Write { subject: path.display().to_string(), source })
}

/// Writes to standard output.
pub fn print(text: &str) -> Result<(), CliError> {
    print_bytes(text.as_bytes())
}

/// The same of a value as JSON, for people and programs.
pub fn print_json(value: &serde_json::Value) -> Result<(), CliError> {
    print(&format!("{value:#}\n"))
}

/// The same, whatever they are.
pub fn print_bytes(bytes: &[u8]) -> Result<(), CliError> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(|source| CliError::Write { subject: "standard output".to_owned(), source }),
    }
}

/// Tells something on standard error; if nobody can be told, so be it.
pub fn tell(text: &str) {
    let _ = writeln!(io::stderr(), "cov-trace: {}", printable(text));
}

/// How a command ends whose total must reach a threshold, if there is one; tells what is missing.
pub fn judged(total: Ratio, fail_under: Option<Threshold>) -> CommandOutcome {
    match fail_under {
        Some(threshold) if !threshold.is_reached(total) => {
            tell(&threshold.shortfall(total));
            CommandOutcome::BelowThreshold
        }
        Some(_) | None => CommandOutcome::Success,
    }
}

/// Colours if standard output shows them, and the user has not refused them (<https://no-color.org>).
pub fn stdout_colour() -> Colour {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    if io::stdout().is_terminal() && !set("NO_COLOR") && !dumb { Colour::Terminal } else { Colour::None }
}
