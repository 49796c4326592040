//! `cov-trace -- PROGRAM [ARG...]`: measures a program.

use super::measuring::MeasuringArguments;
use super::{CliError, CommandOutcome};
use crate::front;
use clap::Args;
use platform::OnTracerDeath;
use std::ffi::OsString;
use std::path::Path;

#[derive(Clone, Debug, Args)]
pub(super) struct RunArguments {
    #[command(flatten)]
    measuring: MeasuringArguments,
    /// End with the program, and go on measuring what it left running
    #[arg(long)]
    no_wait: bool,
    /// Kill the program and all its descendants if the supervisor is killed, rather than let them go on unmeasured
    #[arg(long)]
    kill_on_exit: bool,
    /// The program, and its arguments
    #[arg(last = true, required = true, value_name = "PROGRAM")]
    program: Vec<OsString>,
}

/// What to measure, and how.
#[derive(Clone, Debug)]
pub(super) struct RunOptions {
    /// How, whatever it is.
    pub measuring: front::FrontOptions,
    /// Whether to end with the program rather than with its last descendant.
    pub no_wait: bool,
    /// The program, as one would name it in a shell.
    pub program: OsString,
    pub args: Vec<OsString>,
}

impl RunArguments {
    pub(super) fn validated(self, cwd: &Path) -> Result<RunOptions, CliError> {
        let mut words = self.program.into_iter();
        let mut measuring = self.measuring.validated(cwd)?;
        if self.kill_on_exit {
            measuring.on_supervisor_death = OnTracerDeath::Kill;
        }
        Ok(RunOptions {
            measuring,
            no_wait: self.no_wait,
            program: words.next().expect("invariant: clap requires a program"),
            args: words.collect(),
        })
    }
}

pub(super) fn run(options: &RunOptions) -> Result<CommandOutcome, CliError> {
    let launch = front::Launch { program: options.program.clone(), args: options.args.clone(), wait: !options.no_wait };
    let ended = front::run(&options.measuring, &launch)?;
    Ok(CommandOutcome::Program(ended))
}
