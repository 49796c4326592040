//! `cov-trace export`: single processes as a file that needs no other.

use super::output::tell;
use super::selection::{DataArguments, DataSelection, FilterArguments};
use super::{CliError, CommandOutcome};
use crate::report::Selection;
use crate::store::Writer;
use clap::Args;
use std::path::{Path, PathBuf};

#[derive(Clone, Debug, Args)]
pub(super) struct ExportArguments {
    /// Only the processes that had this pid; may be repeated
    #[arg(long, value_name = "PID", value_parser = clap::value_parser!(i32).range(1..))]
    pid: Vec<i32>,
    /// The file to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    data: DataArguments,
}

/// What to write where.
#[derive(Clone, Debug)]
pub(super) struct ExportOptions {
    selection: DataSelection,
    output: PathBuf,
}

impl ExportArguments {
    pub(super) fn validated(self, cwd: &Path) -> ExportOptions {
        let everything = FilterArguments::default();
        let selection = Selection {
            pids: self.pid.into_iter().collect(),
            sources: everything.sources(cwd),
            modules: everything.modules(cwd),
            contexts: Vec::new(),
            paths: crate::report::Paths::default(),
        };
        ExportOptions { selection: DataSelection::of(self.data, selection), output: self.output }
    }
}

pub(super) fn export(options: &ExportOptions) -> Result<CommandOutcome, CliError> {
    let mut records = Vec::new();
    options.selection.read(|record| records.push(record))?;
    Writer::new()?.write_all(&options.output, &records)?;
    let processes = if records.len() == 1 { "process" } else { "processes" };
    tell(&format!("wrote {} {processes} to {}", records.len(), options.output.display()));
    Ok(CommandOutcome::Success)
}
