//! `cov-trace erase`: removes measurements.

use super::output::{print, tell};
use super::selection::DataArguments;
use super::{CliError, CommandOutcome};
use crate::report::printable;
use crate::store::{DataDir, Erased, StoreError};
use clap::Args;
use platform::Trust;
use std::path::{Path, PathBuf};

#[derive(Clone, Debug, Args)]
pub(super) struct EraseArguments {
    /// Only what this run measured, by its name, as ps and warnings tell it; may be repeated
    #[arg(long, value_name = "RUN")]
    run: Vec<String>,
    #[command(flatten)]
    data: DataArguments,
}

/// What to remove.
#[derive(Clone, Debug)]
pub(super) struct EraseOptions {
    /// The data directory.
    pub data: PathBuf,
    /// Whose data directory is used.
    pub trust: Trust,
    /// The runs; all if there is none.
    pub runs: Vec<String>,
}

impl EraseArguments {
    pub(super) fn validated(self) -> EraseOptions {
        EraseOptions { trust: self.data.trust(), data: self.data.validated(), runs: self.run }
    }
}

pub(super) fn erase(options: &EraseOptions) -> Result<CommandOutcome, CliError> {
    let data = match DataDir::open_trusting(&options.data, options.trust) {
        // What is to be gone is gone.
        Err(StoreError::NoDirectory { path }) => {
            tell(&format!("nothing to erase: {} does not exist", path.display()));
            return Ok(CommandOutcome::Success);
        }
        opened => opened?,
    };
    let erased = data.erase_runs(&|run| options.runs.is_empty() || options.runs.iter().any(|meant| meant == run))?;
    if !options.runs.is_empty() && erased.processes + erased.runs.len() + erased.live.len() == 0 {
        return Err(CliError::NoSuchRun { runs: options.runs.join(", "), path: options.data.clone() });
    }
    print(&format!("{}\n", printable(&removed(&erased, &options.data))))?;
    if !erased.live.is_empty() {
        tell(&format!(
            "kept what is being measured right now: {}; erase again when it has ended",
            counted(erased.live.len(), "run", "runs")
        ));
    }
    if !erased.foreign.is_empty() && options.runs.is_empty() {
        let names: Vec<String> = erased.foreign.iter().map(|name| name.display().to_string()).collect();
        tell(&format!("left what is not cov-trace's: {}", names.join(", ")));
    }
    Ok(CommandOutcome::Success)
}

fn removed(erased: &Erased, path: &Path) -> String {
    let mut parts = vec![counted(erased.processes, "process", "processes")];
    if !erased.runs.is_empty() {
        parts.push(counted(erased.runs.len(), "run that was cut short", "runs that were cut short"));
    }
    if erased.temporaries > 0 {
        parts.push(counted(erased.temporaries, "unfinished file", "unfinished files"));
    }
    let directory = if erased.directory { ", and the directory itself" } else { "" };
    format!("erased {} from {}{directory}", parts.join(", "), path.display())
}

fn counted(count: usize, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}
