//! The command line as clap sees it.

use super::attach::AttachArguments;
use super::control::ControlArguments;
use super::erase::EraseArguments;
use super::html::HtmlArguments;
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
  cov-trace attach 4711                    measure a process that runs already
  cov-trace report --show-missing          show what ran";

const ATTACH_EXAMPLES: &str = "\
What the processes ran before is not known; everything that they run from then on is, with all their threads and all
processes that they make. Ctrl-C, SIGTERM, SIGHUP and `cov-trace detach` let go of them; they go on as if nothing had been.
SIGUSR1 has everything that ran written to the files.

Examples:
  cov-trace attach 4711                    measure a process until Ctrl-C
  cov-trace attach --children 4711         with the workers that it has already
  cov-trace attach $(pidof nginx) --for 5m let go after five minutes
  cov-trace attach --include src --verify-detach 4711

Exit status: 0 if everything was let go of properly, 1 if nothing could be attached to or something is missing.";

const STATUS_EXAMPLES: &str = "\
NEW/MIN is how many lines were new in the last minute.

Examples:
  cov-trace status                         all measurements under way
  cov-trace status 4711                    the one that measures process 4711";

const FLUSH_EXAMPLES: &str = "\
Files are never more than about a second behind; this waits until they are not behind at all. SIGUSR1 to cov-trace
asks for the same.

Examples:
  cov-trace flush && cov-trace lcov -o coverage.info";

const DETACH_EXAMPLES: &str = "\
A measurement is ended as a whole: with the process named, all others that it measures are let go of. A program that was
launched goes on, too, and cov-trace goes on waiting for it.

Examples:
  cov-trace detach                         end all measurements of this data directory
  cov-trace detach 4711                    end the one that measures process 4711";

const REPORT_EXAMPLES: &str = "\
Examples:
  cov-trace report                         all sources, all processes
  cov-trace report -m --sort cover         the least covered first, with the lines that did not run
  cov-trace report --fail-under 87.5       status 2 if the total is below 87.5 %
  cov-trace report --pid 4711              what one process ran
  cov-trace report --growth                how the coverage grew over time
  cov-trace report --include src --exclude '*.h' --module 'libfoo.so*'

Exit status: 0 if all is well, 1 on an error, 2 if the coverage is below --fail-under.";

const LCOV_EXAMPLES: &str = "\
Counts are 0 or 1: whether a line ran, not how often.

Examples:
  cov-trace lcov -o coverage.info          for genhtml, editors and coverage services
  cov-trace lcov --include src | lcov --summary -";

const HTML_EXAMPLES: &str = "\
Examples:
  cov-trace html                           then open coverage-html/index.html
  cov-trace html -o /tmp/site --include src
  cov-trace html --title 'nightly tests' --map /build/project=.";

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
    /// Measure processes that run already
    #[command(after_help = ATTACH_EXAMPLES)]
    Attach(AttachArguments),
    /// Show what is being measured right now
    #[command(after_help = STATUS_EXAMPLES)]
    Status(ControlArguments),
    /// Have everything that ran until now in the files
    #[command(after_help = FLUSH_EXAMPLES)]
    Flush(ControlArguments),
    /// Let go of what is being measured
    #[command(after_help = DETACH_EXAMPLES)]
    Detach(ControlArguments),
    /// Show the coverage as a table
    #[command(after_help = REPORT_EXAMPLES)]
    Report(ReportArguments),
    /// Write the coverage as an LCOV tracefile
    #[command(after_help = LCOV_EXAMPLES)]
    Lcov(LcovArguments),
    /// Write the coverage as a site that a browser shows, also offline
    #[command(after_help = HTML_EXAMPLES)]
    Html(HtmlArguments),
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
        Some(Action::Attach(arguments)) => Command::Attach(arguments.validated(&cwd)),
        Some(Action::Status(arguments)) => Command::Status(arguments.validated()),
        Some(Action::Flush(arguments)) => Command::Flush(arguments.validated()),
        Some(Action::Detach(arguments)) => Command::Detach(arguments.validated()),
        Some(Action::Report(arguments)) => Command::Report(arguments.validated(&cwd)?),
        Some(Action::Lcov(arguments)) => Command::Lcov(arguments.validated(&cwd)?),
        Some(Action::Html(arguments)) => Command::Html(arguments.validated(&cwd)?),
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
        assert!(selection.sources.takes("/x/a.c") && !selection.sources.takes("/x/a.h"));
        assert!(selection.modules.takes("/bin/prog") && !selection.modules.takes("/lib/libc.so.6"));
    }

    #[test]
    fn commands_are_told_from_programs() {
        assert!(matches!(parsed(&["report"]), Ok(Command::Report(_))));
        assert!(matches!(parsed(&["lcov", "-o", "x"]), Ok(Command::Lcov(_))));
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
}
