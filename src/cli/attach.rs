//! `cov-trace attach PID...`: measures processes that run.

use super::measuring::MeasuringArguments;
use super::{CliError, CommandOutcome};
use crate::front;
use crate::recorder::Probing;
use clap::Args;
use platform::Pid;
use std::path::Path;

#[derive(Clone, Debug, Args)]
pub(super) struct AttachArguments {
    #[command(flatten)]
    measuring: MeasuringArguments,
    /// Measure the descendants that they have already, too
    ///
    /// Those that they make from now on are measured in any case.
    #[arg(long)]
    children: bool,
    /// Afterwards, compare the text of every process with its files
    #[arg(long)]
    verify_detach: bool,
    /// The processes
    #[arg(required = true, value_name = "PID", value_parser = clap::value_parser!(i32).range(1..))]
    pids: Vec<i32>,
}

/// What to attach to, and how to measure it.
#[derive(Clone, Debug)]
pub(super) struct AttachOptions {
    /// How to measure.
    pub measuring: front::FrontOptions,
    pub attach: front::Attach,
}

impl AttachArguments {
    pub(super) fn validated(self, cwd: &Path) -> Result<AttachOptions, CliError> {
        let pids = self.pids.into_iter().map(Pid).collect();
        let mut measuring = self.measuring.validated(cwd)?;
        // A thread in the middle of a function has executed what comes before in it, but not while it was measured.
        if measuring.selection.probing == Probing::Dominators {
            measuring.selection.probing = Probing::Stretches;
        }
        let attach = front::Attach { pids, children: self.children, verify: self.verify_detach };
        Ok(AttachOptions { measuring, attach })
    }
}

pub(super) fn attach(options: &AttachOptions) -> Result<CommandOutcome, CliError> {
    Ok(CommandOutcome::Program(front::attach(&options.measuring, &options.attach)?))
}
