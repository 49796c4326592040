//! `cov-trace html`: a site to read offline.

use super::selection::{Audience, SourceArguments, SourceSelection};
use super::{CliError, CommandOutcome};
use crate::report::{ContextLines, Growth, HtmlSite, Now, Runners};
use crate::store::UnixMillis;
use clap::Args;
use jiff::tz::TimeZone;
use std::path::{Path, PathBuf};

#[derive(Clone, Debug, Args)]
pub(super) struct HtmlArguments {
    /// The folder to write it to; replaced if it holds a report that was written before, refused if it holds anything else
    #[arg(short, long, value_name = "DIR", default_value = "coverage-html")]
    output: PathBuf,
    /// What it calls what was measured [default: the name of the directory that names are relative to]
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    #[command(flatten)]
    selection: SourceArguments,
}

/// What to write, and where.
#[derive(Clone, Debug)]
pub(super) struct HtmlOptions {
    pub selection: SourceSelection,
    /// What it is called.
    pub title: String,
    pub output: PathBuf,
}

impl HtmlArguments {
    pub(super) fn validated(self, cwd: &Path) -> Result<HtmlOptions, CliError> {
        let selection = self.selection.validated(cwd, Audience::Tool)?;
        let root = selection.data.selection.paths.root.as_deref().unwrap_or(cwd);
        let name = || root.file_name().map_or("/".into(), |name| name.to_string_lossy().into_owned());
        Ok(HtmlOptions { title: self.title.unwrap_or_else(name), selection, output: self.output })
    }
}

pub(super) fn html(options: &HtmlOptions) -> Result<CommandOutcome, CliError> {
    let selection = &options.selection.data.selection;
    let sources = options.selection.data.survey()?;
    let mut runners = Runners::new(selection, &sources);
    let mut contexts = ContextLines::new(selection, &sources);
    let mut growth = Growth::new(selection);
    // Before the files: a run that ends in between is then shown as live, not as cut short.
    let live = options.selection.data.open()?.live_runs()?;
    let report = options.selection.report_of(&sources, |record| {
        runners.add(record);
        contexts.add(record);
        growth.add(record);
    })?;
    let now =
        Now { time: UnixMillis(platform::unix_millis()), live: live.into_iter().collect(), zone: TimeZone::system() };
    let labels = options.selection.data.labels()?;
    let site = HtmlSite {
        title: options.title.clone(),
        report: &report,
        runners: &runners,
        labels: &labels,
        contexts: &contexts.finish(&report),
        growth: &growth,
        now: &now,
    };
    site.write(&options.output, options.selection.data.trust)?;
    Ok(CommandOutcome::Success)
}
