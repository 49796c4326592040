//! `cov-trace -- PROGRAM [ARG...]`: measures a program.

use super::selection::{DataArguments, FilterArguments};
use super::{CliError, Outcome};
use crate::filter::{ModuleFilter, SourceFilter};
use crate::front;
use crate::recorder::Selection;
use clap::Args;
use platform::OnTracerDeath;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

#[derive(Clone, Debug, Args)]
pub(super) struct RunArguments {
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    filter: FilterArguments,
    /// End with the program, and go on measuring what it left running
    #[arg(long)]
    no_wait: bool,
    /// Kill the program and all its descendants if the supervisor is killed, rather than let them go on unmeasured
    #[arg(long)]
    kill_on_exit: bool,
    /// Say nothing unless something fails
    #[arg(short, long)]
    quiet: bool,
    /// Log every stop of the measured threads, for cov-trace's own tests
    #[arg(long, value_name = "FILE", hide = true)]
    stop_log: Option<PathBuf>,
    /// The program, and its arguments
    #[arg(last = true, required = true, value_name = "PROGRAM")]
    program: Vec<OsString>,
}

/// What to measure, and how.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// The data directory.
    pub data: PathBuf,
    /// The sources that are measured.
    pub sources: SourceFilter,
    /// The images that are measured.
    pub modules: ModuleFilter,
    /// Whether to end with the program rather than with its last descendant.
    pub no_wait: bool,
    /// Whether the program is to be killed if the supervisor is.
    pub kill_on_exit: bool,
    /// Whether to leave out the summary at the end.
    pub quiet: bool,
    /// Where to log what the supervisor hears.
    pub stop_log: Option<PathBuf>,
    /// The program, as one would name it in a shell.
    pub program: OsString,
    /// Its arguments.
    pub args: Vec<OsString>,
}

impl RunArguments {
    pub(super) fn validated(self, cwd: &Path) -> RunOptions {
        let mut words = self.program.into_iter();
        RunOptions {
            data: self.data.validated(),
            sources: self.filter.sources(cwd),
            modules: self.filter.modules(cwd),
            no_wait: self.no_wait,
            kill_on_exit: self.kill_on_exit,
            quiet: self.quiet,
            stop_log: self.stop_log,
            program: words.next().expect("invariant: clap requires a program"),
            args: words.collect(),
        }
    }
}

pub(super) fn run(options: &RunOptions) -> Result<Outcome, CliError> {
    let ended = front::run(&front::Options {
        data: options.data.clone(),
        selection: Selection { sources: options.sources.clone(), modules: options.modules.clone() },
        program: options.program.clone(),
        args: options.args.clone(),
        wait: !options.no_wait,
        quiet: options.quiet,
        on_supervisor_death: if options.kill_on_exit { OnTracerDeath::Kill } else { OnTracerDeath::LetGo },
        stop_log: options.stop_log.clone(),
    })?;
    Ok(Outcome::Program(ended))
}
