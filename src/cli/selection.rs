//! The options of every command that reads measurements: which data directory, and what of it.

use super::CliError;
use super::output::tell;
use crate::filter::{ModuleFilter, Pattern, SourceFilter};
use crate::recorder;
use crate::report::{Coverage, Merge, Selection, read_selected};
use crate::store::{DataDir, ProcessRecord};
use clap::Args;
use globset::{Glob, GlobMatcher};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The data directory unless another is named.
const DEFAULT_DATA: &str = ".cov-trace";

/// The environment variable that names another.
const DATA_VARIABLE: &str = "COV_TRACE_DATA";

/// Where the measurements are.
#[derive(Clone, Debug, Args)]
pub(super) struct DataArguments {
    /// The directory of the measurements [env: COV_TRACE_DATA] [default: .cov-trace]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Which sources and images are meant.
#[derive(Clone, Debug, Args)]
pub(super) struct FilterArguments {
    /// Only sources that match; may be repeated
    ///
    /// A pattern with a / is matched against the absolute path and against the path relative to the working directory;
    /// if it matches a directory, everything below counts. A pattern without a / names a file anywhere, or a directory
    /// anywhere below the working directory. * stays within one name, ** crosses directories.
    #[arg(long, value_name = "GLOB", help_heading = "Filters")]
    include: Vec<Pattern>,
    /// No sources that match, even if they are included; may be repeated
    #[arg(long, value_name = "GLOB", help_heading = "Filters")]
    exclude: Vec<Pattern>,
    /// Only executables and libraries that match; may be repeated
    ///
    /// A pattern without a / is matched against the file's name, one with a / against its path.
    #[arg(long, value_name = "GLOB", help_heading = "Filters")]
    module: Vec<Pattern>,
}

/// What of the measurements is meant.
#[derive(Clone, Debug, Args)]
pub(super) struct SelectionArguments {
    #[command(flatten)]
    data: DataArguments,
    /// Only this process; may be repeated
    #[arg(long, value_name = "PID", value_parser = clap::value_parser!(i32).range(1..), help_heading = "Filters")]
    pid: Vec<i32>,
    #[command(flatten)]
    filter: FilterArguments,
    /// Only what ran under contexts whose label matches; may be repeated
    #[arg(long, value_name = "GLOB", value_parser = context, help_heading = "Filters")]
    context: Vec<GlobMatcher>,
}

impl DataArguments {
    pub(super) fn validated(self) -> PathBuf {
        let from_environment = || std::env::var_os(DATA_VARIABLE).filter(|value| !value.is_empty());
        let named = self.data.or_else(|| from_environment().map(PathBuf::from));
        named.unwrap_or_else(|| PathBuf::from(DEFAULT_DATA))
    }
}

fn context(text: &str) -> Result<GlobMatcher, globset::Error> {
    Ok(Glob::new(text)?.compile_matcher())
}

impl FilterArguments {
    pub(super) fn sources(&self, cwd: &Path) -> SourceFilter {
        SourceFilter::new(&self.include, &self.exclude, cwd)
    }

    pub(super) fn modules(&self, cwd: &Path) -> ModuleFilter {
        ModuleFilter::new(&self.module, cwd)
    }
}

impl SelectionArguments {
    pub(super) fn validated(self, cwd: &Path) -> DataSelection {
        DataSelection {
            data: self.data.validated(),
            selection: Selection {
                pids: self.pid.into_iter().collect(),
                sources: self.filter.sources(cwd),
                modules: self.filter.modules(cwd),
                contexts: self.context,
            },
        }
    }
}

/// Turns what a killed run left into files; what stands in the way is told and the rest is read all the same.
fn pick_up(data: &DataDir) {
    match recorder::recover(data) {
        Ok(runs) => runs.iter().for_each(|run| match run {
            Ok(run) => tell(&run.to_string()),
            Err(error) => tell(&format!("warning: {error}")),
        }),
        Err(error) => tell(&format!("warning: {error}")),
    }
}

/// A data directory and what of it is meant.
#[derive(Clone, Debug)]
pub struct DataSelection {
    /// The data directory.
    pub data: PathBuf,
    /// What is meant.
    pub selection: Selection,
}

impl DataSelection {
    /// Reads what is meant, process by process, and tells of files that cannot be read; returns the runs under way.
    pub(super) fn read(&self, take: impl FnMut(ProcessRecord)) -> Result<BTreeSet<String>, CliError> {
        let data = DataDir::open_for_reading(&self.data)?;
        pick_up(&data);
        // Before the files: a run that ends in between is then shown as live, not as cut short.
        let live = data.live_runs()?.into_iter().collect();
        for error in read_selected(&data, &self.selection, take)? {
            tell(&format!("warning: left out: {error}"));
        }
        Ok(live)
    }

    /// Merges what is meant, and tells what lowers its truth.
    pub(super) fn merge(&self) -> Result<Coverage, CliError> {
        let mut merge = Merge::new(&self.selection);
        let mut images = 0;
        let live = self.read(|record| {
            images += record.images.iter().filter(|image| !image.files.is_empty()).count();
            merge.add(&record);
        })?;
        let coverage = merge.finish();
        for note in coverage.notes.lines(&live) {
            tell(&format!("warning: {note}"));
        }
        if coverage.files.is_empty() {
            let cause = match images {
                0 => "no executable or library with line information was mapped; build with -g",
                _ => "no source matches --include, --exclude and --module",
            };
            return Err(CliError::NothingLeft { path: self.data.clone(), cause });
        }
        Ok(coverage)
    }
}
