//! `cov-trace export`: processes as a file that needs no other, or as tables for the engines that query those of a fleet.

use super::output::tell;
use super::selection::{DataArguments, DataSelection};
use super::{CliError, CommandOutcome};
use crate::fleet::FleetExport;
use crate::report::Selection;
use crate::store::{ProcessUnion, Union, Writer};
use clap::{ArgGroup, Args};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[derive(Clone, Debug, Args)]
#[command(group = ArgGroup::new("target").required(true))]
pub(super) struct ExportArguments {
    /// Only the processes that had this pid; may be repeated
    #[arg(long, value_name = "PID", value_parser = clap::value_parser!(i32).range(1..))]
    pid: Vec<i32>,
    /// Only processes of this run, by its name, as ps tells it; may be repeated
    #[arg(long, value_name = "RUN")]
    run: Vec<String>,
    /// The file to write
    #[arg(short, long, value_name = "FILE", group = "target")]
    output: Option<PathBuf>,
    /// The folder to write Parquet tables to; runs that it has are replaced, a folder that holds anything else is refused
    #[arg(long, value_name = "DIR", group = "target")]
    parquet: Option<PathBuf>,
    #[command(flatten)]
    data: DataArguments,
}

/// What to write where.
#[derive(Clone, Debug)]
pub(super) struct ExportOptions {
    selection: DataSelection,
    target: Target,
}

#[derive(Clone, Debug)]
enum Target {
    File(PathBuf),
    Parquet(PathBuf),
}

impl ExportArguments {
    pub(super) fn validated(self) -> ExportOptions {
        let (pids, runs) = (self.pid.into_iter().collect(), self.run.into_iter().collect());
        let selection = Selection { pids, runs, ..Selection::all() };
        let target = match (self.parquet, self.output) {
            (Some(folder), _) => Target::Parquet(folder),
            (None, file) => Target::File(file.expect("invariant: clap requires one of the two")),
        };
        ExportOptions { selection: DataSelection::of(self.data, selection), target }
    }
}

pub(super) fn export(options: &ExportOptions) -> Result<CommandOutcome, CliError> {
    match &options.target {
        Target::File(path) => export_file(&options.selection, path),
        Target::Parquet(path) => export_tables(&options.selection, path),
    }
}

fn export_file(selection: &DataSelection, path: &Path) -> Result<CommandOutcome, CliError> {
    let (mut union, mut runs) = (ProcessUnion::default(), BTreeSet::new());
    selection.read(|record| {
        if !runs.contains(&record.head.run) {
            runs.insert(record.head.run.clone());
        }
        union.add(record, |file| file.path.clone());
    })?;
    let mut labels = selection.labels()?;
    labels.keep_runs(&runs);
    let processes = union.processes();
    let (images, records) = union.into_records("");
    Writer::new()?.write_all(path, &images, records, &labels)?;
    told(processes, path);
    Ok(CommandOutcome::Success)
}

fn export_tables(selection: &DataSelection, path: &Path) -> Result<CommandOutcome, CliError> {
    // Before anything is written: a data directory that is missing leaves nothing.
    selection.open()?;
    let mut export = FleetExport::new(path, selection.trust)?;
    let mut failed = None;
    selection.read(|record| {
        if failed.is_none() {
            failed = export.add(&record).err();
        }
    })?;
    if let Some(error) = failed {
        return Err(error.into());
    }
    told(export.finish(&selection.labels()?)?, path);
    Ok(CommandOutcome::Success)
}

fn told(processes: u64, path: &Path) {
    let what = if processes == 1 { "process" } else { "processes" };
    tell(&format!("wrote {processes} {what} to {}", path.display()));
}
