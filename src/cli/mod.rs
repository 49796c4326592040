//! The command line: parse into validated options, then act.
//!
//! Invariants: standard output holds only what was asked for, all else goes to standard error; nothing below this module
//! looks at arguments or the environment.

mod arguments;
mod attach;
mod combine;
mod config;
mod control;
mod coveragepy;
mod diff;
mod doctor;
mod erase;
mod error;
mod examples;
mod formats;
mod git;
mod html;
mod measuring;
mod output;
mod progress;
mod ps;
mod report;
mod run;
mod selection;
mod shell;
mod show;
mod status;
mod trust;

pub use arguments::parse;
pub use attach::AttachOptions;
pub use combine::CombineOptions;
pub use config::ConfigError;
pub use control::ControlOptions;
pub use coveragepy::{CoveragePyOptions, DataFiles};
pub use diff::DiffOptions;
pub use doctor::DoctorOptions;
pub use erase::EraseOptions;
pub use error::CliError;
pub use formats::{ExportFormat, FormatOptions};
pub use html::HtmlOptions;
pub use output::Output;
pub use ps::PsOptions;
pub use report::ReportOptions;
pub use run::RunOptions;
pub use selection::{DataSelection, SourceSelection};
pub use shell::{CompletionsOptions, ManOptions};
pub use show::ShowOptions;

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
    /// Detach from what is being measured.
    Detach(ControlOptions),
    /// Print the table.
    Report(ReportOptions),
    /// Show sources with what ran of them.
    Show(ShowOptions),
    /// Show the coverage of what changed.
    Diff(DiffOptions),
    /// Merge measurements into one file.
    Combine(CombineOptions),
    /// Write what ran for other tools.
    Format(FormatOptions),
    /// Write data files of coverage.py.
    CoveragePy(CoveragePyOptions),
    /// Write a site.
    Html(HtmlOptions),
    /// List the processes.
    Ps(PsOptions),
    /// Tell what would work.
    Doctor(DoctorOptions),
    /// Write a shell's completions.
    Completions(CompletionsOptions),
    /// Write man pages.
    Man(ManOptions),
    /// Remove measurements.
    Erase(EraseOptions),
}

/// How a command that did its work ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandOutcome {
    /// All is well.
    Success,
    /// The coverage is below what `--fail-under` requires.
    BelowThreshold,
    /// Some of it could not be done, and that was told.
    Failed,
    /// Something was measured, and this is how to end.
    Program(front::Ending),
}

impl From<CommandOutcome> for ExitCode {
    fn from(outcome: CommandOutcome) -> Self {
        match outcome {
            CommandOutcome::Success => ExitCode::SUCCESS,
            CommandOutcome::BelowThreshold => ExitCode::from(2),
            CommandOutcome::Failed => ExitCode::FAILURE,
            CommandOutcome::Program(front::Ending::Exit(status)) => ExitCode::from(status),
            CommandOutcome::Program(front::Ending::DieOf(signal)) => {
                platform::process::die_of(signal);
                // Only a signal that does not kill comes here; a shell would say it so.
                ExitCode::from(128u8.saturating_add(signal.0 as u8))
            }
        }
    }
}

/// Does what was asked for.
pub fn execute(command: Command) -> Result<CommandOutcome, CliError> {
    platform::limits::survive();
    match command {
        Command::Run(options) => run::run(&options),
        Command::Attach(options) => attach::attach(&options),
        Command::Status(options) => control::status(&options),
        Command::Flush(options) => control::flush(&options),
        Command::Detach(options) => control::detach(&options),
        Command::Report(options) => report::report(&options),
        Command::Show(options) => show::show(&options),
        Command::Diff(options) => diff::diff(&options),
        Command::Combine(options) => combine::combine(&options),
        Command::Format(options) => formats::write(&options),
        Command::CoveragePy(options) => coveragepy::coveragepy(&options),
        Command::Html(options) => html::html(&options),
        Command::Ps(options) => ps::ps(&options),
        Command::Doctor(options) => doctor::doctor(&options),
        Command::Completions(options) => shell::completions(arguments::declaration(), &options),
        Command::Man(options) => shell::man(arguments::declaration(), &options),
        Command::Erase(options) => erase::erase(&options),
    }
}
