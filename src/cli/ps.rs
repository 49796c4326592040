//! `cov-trace ps`: the processes of the measurements.

use super::output::print;
use super::selection::{DataSelection, SelectionArguments};
use super::{CliError, CommandOutcome};
use crate::report::{Now, ProcessSummary, Width, tree};
use crate::store::UnixMillis;
use clap::Args;
use jiff::tz::TimeZone;
use std::path::Path;

#[derive(Clone, Debug, Args)]
pub(super) struct PsArguments {
    /// Show all arguments of the programs
    #[arg(short, long)]
    wide: bool,
    #[command(flatten)]
    selection: SelectionArguments,
}

/// What to list, and how.
#[derive(Clone, Debug)]
pub(super) struct PsOptions {
    pub selection: DataSelection,
    /// How much of the programs' arguments to show.
    pub width: Width,
}

impl PsArguments {
    pub(super) fn validated(self, cwd: &Path) -> PsOptions {
        PsOptions {
            selection: self.selection.validated(cwd),
            width: if self.wide { Width::Full } else { Width::Short },
        }
    }
}

pub(super) fn ps(options: &PsOptions) -> Result<CommandOutcome, CliError> {
    let mut processes = Vec::new();
    let selection = &options.selection.selection;
    let live = options.selection.read(|record| processes.push(ProcessSummary::new(&record, selection)))?;
    processes.sort_by(|one, other| one.head.cmp(&other.head));
    let labels = options.selection.labels()?;
    let now = Now { time: UnixMillis(platform::unix_millis()), live, zone: TimeZone::system() };
    print(&tree(&processes, &labels, &now, options.width))?;
    Ok(CommandOutcome::Success)
}
