//! `cov-trace export`: single processes as a file that needs no other.

use super::output::tell;
use super::selection::{DataArguments, DataSelection};
use super::{CliError, CommandOutcome};
use crate::report::Selection;
use crate::store::{ProcessUnion, Union, Writer};
use clap::Args;
use std::path::PathBuf;

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
    pub(super) fn validated(self) -> ExportOptions {
        let selection = Selection { pids: self.pid.into_iter().collect(), ..Selection::all() };
        ExportOptions { selection: DataSelection::of(self.data, selection), output: self.output }
    }
}

pub(super) fn export(options: &ExportOptions) -> Result<CommandOutcome, CliError> {
    let mut union = ProcessUnion::default();
    options.selection.read(|record| union.add(record, |file| file.path.clone()))?;
    let records = union.into_records("");
    let mut labels = options.selection.labels()?;
    labels.keep_runs(&records.iter().map(|record| record.head.run.clone()).collect());
    Writer::new()?.write_all(&options.output, &records, &labels)?;
    let processes = if records.len() == 1 { "process" } else { "processes" };
    tell(&format!("wrote {} {processes} to {}", records.len(), options.output.display()));
    Ok(CommandOutcome::Success)
}
