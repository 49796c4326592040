//! The command line: parse into validated options, then act.
//!
//! Invariants: standard output holds only what was asked for, all else goes to standard error; nothing below this module
//! looks at arguments or the environment.

mod affected;
mod arguments;
mod attach;
mod combine;
mod config;
mod context_options;
mod context_table;
mod control;
mod coveragepy;
mod diff;
mod doctor;
mod erase;
mod error;
mod examples;
mod export;
mod formats;
mod git;
mod html;
mod image;
mod labels;
mod measuring;
mod output;
mod progress;
mod ps;
mod query;
mod report;
mod run;
mod selection;
mod shell;
mod show;
mod stability;
mod status;
mod switch;
mod tree;
mod trust;
mod what;
mod who;
mod why;

pub use config::ConfigError;
pub use error::CliError;

use affected::AffectedOptions;
use attach::AttachOptions;
use combine::CombineOptions;
use context_table::ContextsOptions;
use control::ControlOptions;
use coveragepy::CoveragePyOptions;
use diff::DiffOptions;
use doctor::DoctorOptions;
use erase::EraseOptions;
use export::ExportOptions;
use formats::FormatOptions;
use html::HtmlOptions;
use output::Output;
use ps::PsOptions;
use query::QueryOptions;
use report::ReportOptions;
use run::RunOptions;
use shell::{CompletionsOptions, ManOptions};
use show::ShowOptions;
use stability::StabilityOptions;
use switch::SwitchOptions;
use what::WhatOptions;
use who::WhoOptions;
use why::WhyOptions;

use crate::front;
use std::ffi::OsString;
use std::process::ExitCode;

/// What a command line asks for.
#[derive(Clone, Debug)]
enum Command {
    Run(RunOptions),
    Attach(AttachOptions),
    Status(ControlOptions),
    Flush(ControlOptions),
    Detach(ControlOptions),
    Context(SwitchOptions),
    Report(ReportOptions),
    Show(ShowOptions),
    Who(WhoOptions),
    Why(WhyOptions),
    Affected(AffectedOptions),
    What(WhatOptions),
    Contexts(ContextsOptions),
    Stability(StabilityOptions),
    Query(QueryOptions),
    Diff(DiffOptions),
    Combine(CombineOptions),
    Export(ExportOptions),
    /// Writes what ran for other tools.
    Format(FormatOptions),
    CoveragePy(CoveragePyOptions),
    Html(HtmlOptions),
    Ps(PsOptions),
    Doctor(DoctorOptions),
    Completions(CompletionsOptions),
    Man(ManOptions),
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

/// Does what a command line asks for; the program's name is its first word.
///
/// # Errors
/// When the command line makes no sense or the command fails.
pub fn execute(arguments: impl IntoIterator<Item = OsString>) -> Result<CommandOutcome, CliError> {
    let command = arguments::parse(arguments)?;
    platform::limits::survive();
    match command {
        Command::Run(options) => run::run(&options),
        Command::Attach(options) => attach::attach(&options),
        Command::Status(options) => control::status(&options),
        Command::Flush(options) => control::flush(&options),
        Command::Detach(options) => control::detach(&options),
        Command::Context(options) => switch::switch(&options),
        Command::Report(options) => report::report(&options),
        Command::Show(options) => show::show(&options),
        Command::Who(options) => who::who(&options),
        Command::Why(options) => why::why(&options),
        Command::Affected(options) => affected::affected(&options),
        Command::What(options) => what::what(&options),
        Command::Contexts(options) => context_table::contexts(&options),
        Command::Stability(options) => stability::stability(&options),
        Command::Query(options) => query::query(&options),
        Command::Diff(options) => diff::diff(&options),
        Command::Combine(options) => combine::combine(&options),
        Command::Export(options) => export::export(&options),
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
