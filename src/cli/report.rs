//! `cov-trace report`: the table in the terminal.

use super::measuring::project;
use super::output::{judged, print, stdout_colour, tell};
use super::selection::{Audience, DataSelection, SourceArguments, SourceSelection};
use super::{CliError, CommandOutcome};
use crate::filter::Project;
use crate::report::{Format, Growth, GrowthRows, Layout, Now, Rows, Scopes, Sort, SortKey, Threshold, table};
use crate::store::UnixMillis;
use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;
use std::path::Path;
use std::str::FromStr;

#[derive(Clone, Debug, Args)]
pub(super) struct ReportArguments {
    /// What to print: text, markdown (as for a job summary), or total, the percentage alone
    #[arg(long, value_enum, default_value_t = ReportFormat::Text, hide_possible_values = true)]
    format: ReportFormat,
    /// A row for each function rather than for each source
    #[arg(long)]
    functions: bool,
    /// Leave out what ran in full
    #[arg(long)]
    skip_covered: bool,
    /// Show the lines that did not run
    ///
    /// A range such as 12-14 runs across lines that have no code.
    #[arg(short = 'm', long)]
    show_missing: bool,
    /// Order of the rows: file, lines, missed or cover, with a - in front for descending
    #[arg(long, value_name = "COLUMN", default_value = "file", allow_hyphen_values = true)]
    sort: SortColumn,
    /// Turn the order round
    #[arg(long)]
    reverse: bool,
    /// Exit with status 2 if the total coverage is below this percentage
    ///
    /// The exact coverage is compared, not the rounded one that is shown: 99.99 is below 100.
    #[arg(long, value_name = "PERCENT")]
    fail_under: Option<Threshold>,
    /// Decimals of the percentages
    ///
    /// 0% and 100% are only shown where they are exact.
    #[arg(long, value_name = "DECIMALS", default_value_t = 1, value_parser = clap::value_parser!(u8).range(..=9))]
    precision: u8,
    /// Show instead how the coverage of each run grew over time
    ///
    /// At most this many rows for each run [default: 40]; =all shows every moment at which lines were new. With --pid, how
    /// the coverage of each of these processes grew. All sources count: --include and the like cannot be applied.
    #[arg(
        long,
        value_name = "ROWS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "40",
        conflicts_with_all = ["include", "exclude", "module", "context", "show_missing", "fail_under"]
    )]
    growth: Option<GrowthRows>,
    #[command(flatten)]
    selection: SourceArguments,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ReportFormat {
    Text,
    Markdown,
    Total,
}

#[derive(Clone, Copy, Debug)]
struct SortColumn(Sort);

impl FromStr for SortColumn {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let (name, descending) = match text.strip_prefix('-') {
            Some(name) => (name, true),
            None => (text, false),
        };
        let key = match name {
            "file" => SortKey::File,
            "lines" => SortKey::Lines,
            "missed" => SortKey::Missed,
            "cover" => SortKey::Cover,
            _ => return Err("choose file, lines, missed or cover, with a - in front for descending"),
        };
        Ok(SortColumn(Sort { key, descending }))
    }
}

/// What to show, and how.
#[derive(Clone, Debug)]
pub(super) struct ReportOptions {
    pub selection: SourceSelection,
    /// How the table looks.
    pub layout: Layout,
    /// Whether to show growth over time instead.
    pub growth: Option<GrowthRows>,
    /// The project that the working directory is in.
    pub project: Option<Project>,
    /// What the total must reach.
    pub fail_under: Option<Threshold>,
}

impl ReportArguments {
    pub(super) fn validated(self, cwd: &Path) -> Result<ReportOptions, CliError> {
        let SortColumn(mut sort) = self.sort;
        sort.descending ^= self.reverse;
        Ok(ReportOptions {
            selection: self.selection.validated(cwd, Audience::Person)?,
            layout: Layout {
                format: match self.format {
                    ReportFormat::Text => Format::Text,
                    ReportFormat::Markdown => Format::Markdown,
                    ReportFormat::Total => Format::Total,
                },
                rows: if self.functions { Rows::Functions } else { Rows::Files },
                skip_covered: self.skip_covered,
                sort,
                show_missing: self.show_missing,
                decimals: self.precision,
                colour: stdout_colour(),
            },
            project: project(cwd),
            growth: self.growth,
            fail_under: self.fail_under,
        })
    }
}

pub(super) fn report(options: &ReportOptions) -> Result<CommandOutcome, CliError> {
    if let Some(rows) = options.growth {
        return print_growth(&options.selection.data, rows);
    }
    let mut scopes = Scopes::default();
    let sources = options.selection.data.survey()?;
    let report = options.selection.report_of(&sources, |record| scopes.add(record))?;
    for scope in scopes.projects_but(options.project.as_ref().map(Project::top)) {
        tell(&format!("scope: {scope} (--all measures everything)"));
    }
    print(&table(&report, options.layout))?;
    Ok(judged(report.total(), options.fail_under))
}

fn print_growth(selection: &DataSelection, rows: GrowthRows) -> Result<CommandOutcome, CliError> {
    let mut growth = Growth::new(&selection.selection);
    let live = selection.read(|record| growth.add(&record))?;
    let now = Now { time: UnixMillis(platform::unix_millis()), live, zone: TimeZone::system() };
    print(&growth.table(&now, rows))?;
    Ok(CommandOutcome::Success)
}
