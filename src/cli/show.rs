//! `cov-trace show FILE...`: sources with what ran of them.

use super::output::{print, stdout_colour};
use super::selection::{Audience, SourceArguments, SourceSelection};
use super::{CliError, CommandOutcome};
use crate::report::{Placer, Runner, Showing, lines_of, printable, show as shown};
use crate::store::Numbits;
use clap::Args;
use std::collections::BTreeMap;
use std::path::Path;

#[derive(Clone, Debug, Args)]
pub(super) struct ShowArguments {
    /// The sources, by their path or the end of it
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    /// Only the lines that did not run, and so many around them [default: 3]
    #[arg(
        short,
        long,
        value_name = "LINES",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "3"
    )]
    missed: Option<u32>,
    /// Decimals of the percentages
    #[arg(long, value_name = "DECIMALS", default_value_t = 1, value_parser = clap::value_parser!(u8).range(..=9))]
    precision: u8,
    #[command(flatten)]
    selection: SourceArguments,
}

/// What to show, and how.
#[derive(Clone, Debug)]
pub(super) struct ShowOptions {
    /// The sources, as they were named.
    pub files: Vec<String>,
    pub selection: SourceSelection,
    pub showing: Showing,
}

impl ShowArguments {
    pub(super) fn validated(self, cwd: &Path) -> Result<ShowOptions, CliError> {
        Ok(ShowOptions {
            files: self.files,
            selection: self.selection.validated(cwd, Audience::Person)?,
            showing: Showing { colour: stdout_colour(), around_missed: self.missed, decimals: self.precision },
        })
    }
}

pub(super) fn show(options: &ShowOptions) -> Result<CommandOutcome, CliError> {
    let selection = &options.selection.data.selection;
    let is_named = |path: &Path| options.files.iter().any(|name| path.ends_with(name.trim_start_matches("./")));
    let mut runners: BTreeMap<String, BTreeMap<i32, Numbits>> = BTreeMap::new();
    let sources = options.selection.data.survey()?;
    let mut placer = Placer::new(&sources);
    let report = options.selection.report_of(&sources, |record| {
        for (path, hits) in placer.hits(selection, record) {
            if is_named(Path::new(path)) {
                let of_file = runners.entry(path.to_owned()).or_default();
                of_file.entry(record.head.pid).or_default().union_with(&hits.lines);
            }
        }
    })?;
    if let Some(name) = options.files.iter().find(|name| report.named(name).is_empty()) {
        return Err(CliError::NoSuchSource { name: printable(name).into_owned() });
    }
    let mut text = String::new();
    for file in options.files.iter().flat_map(|name| report.named(name)) {
        let lines = file.text().map(|text| lines_of(file, &text, options.showing.colour)).unwrap_or_default();
        let of_file = runners.get(&file.path).into_iter().flatten();
        let of_file: Vec<Runner> = of_file.map(|(pid, lines)| Runner { pid: *pid, lines: lines.clone() }).collect();
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&shown(file, &lines, &of_file, options.showing));
    }
    print(&text)?;
    Ok(CommandOutcome::Success)
}
