//! The command line as clap sees it.

use super::erase::EraseArguments;
use super::lcov::LcovArguments;
use super::ps::PsArguments;
use super::report::ReportArguments;
use super::run::RunArguments;
use super::{CliError, Command};
use clap::error::{ContextKind, ContextValue};
use clap::{Parser, Subcommand};
use std::ffi::OsString;

const MAIN_EXAMPLES: &str = "\
Examples:
  cov-trace -- ./prog --its-own-option     measure a program and all its descendants
  cov-trace --include src -- make test     measure a test suite, only sources below src
  cov-trace -- report                      measure a program called report
  cov-trace report --show-missing          show what ran";

const REPORT_EXAMPLES: &str = "\
Examples:
  cov-trace report                         all sources, all processes
  cov-trace report -m --sort cover         the least covered first, with the lines that did not run
  cov-trace report --fail-under 87.5       status 2 if the total is below 87.5 %
  cov-trace report --pid 4711              what one process ran
  cov-trace report --include src --exclude '*.h' --module 'libfoo.so*'

Exit status: 0 if all is well, 1 on an error, 2 if the coverage is below --fail-under.";

const LCOV_EXAMPLES: &str = "\
Counts are 0 or 1: whether a line ran, not how often.

Examples:
  cov-trace lcov -o coverage.info          for genhtml, editors and coverage services
  cov-trace lcov --include src | lcov --summary -";

const PS_EXAMPLES: &str = "\
Examples:
  cov-trace ps                             every process of every run, children below their parents
  cov-trace ps --wide                      with all their arguments
  cov-trace ps --include src               count only lines of sources below src";

const ERASE_EXAMPLES: &str = "\
What is being measured right now is kept, and so are files that are not cov-trace's.

Examples:
  cov-trace erase                          start afresh
  cov-trace erase --data /tmp/coverage     remove the measurements in another directory";

/// Line coverage of native Linux programs, measured from outside the process
#[derive(Debug, Parser)]
#[command(
    name = "cov-trace",
    version,
    override_usage = "cov-trace [OPTIONS] -- PROGRAM [ARG...]\n       cov-trace COMMAND [OPTIONS]",
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = MAIN_EXAMPLES
)]
struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    run: RunArguments,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show the coverage as a table
    #[command(after_help = REPORT_EXAMPLES)]
    Report(ReportArguments),
    /// Write the coverage as an LCOV tracefile
    #[command(after_help = LCOV_EXAMPLES)]
    Lcov(LcovArguments),
    /// List the processes that were measured, as a tree
    #[command(after_help = PS_EXAMPLES)]
    Ps(PsArguments),
    /// Remove measurements
    #[command(after_help = ERASE_EXAMPLES)]
    Erase(EraseArguments),
}

/// Parses a command line, the program's name first.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, CliError> {
    let words: Vec<OsString> = arguments.into_iter().collect();
    let arguments =
        Arguments::try_parse_from(&words).map_err(|error| misplaced(&words, &error).unwrap_or(error.into()))?;
    let cwd = std::env::current_dir().map_err(|source| CliError::WorkingDirectory { source })?;
    Ok(match arguments.action {
        Some(Action::Report(arguments)) => Command::Report(arguments.validated(&cwd)),
        Some(Action::Lcov(arguments)) => Command::Lcov(arguments.validated(&cwd)),
        Some(Action::Ps(arguments)) => Command::Ps(arguments.validated(&cwd)),
        Some(Action::Erase(arguments)) => Command::Erase(arguments.validated()),
        None => Command::Run(arguments.run.validated(&cwd)),
    })
}

/// A program without the `--` before it, or an option of a command before the command, where that is what is wrong.
fn misplaced(words: &[OsString], error: &clap::Error) -> Option<CliError> {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    let is_command = |word: &str| Action::has_subcommand(word) || word == "help";
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::RunOptions;
    use clap::CommandFactory;

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
        assert!(!options.quiet && !options.no_wait);
    }

    #[test]
    fn options_of_a_measurement_come_before_the_dashes() {
        let options = run(&["--data", "d", "--exclude", "*.h", "--module", "prog", "-q", "--no-wait", "--", "./prog"]);
        assert_eq!(options.data, std::path::Path::new("d"));
        assert!(options.quiet && options.no_wait && options.args.is_empty() && !options.kill_on_exit);
        assert!(run(&["--kill-on-exit", "--", "./prog"]).kill_on_exit);
        assert!(!options.sources.takes("/x/a.h") && options.sources.takes("/x/a.c"));
        assert!(options.modules.takes("/bin/prog") && !options.modules.takes("/lib/libc.so.6"));
    }

    #[test]
    fn commands_are_told_from_programs() {
        assert!(matches!(parsed(&["report"]), Ok(Command::Report(_))));
        assert!(matches!(parsed(&["lcov", "-o", "x"]), Ok(Command::Lcov(_))));
        assert!(matches!(parsed(&["ps"]), Ok(Command::Ps(_))));
        assert!(matches!(parsed(&["erase"]), Ok(Command::Erase(_))));
        for words in [&["make", "test"][..], &["-q", "make"], &["--data", "x", "report"]] {
            assert!(matches!(parsed(words), Err(CliError::Misplaced { .. })), "{words:?}");
        }
        for words in [&["report", "x"][..], &[], &["--"], &["report", "--", "x"], &["--what"]] {
            assert!(matches!(parsed(words), Err(CliError::Arguments(_))), "{words:?}");
        }
    }
}
