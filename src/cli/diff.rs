//! `cov-trace diff REV`: the coverage of what changed.

use super::git::{self, asked, revision};
use super::output::{judged, print, stdout_colour, tell};
use super::selection::{Audience, SourceArguments, SourceSelection};
use super::{CliError, CommandOutcome};
use crate::filter::git_root;
use crate::report::{Changes, Format, Layout, Rows, Sort, SortKey, Threshold, annotations, printable, table};
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};

#[derive(Clone, Debug, Args)]
pub(super) struct DiffArguments {
    /// The revision: lines changed since the last commit that it shares with HEAD count, as well as those not committed
    #[arg(value_name = "REV", value_parser = revision)]
    revision: String,
    /// What to print: text, markdown (as for a job summary), github (commands that put notes beside the lines), or total,
    /// the percentage alone
    #[arg(long, value_enum, default_value_t = DiffFormat::Text, hide_possible_values = true)]
    format: DiffFormat,
    /// Exit with status 2 if the coverage of the changed lines is below this percentage
    ///
    /// The exact coverage is compared, not the rounded one that is shown.
    #[arg(long, value_name = "PERCENT")]
    fail_under: Option<Threshold>,
    /// Decimals of the percentages
    #[arg(long, value_name = "DECIMALS", default_value_t = 1, value_parser = clap::value_parser!(u8).range(..=9))]
    precision: u8,
    #[command(flatten)]
    selection: SourceArguments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DiffFormat {
    Text,
    Markdown,
    Github,
    Total,
}

/// What to compare, and how to show it.
#[derive(Clone, Debug)]
pub(super) struct DiffOptions {
    revision: String,
    /// The top of the git working tree.
    root: PathBuf,
    format: DiffFormat,
    fail_under: Option<Threshold>,
    decimals: u8,
    selection: SourceSelection,
}

impl DiffArguments {
    pub(super) fn validated(self, cwd: &Path) -> Result<DiffOptions, CliError> {
        let root = git_root(cwd).ok_or_else(|| CliError::no_tree(&self.revision))?;
        let mut selection = self.selection.validated(cwd, Audience::Tool)?;
        // Whatever names are relative to otherwise: these are compared with git's.
        selection.data.selection.paths.root = Some(root.clone());
        Ok(DiffOptions {
            revision: self.revision,
            root,
            format: self.format,
            fail_under: self.fail_under,
            decimals: self.precision,
            selection,
        })
    }
}

pub(super) fn diff(options: &DiffOptions) -> Result<CommandOutcome, CliError> {
    let changes = changes(options)?;
    let mut report = options.selection.report()?;
    let names: Vec<&str> = report.files.iter().map(|file| file.name.as_str()).collect();
    let unknown = untracked(options, &names);
    if !unknown.is_empty() {
        tell(&format!("warning: measured and not known to git, so not compared (git add): {}", unknown.join(", ")));
    }
    let unmeasured = changes.narrow(&mut report);
    if !unmeasured.is_empty() {
        tell(&format!("warning: changed and not measured: {}", unmeasured.join(", ")));
    }
    let total = report.total();
    if total.lines == 0 {
        tell(&format!("no line with code that was measured changed since {}", printable(&options.revision)));
    }
    let layout = |format| Layout {
        format,
        rows: Rows::Files,
        skip_covered: false,
        sort: Sort { key: SortKey::File, descending: false },
        show_missing: true,
        decimals: options.decimals,
        colour: stdout_colour(),
    };
    print(&match options.format {
        DiffFormat::Text => table(&report, layout(Format::Text)),
        DiffFormat::Markdown => table(&report, layout(Format::Markdown)),
        DiffFormat::Total => table(&report, layout(Format::Total)),
        DiffFormat::Github => annotations(&report),
    })?;
    Ok(judged(total, options.fail_under))
}

/// Asks git what changed.
fn changes(options: &DiffOptions) -> Result<Changes, CliError> {
    let failed = |cause: String| CliError::Git { what: format!("compare with {:?}", options.revision), cause };
    let words = [
        &["-c", "diff.noprefix=true", "-c", "diff.mnemonicPrefix=false", "diff", "--merge-base", "--no-color"][..],
        &["--no-ext-diff", "--no-textconv", "--no-prefix", "--find-renames", "--submodule=diff", "--unified=0"],
        &["--end-of-options", &options.revision, "--"],
    ];
    Ok(Changes::read(&asked(&options.root, words.concat()).map_err(failed)?))
}

/// Which of these names are files that git does not know and does not ignore.
fn untracked(options: &DiffOptions, names: &[&str]) -> Vec<String> {
    let printed = git::untracked(&options.root).unwrap_or_default();
    let others = git::paths(&printed).map(|path| path.to_string_lossy());
    others.filter(|other| names.contains(&other.as_ref())).map(|other| other.into_owned()).collect()
}
