//! The options of both ways to measure: launching and attaching.

use super::CliError;
use super::context_options::ContextArguments;
use super::labels::{Label, by_key};
use super::selection::{DataArguments, FilterArguments};
use crate::filter::{Project, git_root};
use crate::front;
use crate::recorder::{Probing, Scope};
use crate::supervisor::Forks;
use clap::error::ErrorKind;
use clap::{Args, ValueEnum};
use jiff::SignedDuration;
use platform::OnTracerDeath;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

#[derive(Clone, Debug, Args)]
pub(super) struct MeasuringArguments {
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    filter: FilterArguments,
    /// Measure everything, not only the project's sources: those below the top of the git working tree, else the working
    /// directory, without build output, vendored folders and registries
    ///
    /// --include and --module measure all that they name, wherever it is. As long as no source of the project is in
    /// what runs, everything is measured.
    #[arg(long, overrides_with_all = ["include", "module"], help_heading = "Filters")]
    all: bool,
    /// Label the run, for questions about many: what is measured, such as service=api or revision=4f1c2d; may be repeated
    ///
    /// Labels are kept with the data. host, boot_id, container and service are found where there is something to find; a
    /// value given here wins.
    #[arg(long, value_name = "KEY=VALUE")]
    label: Vec<Label>,
    #[command(flatten)]
    contexts: ContextArguments,
    /// Detach after this time, such as 90, 90s, 5m or 1h30m; what is measured goes on
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    limit: Option<Duration>,
    /// Where to plant breakpoints: `fewest` for as few as tell everything, `stretches` for one in each
    /// stretch of straight-line code, as a process is always attached to, `all` for every line address, to compare
    #[arg(long, value_name = "WHERE", default_value = "fewest", hide_default_value = true)]
    probe: ProbeMode,
    /// Measure only lines that no file in the data directory has yet: for the union of many runs; per-process
    /// data is then incomplete
    #[arg(long, conflicts_with_all = ["context_by", "context_function"])]
    only_new: bool,
    /// Tell of each line once in the whole run: what any process has run has a breakpoint in no other, now or later. For
    /// servers that fork a process a connection and for test suites; per-process data is then incomplete
    #[arg(long, conflicts_with_all = ["fork", "context_by", "context_function"])]
    once: bool,
    /// Record which files each process and test opens, for `cov-trace affected`
    #[arg(long)]
    files: bool,
    /// What a forked child starts with: `all` breakpoints, for lines of its own, or `inherit` for only those that its
    /// parent had left, which costs nothing at a fork
    #[arg(long, value_name = "HOW", default_value = "all", hide_default_value = true)]
    fork: Fork,
    /// Read the debug info of every image again, and keep nothing of it for later
    #[arg(long)]
    no_cache: bool,
    /// Say nothing unless something fails
    #[arg(short, long)]
    quiet: bool,
    /// Log every stop of the measured threads, for cov-trace's own tests
    #[arg(long, value_name = "FILE", hide = true)]
    stop_log: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ProbeMode {
    /// Only where no other breakpoint implies the line
    Fewest,
    /// At the end of each stretch of straight-line code, as long as it tells anything new
    #[value(alias = "runs")]
    Stretches,
    /// At every line address, each until it was hit
    All,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Fork {
    /// All breakpoints: its lines are its own
    #[value(alias = "anew")]
    All,
    /// What its parent had left: the union is complete, its own data is not
    Inherit,
}

impl MeasuringArguments {
    pub(super) fn validated(self, cwd: &Path) -> Result<front::FrontOptions, CliError> {
        let (contexts, functions) = self.contexts.validated()?;
        if functions.is_some() && matches!(self.fork, Fork::Inherit) {
            let text = "with --fork=inherit it is not known what a function runs that is a context\n";
            return Err(clap::Error::raw(ErrorKind::ArgumentConflict, text).into());
        }
        Ok(front::FrontOptions {
            trust: self.data.trust(),
            data: self.data.validated(),
            selection: Scope {
                project: if self.all || self.filter.chooses() { None } else { project(cwd) },
                is_chosen: self.filter.chooses(),
                sources: self.filter.sources(cwd),
                modules: self.filter.modules(cwd),
                probing: match self.probe {
                    ProbeMode::Fewest => Probing::Dominators,
                    ProbeMode::Stretches => Probing::Stretches,
                    ProbeMode::All => Probing::All,
                },
                only_new: self.only_new,
                files: self.files,
                functions,
            },
            forks: match self.fork {
                _ if self.once => Forks::Once,
                Fork::All => Forks::Rearm,
                Fork::Inherit => Forks::Inherit,
            },
            cache: if self.no_cache { None } else { cache_folder(|name| std::env::var_os(name)) },
            labels: by_key(self.label)?,
            contexts,
            limit: self.limit,
            quiet: self.quiet,
            on_supervisor_death: OnTracerDeath::LetGo,
            stop_log: self.stop_log,
        })
    }
}

/// The project that the working directory is in, if that is not everything.
pub(super) fn project(cwd: &Path) -> Option<Project> {
    let called = std::env::var_os("PWD").map(PathBuf::from).filter(|called| called.is_absolute());
    let called = called.filter(|called| called.canonicalize().is_ok_and(|real| real == cwd));
    Project::around(cwd, called.as_deref(), git_root(cwd))
}

/// Where what was read of images is kept (XDG Base Directory Specification): relative paths do not count.
pub(super) fn cache_folder(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let absolute = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?;
    Some(base.join("cov-trace"))
}

/// A number of seconds, or a duration with units.
fn duration(text: &str) -> Result<Duration, String> {
    const EXAMPLES: &str = "give seconds or units, such as 90, 90s, 5m or 1h30m";
    let seconds = text.parse::<u32>().ok().map(|seconds| SignedDuration::from_secs(seconds.into()));
    let parsed = match seconds {
        Some(seconds) => seconds,
        None => text.parse::<SignedDuration>().map_err(|_| EXAMPLES.to_owned())?,
    };
    match Duration::try_from(parsed) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        Ok(_) | Err(_) => Err(format!("it must be longer than nothing; {EXAMPLES}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_is_where_caches_are() {
        let folder = |cache: &str, home: &str| {
            let value = |name: &str| if name == "HOME" { home } else { cache }.to_owned();
            cache_folder(|name| Some(value(name).into()).filter(|value: &OsString| !value.is_empty()))
        };
        assert_eq!(folder("/c", "/h"), Some("/c/cov-trace".into()));
        assert_eq!(folder("c", "/h"), Some("/h/.cache/cov-trace".into()));
        assert_eq!(folder("", "/h"), Some("/h/.cache/cov-trace".into()));
        assert_eq!(folder("", ""), None);
    }

    #[test]
    fn durations_are_seconds_or_have_units() {
        for (text, millis) in [("90", 90_000), ("90s", 90_000), ("5m", 300_000), ("1h30m", 5_400_000), ("250ms", 250)] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "0", "-5", "-5s", "5 parsecs", "5m ago", "1e9", "99999999999999999999s", "nan"] {
            assert!(duration(text).is_err_and(|error| error.contains("1h30m")), "{text}");
        }
    }
}
