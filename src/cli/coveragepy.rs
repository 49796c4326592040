//! `cov-trace coveragepy`: data files that coverage.py opens, and what its plugin has to know besides.
//!
//! Invariant: whatever fails, a file that is in place is whole, and what belongs to it came before it.

use super::progress::Progress;
use super::selection::{Audience, SourceArguments, SourceSelection};
use super::{CliError, CommandOutcome};
use crate::report::{self, Contexts, Snapshots, read_selected};
use crate::store::{
    DataKind, ProcessFile, RunLabels, Snapshot, Staged, StoreError, merged_snapshot_name, snapshot_name,
};
use clap::Args;
use platform::Folder;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the plugin reads. Its name is none that coverage.py would take for data.
const SOURCES: &str = "cov-trace.json";

#[derive(Clone, Debug, Args)]
pub(super) struct CoveragePyArguments {
    /// The directory to write them to; it is made where it is missing
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    output: PathBuf,
    /// Write one data file for all processes, instead of one for each
    #[arg(long)]
    merged: bool,
    /// Write data that can be combined with that of `coverage run --branch`
    ///
    /// Branches are not measured: a line that ran is written as an arc to itself.
    #[arg(long)]
    branch: bool,
    #[command(flatten)]
    selection: SourceArguments,
}

/// What to write, of what, and where to.
#[derive(Clone, Debug)]
pub(super) struct CoveragePyOptions {
    pub selection: SourceSelection,
    pub directory: PathBuf,
    /// Whether each process gets a file.
    pub files: DataFiles,
    /// Lines or arcs.
    pub kind: DataKind,
}

/// How many data files there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DataFiles {
    /// One for each process.
    Each,
    /// One for all.
    Merged,
}

impl CoveragePyArguments {
    pub(super) fn validated(self, cwd: &Path) -> Result<CoveragePyOptions, CliError> {
        Ok(CoveragePyOptions {
            selection: self.selection.validated(cwd, Audience::Tool)?,
            directory: self.output,
            files: if self.merged { DataFiles::Merged } else { DataFiles::Each },
            kind: if self.branch { DataKind::Arcs } else { DataKind::Lines },
        })
    }
}

pub(super) fn coveragepy(options: &CoveragePyOptions) -> Result<CommandOutcome, CliError> {
    let selection = &options.selection.data.selection;
    let sources_meant = options.selection.data.survey()?;
    let (report, notes) = options.selection.report_with_notes(&sources_meant, |_| ())?;
    const MODE: u32 = 0o777;
    let folder = Folder::open_or_make(&options.directory, options.selection.data.trust, MODE)
        .map(Arc::new)
        .map_err(|source| CliError::Write { subject: options.directory.display().to_string(), source })?;
    let sources =
        report::json(&report, &Contexts::default(), &RunLabels::default(), selection.paths.root.as_deref(), &notes);
    let sources = Staged::write(&folder, SOURCES.as_ref(), sources.as_bytes())?;

    // Only now is it known which lines count, so everything is read again; what cannot be read was told of before.
    let data = options.selection.data.open()?;
    let mut publication = Publication::new(options, folder);
    let mut snapshots = Snapshots::new(selection, &sources_meant, &report);
    let mut result = Ok(());
    let progress = Progress::new(0, "writing");
    read_selected(&data, &options.selection.data.reader, selection, &|done, of| progress.at(done, of), |record| {
        if result.is_ok() {
            result = publication.add(&ProcessFile::of(&record.head), &snapshots.of(&record));
        }
    })?;
    drop(progress);
    result?;
    let files = publication.finish()?;
    sources.publish()?;
    files.into_iter().try_for_each(Staged::publish)?;
    Ok(CommandOutcome::Success)
}

/// Data files that are not in their places yet.
struct Publication<'a> {
    options: &'a CoveragePyOptions,
    folder: Arc<Folder>,
    host: String,
    merged: Snapshot,
    staged: Vec<Staged>,
}

impl<'a> Publication<'a> {
    fn new(options: &'a CoveragePyOptions, folder: Arc<Folder>) -> Self {
        let host = platform::process::host_name().unwrap_or_else(|| "localhost".to_owned());
        Publication { options, folder, host, merged: Snapshot::default(), staged: Vec::new() }
    }

    fn add(&mut self, process: &ProcessFile, snapshot: &Snapshot) -> Result<(), StoreError> {
        match self.options.files {
            // A process without sources would have coverage.py warn of a file without data.
            DataFiles::Each if snapshot.files.is_empty() => Ok(()),
            DataFiles::Each => self.stage(&snapshot_name(&self.host, process), snapshot),
            DataFiles::Merged => {
                self.merged.union_with(snapshot);
                Ok(())
            }
        }
    }

    fn stage(&mut self, name: &str, snapshot: &Snapshot) -> Result<(), StoreError> {
        let bytes = snapshot.to_bytes(self.options.kind, &self.folder.path().join(name))?;
        self.staged.push(Staged::write(&self.folder, name.as_ref(), &bytes)?);
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<Staged>, StoreError> {
        if self.options.files == DataFiles::Merged {
            let merged = std::mem::take(&mut self.merged);
            self.stage(&merged_snapshot_name(&self.host), &merged)?;
        }
        Ok(self.staged)
    }
}
