//! The options of every command that reads measurements: which data directory, and what of it.

use super::CliError;
use super::output::tell;
use super::progress::Progress;
use super::trust::TrustArguments;
use crate::filter::{ModuleFilter, Pattern, SourceFilter, git_root, plain};
use crate::recorder;
use crate::report::{
    ChosenSources, ContextPattern, Exclusions, Merge, PathMap, Paths, Report, Selection, ShownSources, Survey,
    read_selected, survey_selected,
};
use crate::store::{DataDir, ProcessRecord, Reader, RunLabels, StoreError};
use clap::Args;
use globset::{Glob, GlobMatcher};
use platform::Trust;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
    #[command(flatten)]
    trust: TrustArguments,
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
    #[arg(long, value_name = "GLOB", value_parser = context_pattern, help_heading = "Filters")]
    context: Vec<ContextPattern>,
    /// Nothing of what ran under contexts whose label matches; may be repeated
    #[arg(long, value_name = "GLOB", value_parser = context_pattern, help_heading = "Filters")]
    exclude_context: Vec<ContextPattern>,
}

/// What reports of sources show, and how they call it.
#[derive(Clone, Debug, Args)]
pub(super) struct SourceArguments {
    #[command(flatten)]
    selection: SelectionArguments,
    #[command(flatten)]
    places: PlaceArguments,
    /// Show whole paths
    #[arg(long, help_heading = "Sources")]
    absolute_paths: bool,
    /// Lines that match do not count, as those with LCOV_EXCL_LINE, GCOVR_EXCL_LINE or "pragma: no cover" and those
    /// between LCOV_EXCL_START and LCOV_EXCL_STOP; may be repeated
    #[arg(long, value_name = "REGEX", help_heading = "Sources")]
    exclude_line: Vec<String>,
}

/// Where sources are.
#[derive(Clone, Debug, Args)]
pub(super) struct PlaceArguments {
    /// Sources whose path starts with FROM, a glob, are found where TO says; may be repeated, the first that matches counts
    ///
    /// A TO that is relative is below --source-root.
    #[arg(long, value_name = "FROM=TO", help_heading = "Sources")]
    map: Vec<PathMap>,
    /// What names are relative to, and where relative paths of the debug info are
    ///
    /// By default the working directory; for files that other tools read, the top of the git working tree that it is in.
    #[arg(long, value_name = "DIR", help_heading = "Sources")]
    source_root: Option<PathBuf>,
}

/// Who reads a report, which tells what names are relative to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Audience {
    /// Somebody in the working directory.
    Person,
    /// A tool, which wants paths in the repository.
    Tool,
}

impl DataArguments {
    /// Whose data directory is used.
    pub(super) fn trust(&self) -> Trust {
        self.trust.validated()
    }

    pub(super) fn validated(self) -> PathBuf {
        let from_environment = || std::env::var_os(DATA_VARIABLE).filter(|value| !value.is_empty());
        let named = self.data.or_else(|| from_environment().map(PathBuf::from));
        named.unwrap_or_else(|| PathBuf::from(DEFAULT_DATA))
    }
}

/// A glob on a command line.
pub(super) fn glob(text: &str) -> Result<GlobMatcher, globset::Error> {
    Ok(Glob::new(text)?.compile_matcher())
}

/// A glob for labels of contexts, or a label.
pub(super) fn context_pattern(text: &str) -> Result<ContextPattern, Infallible> {
    Ok(ContextPattern::new(text))
}

impl FilterArguments {
    pub(super) fn sources(&self, cwd: &Path) -> SourceFilter {
        SourceFilter::new(&self.include, &self.exclude, cwd)
    }

    /// Whether sources or images are named that are meant.
    pub(super) fn chooses(&self) -> bool {
        !self.include.is_empty() || !self.module.is_empty()
    }

    pub(super) fn modules(&self, cwd: &Path) -> ModuleFilter {
        ModuleFilter::new(&self.module, cwd)
    }
}

impl SelectionArguments {
    pub(super) fn validated(self, cwd: &Path) -> DataSelection {
        let selection = Selection {
            pids: self.pid.into_iter().collect(),
            runs: BTreeSet::new(),
            sources: self.filter.sources(cwd),
            modules: self.filter.modules(cwd),
            contexts: self.context,
            without_contexts: self.exclude_context,
            named: None,
            paths: Paths::default(),
        };
        DataSelection::of(self.data, selection)
    }
}

impl SourceArguments {
    pub(super) fn validated(self, cwd: &Path, reader: Audience) -> Result<SourceSelection, CliError> {
        let mut data = self.selection.validated(cwd);
        data.selection.paths = self.places.paths(cwd, data.trust, reader);
        if self.absolute_paths {
            data.selection.paths.root = None;
        }
        let exclusions =
            Exclusions::new(&self.exclude_line).map_err(|source| CliError::ExcludeLine { source: Box::new(source) })?;
        Ok(SourceSelection { data, exclusions })
    }
}

impl PlaceArguments {
    pub(super) fn paths(self, cwd: &Path, trust: Trust, reader: Audience) -> Paths {
        let root = self.source_root.map(|root| plain(&cwd.join(root)));
        let base_is_given = root.is_some();
        let base = root.clone().unwrap_or_else(|| cwd.to_owned());
        let usual = match reader {
            Audience::Person => None,
            Audience::Tool => git_root(cwd),
        };
        let asked: Vec<PathBuf> = root.iter().cloned().collect();
        let mut expected = vec![cwd.to_owned()];
        expected.extend(git_root(cwd).filter(|top| is_trusted(&top.join(".git"), trust)));
        expected.extend(self.map.iter().map(|map| plain(&base.join(map.target()))));
        let sources = Arc::new(ShownSources::of(trust, &asked, &expected));
        let root = root.or(usual).unwrap_or_else(|| cwd.to_owned());
        Paths { maps: self.map, base, base_is_given, root: Some(root), sources }
    }
}

/// Whether a trusted user owns something.
fn is_trusted(path: &Path, trust: Trust) -> bool {
    path.symlink_metadata().is_ok_and(|found| trust.takes(found.uid()))
}

/// Turns what a killed run left into files; what prevents that is reported and the rest is read all the same.
pub(super) fn pick_up(data: &DataDir) {
    match recorder::recover(data) {
        Ok(runs) => runs.iter().for_each(|run| match run {
            Ok(run) => tell(&run.to_string()),
            Err(error) => tell(&format!("warning: {error}")),
        }),
        Err(error) => tell(&format!("warning: {error}")),
    }
}

/// Sources of what is meant in a data directory.
#[derive(Clone, Debug)]
pub(super) struct SourceSelection {
    /// The data directory and what is meant.
    pub data: DataSelection,
    /// Lines that do not count.
    pub exclusions: Exclusions,
}

impl SourceSelection {
    /// Merges what is meant and finds its sources, and tells what lowers its truth.
    pub(super) fn report(&self) -> Result<Report, CliError> {
        self.report_of(&self.data.survey()?, |_| ())
    }

    /// The same; `take` sees every process.
    pub(super) fn report_of(
        &self,
        sources: &ChosenSources,
        take: impl FnMut(&ProcessRecord),
    ) -> Result<Report, CliError> {
        self.report_with_notes(sources, take).map(|(report, _)| report)
    }

    /// The same, with what it told.
    pub(super) fn report_with_notes(
        &self,
        sources: &ChosenSources,
        mut take: impl FnMut(&ProcessRecord),
    ) -> Result<(Report, Vec<String>), CliError> {
        let mut merge = Merge::new(&self.data.selection, sources);
        let mut images = 0;
        let live = self.data.read(|record| {
            images += record.images.iter().filter(|image| !image.files.is_empty()).count();
            merge.add(&record);
            take(&record);
        })?;
        let report = Report::prepare(merge.finish(), &self.data.selection.paths, &self.exclusions);
        let notes = report.notes.lines(&live);
        for note in &notes {
            tell(&format!("warning: {note}"));
        }
        if report.files.is_empty() {
            let cause = match images {
                0 => "no executable or library with line information was mapped; build with -g",
                _ => "no source matches --include, --exclude and --module, or all lines are excluded",
            };
            return Err(CliError::NothingLeft { path: self.data.data.clone(), cause });
        }
        Ok((report, notes))
    }
}

/// A data directory and what of it is meant.
#[derive(Clone, Debug)]
pub(super) struct DataSelection {
    /// The data directory.
    pub data: PathBuf,
    /// Whose data directory is used.
    pub trust: Trust,
    /// What is meant.
    pub selection: Selection,
    /// Reads the images of the data once, however often it is read.
    pub reader: Reader,
}

impl DataSelection {
    /// What is meant of the data that was named.
    pub(super) fn of(data: DataArguments, selection: Selection) -> Self {
        DataSelection { trust: data.trust(), data: data.validated(), selection, reader: Reader::default() }
    }

    /// Opens the data directory.
    pub(super) fn open(&self) -> Result<DataDir, StoreError> {
        DataDir::open_trusting(&self.data, self.trust)
    }

    /// The labels of the runs in the data directory.
    pub(super) fn labels(&self) -> Result<RunLabels, StoreError> {
        RunLabels::of_data(&self.open()?, &self.reader)
    }

    /// Looks which sources there are, and which builds count for them.
    pub(super) fn survey(&self) -> Result<ChosenSources, CliError> {
        let data = self.open()?;
        pick_up(&data);
        let mut survey = Survey::new(&self.selection);
        survey_selected(&data, &self.reader, &self.selection, &mut survey)?;
        Ok(survey.finish())
    }

    /// Reads what is meant, process by process, and tells of files that cannot be read; returns the runs under way.
    pub(super) fn read(&self, take: impl FnMut(ProcessRecord)) -> Result<BTreeSet<String>, CliError> {
        let (live, unreadable) = self.read_what_can_be(take)?;
        for error in unreadable {
            tell(&format!("warning: left out: {error}"));
        }
        Ok(live)
    }

    /// The same; returns the runs under way, and what is wrong with the files that cannot be read.
    pub(super) fn read_what_can_be(
        &self,
        take: impl FnMut(ProcessRecord),
    ) -> Result<(BTreeSet<String>, Vec<StoreError>), CliError> {
        let data = self.open()?;
        pick_up(&data);
        // Before the files: a run that ends in between is then shown as live, not as cut short.
        let live = data.live_runs()?.into_iter().collect();
        let progress = Progress::new(0, "reading");
        let unreadable = read_selected(&data, &self.reader, &self.selection, &|done, of| progress.at(done, of), take)?;
        drop(progress);
        Ok((live, unreadable))
    }
}
