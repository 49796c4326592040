//! The command line: parse into validated options, then act.
//!
//! Invariants: standard output holds only what was asked for, all else goes to standard error; nothing below this module
//! looks at arguments or the environment.

mod arguments;
mod attach;
mod control;
mod erase;
mod error;
mod html;
mod lcov;
mod measuring;
mod output;
mod ps;
mod report;
mod run;
mod selection;
mod status;

pub use arguments::parse;
pub use attach::AttachOptions;
pub use control::ControlOptions;
pub use erase::EraseOptions;
pub use error::CliError;
pub use html::HtmlOptions;
pub use lcov::LcovOptions;
pub use output::Output;
pub use ps::PsOptions;
pub use report::ReportOptions;
pub use run::RunOptions;
pub use selection::DataSelection;

use crate::front;
use std::process::ExitCode;

/// What a command line asks for.
#[derive(Clone, Debug)]
pub enum Command {
    /// Measure a program.
    Run(RunOptions),
    /// Measure processes that run.
    Attach(AttachOptions),
    /// Tell what is being measured.
    Status(ControlOptions),
    /// Have everything that ran in the files.
    Flush(ControlOptions),
    /// Let go of what is being measured.
    Detach(ControlOptions),
    /// Print the table.
    Report(ReportOptions),
    /// Write an LCOV tracefile.
    Lcov(LcovOptions),
    /// Write a site.
    Html(HtmlOptions),
    /// List the processes.
    Ps(PsOptions),
    /// Remove measurements.
    Erase(EraseOptions),
}

/// How a command that did its work ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All is well.
    Success,
    /// The coverage is below what `--fail-under` requires.
    BelowThreshold,
    /// Some of it could not be done, and that was told.
    Failed,
    /// Something was measured, and this is how to end.
    Program(front::Outcome),
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Success => ExitCode::SUCCESS,
            Outcome::BelowThreshold => ExitCode::from(2),
            Outcome::Failed => ExitCode::FAILURE,
            Outcome::Program(front::Outcome::Exit(status)) => ExitCode::from(status),
            Outcome::Program(front::Outcome::DieOf(signal)) => {
                platform::process::die_of(signal);
                // Only a signal that does not kill comes here; a shell would say it so.
                ExitCode::from(128u8.saturating_add(signal.0 as u8))
            }
        }
    }
}

/// Does what was asked for.
pub fn execute(command: Command) -> Result<Outcome, CliError> {
    match command {
        Command::Run(options) => run::run(&options),
        Command::Attach(options) => attach::attach(&options),
        Command::Status(options) => control::status(&options),
        Command::Flush(options) => control::flush(&options),
        Command::Detach(options) => control::detach(&options),
        Command::Report(options) => report::report(&options),
        Command::Lcov(options) => lcov::lcov(&options),
        Command::Html(options) => html::html(&options),
        Command::Ps(options) => ps::ps(&options),
        Command::Erase(options) => erase::erase(&options),
    }
}
