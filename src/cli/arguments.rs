//! The command line as clap sees it.

use super::affected::AffectedArguments;
use super::attach::AttachArguments;
use super::combine::CombineArguments;
use super::config::Config;
use super::context_table::ContextsArguments;
use super::control::ControlArguments;
use super::coveragepy::CoveragePyArguments;
use super::diff::DiffArguments;
use super::doctor::DoctorArguments;
use super::erase::EraseArguments;
use super::examples::*;
use super::export::ExportArguments;
use super::formats::{ExportFormat, FormatArguments, JsonArguments, LcovArguments};
use super::html::HtmlArguments;
use super::ps::PsArguments;
use super::query::QueryArguments;
use super::report::ReportArguments;
use super::run::RunArguments;
use super::shell::{CompletionsArguments, ManArguments};
use super::show::ShowArguments;
use super::stability::StabilityArguments;
use super::switch::SwitchArguments;
use super::what::WhatArguments;
use super::who::WhoArguments;
use super::why::WhyArguments;
use super::{CliError, Command, trust};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;

/// Line coverage of native Linux programs, measured from outside the process
#[derive(Debug, Parser)]
#[command(
    name = "cov-trace",
    version,
    override_usage = "cov-trace [OPTIONS] -- PROGRAM [ARG...]\n       cov-trace COMMAND [OPTIONS]",
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    args_override_self = true,
    after_help = MAIN_EXAMPLES
)]
struct Arguments {
    /// Take options from this file, rather than from cov-trace.toml here or above
    #[arg(long, value_name = "FILE", global = true, help_heading = "Configuration")]
    config: Option<PathBuf>,
    /// Take no options from cov-trace.toml
    #[arg(long, global = true, conflicts_with = "config", help_heading = "Configuration")]
    no_config: bool,
    #[command(subcommand)]
    action: Option<CommandAction>,
    #[command(flatten)]
    run: RunArguments,
}

#[derive(Debug, Subcommand)]
enum CommandAction {
    /// Measure processes that run already
    #[command(after_help = ATTACH_EXAMPLES)]
    Attach(AttachArguments),
    /// Show what is being measured right now
    #[command(after_help = STATUS_EXAMPLES)]
    Status(ControlArguments),
    /// Have everything that ran until now in the files
    #[command(after_help = FLUSH_EXAMPLES)]
    Flush(ControlArguments),
    /// Detach from what is being measured
    #[command(after_help = DETACH_EXAMPLES)]
    Detach(ControlArguments),
    /// Switch the context of what is being measured
    #[command(after_help = CONTEXT_EXAMPLES)]
    Context(SwitchArguments),
    /// Show the coverage as a table
    #[command(after_help = REPORT_EXAMPLES)]
    Report(ReportArguments),
    /// Show sources with what ran of them, and by which processes
    #[command(after_help = SHOW_EXAMPLES)]
    Show(ShowArguments),
    /// Show which contexts ran a line or a function: which tests
    #[command(after_help = WHO_EXAMPLES)]
    Who(WhoArguments),
    /// Show why a line is reported as it is, or not at all
    #[command(after_help = WHY_EXAMPLES)]
    Why(WhyArguments),
    /// Show what ran under a context: in a test
    #[command(after_help = WHAT_EXAMPLES)]
    What(WhatArguments),
    /// List the contexts: the tests, with what only they ran
    #[command(after_help = CONTEXTS_EXAMPLES)]
    Contexts(ContextsArguments),
    /// Show which tests must run since the programs were built again
    #[command(after_help = AFFECTED_EXAMPLES)]
    Affected(AffectedArguments),
    /// Show which tests do not run the same each time
    #[command(after_help = STABILITY_EXAMPLES)]
    Stability(StabilityArguments),
    /// Answer questions, each a line of JSON, until there are no more
    #[command(after_help = QUERY_EXAMPLES)]
    Query(QueryArguments),
    /// Show the coverage of the lines that changed since a revision
    #[command(after_help = DIFF_EXAMPLES)]
    Diff(DiffArguments),
    /// Write the coverage as an LCOV tracefile
    #[command(after_help = LCOV_EXAMPLES)]
    Lcov(LcovArguments),
    /// Merge the measurements of many runs and machines into one file
    #[command(after_help = COMBINE_EXAMPLES)]
    Combine(CombineArguments),
    /// Write processes as one data file that needs no other, or as Parquet tables
    #[command(after_help = EXPORT_EXAMPLES)]
    Export(ExportArguments),
    /// Write the coverage as Cobertura XML
    #[command(after_help = COBERTURA_EXAMPLES)]
    Cobertura(FormatArguments),
    /// Write the coverage as JSON, documented by a schema
    #[command(after_help = JSON_EXAMPLES)]
    Json(JsonArguments),
    /// Write the coverage as Codecov's JSON
    #[command(after_help = CODECOV_EXAMPLES)]
    Codecov(FormatArguments),
    /// Write the coverage as SonarQube's generic XML
    #[command(name = "sonarqube", after_help = SONARQUBE_EXAMPLES)]
    SonarQube(FormatArguments),
    /// Write the coverage as Coveralls' JSON
    #[command(after_help = COVERALLS_EXAMPLES)]
    Coveralls(FormatArguments),
    /// Write the coverage as data files of coverage.py, for its reports
    #[command(name = "coveragepy", after_help = COVERAGEPY_EXAMPLES)]
    CoveragePy(CoveragePyArguments),
    /// Write the coverage as a site that a browser shows, also offline
    #[command(after_help = HTML_EXAMPLES)]
    Html(HtmlArguments),
    /// List the processes that were measured, as a tree
    #[command(after_help = PS_EXAMPLES)]
    Ps(PsArguments),
    /// Tell what would work here, what would not, and why
    #[command(after_help = DOCTOR_EXAMPLES)]
    Doctor(DoctorArguments),
    /// Write completions for a shell
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions(CompletionsArguments),
    /// Write the man page
    #[command(after_help = MAN_EXAMPLES)]
    Man(ManArguments),
    /// Remove measurements
    #[command(after_help = ERASE_EXAMPLES)]
    Erase(EraseArguments),
}

/// The declaration of the whole command line.
pub(super) fn declaration() -> clap::Command {
    Arguments::command()
}

/// Parses a command line, the program's name first.
pub(super) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, CliError> {
    let words: Vec<OsString> = arguments.into_iter().collect();
    let cwd = || std::env::current_dir().map_err(|source| CliError::WorkingDirectory { source });
    let arguments = configured(&words, cwd)?;
    let cwd = cwd()?;
    Ok(match arguments.action {
        Some(CommandAction::Attach(arguments)) => Command::Attach(arguments.validated(&cwd)?),
        Some(CommandAction::Status(arguments)) => Command::Status(arguments.validated()),
        Some(CommandAction::Flush(arguments)) => Command::Flush(arguments.validated()),
        Some(CommandAction::Detach(arguments)) => Command::Detach(arguments.validated()),
        Some(CommandAction::Context(arguments)) => Command::Context(arguments.validated()),
        Some(CommandAction::Report(arguments)) => Command::Report(arguments.validated(&cwd)?),
        Some(CommandAction::Show(arguments)) => Command::Show(arguments.validated(&cwd)?),
        Some(CommandAction::Who(arguments)) => Command::Who(arguments.validated(&cwd)?),
        Some(CommandAction::Why(arguments)) => Command::Why(arguments.validated(&cwd)?),
        Some(CommandAction::What(arguments)) => Command::What(arguments.validated(&cwd)?),
        Some(CommandAction::Contexts(arguments)) => Command::Contexts(arguments.validated(&cwd)?),
        Some(CommandAction::Affected(arguments)) => Command::Affected(arguments.validated(&cwd)?),
        Some(CommandAction::Stability(arguments)) => Command::Stability(arguments.validated(&cwd)),
        Some(CommandAction::Query(arguments)) => Command::Query(arguments.validated()),
        Some(CommandAction::Diff(arguments)) => Command::Diff(arguments.validated(&cwd)?),
        Some(CommandAction::Combine(arguments)) => Command::Combine(arguments.validated(&cwd)),
        Some(CommandAction::Export(arguments)) => Command::Export(arguments.validated()),
        Some(CommandAction::Lcov(arguments)) => Command::Format(arguments.validated(&cwd)?),
        Some(CommandAction::Cobertura(arguments)) => {
            Command::Format(arguments.validated(ExportFormat::Cobertura, &cwd)?)
        }
        Some(CommandAction::Json(arguments)) => Command::Format(arguments.validated(&cwd)?),
        Some(CommandAction::Codecov(arguments)) => Command::Format(arguments.validated(ExportFormat::Codecov, &cwd)?),
        Some(CommandAction::SonarQube(arguments)) => {
            Command::Format(arguments.validated(ExportFormat::SonarQube, &cwd)?)
        }
        Some(CommandAction::Coveralls(arguments)) => {
            Command::Format(arguments.validated(ExportFormat::Coveralls, &cwd)?)
        }
        Some(CommandAction::CoveragePy(arguments)) => Command::CoveragePy(arguments.validated(&cwd)?),
        Some(CommandAction::Html(arguments)) => Command::Html(arguments.validated(&cwd)?),
        Some(CommandAction::Ps(arguments)) => Command::Ps(arguments.validated(&cwd)),
        Some(CommandAction::Doctor(arguments)) => Command::Doctor(arguments.validated(&cwd)),
        Some(CommandAction::Completions(arguments)) => Command::Completions(arguments.validated()),
        Some(CommandAction::Man(arguments)) => Command::Man(arguments.validated()),
        Some(CommandAction::Erase(arguments)) => Command::Erase(arguments.validated()),
        None => Command::Run(arguments.run.validated(&cwd)?),
    })
}

/// The arguments, with what the configuration adds.
fn configured(words: &[OsString], cwd: impl Fn() -> Result<PathBuf, CliError>) -> Result<Arguments, CliError> {
    let refused = |error: clap::Error| {
        misplaced(words, &error).or_else(|| not_text(words, &error)).unwrap_or_else(|| error.into())
    };
    let mut command = Arguments::command();
    let matches = command.try_get_matches_from_mut(words).map_err(refused)?;
    let given = Arguments::from_arg_matches(&matches).map_err(refused)?;
    let config =
        if given.no_config { None } else { Config::find(given.config.as_deref(), &cwd()?, trust::from_environment())? };
    let Some(config) = config else { return Ok(given) };
    let added = config.words(&command, &matches)?;
    let mut words = words.to_vec();
    let mut place = 1;
    if let Some(name) = matches.subcommand_name() {
        place += words.iter().skip(1).position(|word| word == name).map_or(0, |at| at + 1);
    }
    words.splice(place..place, added);
    Arguments::try_parse_from(words).map_err(|error| config.refused(&error).into())
}

/// A program without the `--` before it, or an option of a command before the command, where that is what is wrong.
fn misplaced(words: &[OsString], error: &clap::Error) -> Option<CliError> {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    let is_command = |word: &str| CommandAction::has_subcommand(word) || word == "help";
    let after_command = words.get(1).and_then(|word| word.to_str()).is_some_and(is_command);
    if after_command || word.starts_with('-') {
        return None;
    }
    let word = word.clone();
    let advice = if is_command(&word) {
        format!("give options after the command: cov-trace {word} [OPTIONS]")
    } else {
        format!("to measure a program: cov-trace [OPTIONS] -- {word}")
    };
    Some(CliError::Misplaced { word, advice })
}

/// The arguments that are not UTF-8, where one of them has to be.
fn not_text(words: &[OsString], error: &clap::Error) -> Option<CliError> {
    if error.kind() != ErrorKind::InvalidUtf8 {
        return None;
    }
    let ours = words.iter().skip(1).take_while(|word| *word != "--");
    let those: Vec<String> = ours.filter(|word| word.to_str().is_none()).map(|word| format!("{word:?}")).collect();
    Some(CliError::NotText { words: those.join(", ") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::RunOptions;
    use platform::OnTracerDeath;

    fn parsed(words: &[&str]) -> Result<Command, CliError> {
        parse(["cov-trace"].iter().chain(words).map(OsString::from))
    }

    fn run(words: &[&str]) -> RunOptions {
        match parsed(words) {
            Ok(Command::Run(options)) => options,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_declarations_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn what_follows_the_dashes_is_the_program_whatever_its_name() {
        let options = run(&["--", "report", "--data", "x", "--", "-q"]);
        assert_eq!(options.program, "report");
        assert_eq!(options.args, ["--data", "x", "--", "-q"]);
        assert!(!options.measuring.quiet && !options.no_wait);
    }

    #[test]
    fn options_of_a_measurement_come_before_the_dashes() {
        let options = run(&["--data", "d", "--exclude", "*.h", "--module", "prog", "-q", "--no-wait", "--", "./prog"]);
        let selection = &options.measuring.selection;
        assert_eq!(options.measuring.data, std::path::Path::new("d"));
        assert!(options.measuring.quiet && options.no_wait && options.args.is_empty());
        assert_eq!(options.measuring.on_supervisor_death, OnTracerDeath::LetGo);
        let kills = run(&["--kill-on-exit", "--", "./prog"]);
        assert_eq!(kills.measuring.on_supervisor_death, OnTracerDeath::Kill);
        assert!(selection.sources.takes("/x/a.c", || None) && !selection.sources.takes("/x/a.h", || None));
        assert!(selection.modules.takes("/bin/prog") && !selection.modules.takes("/lib/libc.so.6"));
    }

    #[test]
    fn commands_are_told_from_programs() {
        assert!(matches!(parsed(&["report"]), Ok(Command::Report(_))));
        for words in [&["lcov", "-o", "x", "--checksum"][..], &["cobertura"], &["json"], &["json", "--schema"]] {
            assert!(matches!(parsed(words), Ok(Command::Format(_))), "{words:?}");
        }
        for format in ["codecov", "sonarqube", "coveralls"] {
            assert!(matches!(parsed(&[format, "--output=-"]), Ok(Command::Format(_))), "{format}");
        }
        assert!(matches!(parsed(&["coveragepy", "--merged", "-o", "x"]), Ok(Command::CoveragePy(_))));
        assert!(matches!(parsed(&["html", "-o", "x", "--title", "y"]), Ok(Command::Html(_))));
        assert!(matches!(parsed(&["ps"]), Ok(Command::Ps(_))));
        assert!(matches!(parsed(&["attach", "--children", "7", "8", "--for", "5m"]), Ok(Command::Attach(_))));
        assert!(matches!(parsed(&["status"]), Ok(Command::Status(_))));
        assert!(matches!(parsed(&["flush", "7"]), Ok(Command::Flush(_))));
        assert!(matches!(parsed(&["detach", "--data", "d"]), Ok(Command::Detach(_))));
        assert!(matches!(parsed(&["erase"]), Ok(Command::Erase(_))));
        for words in [&["make", "test"][..], &["-q", "make"], &["--data", "x", "report"]] {
            assert!(matches!(parsed(words), Err(CliError::Misplaced { .. })), "{words:?}");
        }
        for words in [
            &["report", "x"][..],
            &["attach"],
            &["json", "--schema", "-o", "x"],
            &["attach", "0"],
            &["attach", "x"],
            &["attach", "7", "--for", "soon"],
            &[],
            &["--"],
            &["report", "--", "x"],
            &["--what"],
        ] {
            assert!(matches!(parsed(words), Err(CliError::Arguments(_))), "{words:?}");
        }
    }

    #[test]
    fn what_is_not_utf_8_is_named() {
        use std::os::unix::ffi::OsStringExt;
        let bad = || OsString::from_vec(b"caf\xe9".to_vec());
        let words = ["cov-trace", "--context"].map(OsString::from).into_iter().chain([bad(), "--".into(), bad()]);
        assert!(matches!(parse(words), Err(CliError::NotText { words }) if words == r#""caf\xE9""#));
    }
}
