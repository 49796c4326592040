//! `cov-trace contexts`: what contexts there are.

use super::output::{print, print_json, tell};
use super::selection::{Audience, SourceArguments, SourceSelection};
use super::{CliError, CommandOutcome};
use crate::report::{ContextLines, ContextRow, contexts_table};
use clap::{Args, ValueEnum};
use std::cmp::Reverse;
use std::path::Path;

#[derive(Clone, Debug, Args)]
pub(super) struct ContextsArguments {
    /// Only those with lines that no other context ran
    #[arg(long, conflicts_with = "redundant")]
    unique: bool,
    /// Only those of which other contexts ran every line. Without one of them another may not be redundant any more
    #[arg(long)]
    redundant: bool,
    /// Those that ran no line that counts, too
    #[arg(long)]
    empty: bool,
    /// The order of the rows
    #[arg(long, value_name = "KEY", default_value = "label")]
    sort: ContextSort,
    /// Write JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    selection: SourceArguments,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ContextSort {
    /// By label
    Label,
    /// Most lines first
    Lines,
    /// Most lines of their own first
    Unique,
    /// Longest first
    Time,
}

/// What to list, and how.
#[derive(Clone, Debug)]
pub(super) struct ContextsOptions {
    selection: SourceSelection,
    arguments: ContextsArguments,
}

impl ContextsArguments {
    pub(super) fn validated(self, cwd: &Path) -> Result<ContextsOptions, CliError> {
        Ok(ContextsOptions { selection: self.selection.clone().validated(cwd, Audience::Person)?, arguments: self })
    }
}

pub(super) fn contexts(options: &ContextsOptions) -> Result<CommandOutcome, CliError> {
    let arguments = &options.arguments;
    let sources = options.selection.data.survey()?;
    let mut contexts = ContextLines::new(&options.selection.data.selection, &sources);
    let report = options.selection.report_of(&sources, |record| contexts.add(record))?;
    let rows = contexts.finish(&report).rows;
    let meant = |row: &&ContextRow| {
        (arguments.empty || row.lines > 0)
            && (!arguments.unique || row.unique > 0)
            && (!arguments.redundant || row.unique == 0)
    };
    let mut shown: Vec<&ContextRow> = rows.iter().filter(meant).collect();
    match arguments.sort {
        ContextSort::Label => {}
        ContextSort::Lines => shown.sort_by_key(|row| Reverse(row.lines)),
        ContextSort::Unique => shown.sort_by_key(|row| Reverse(row.unique)),
        ContextSort::Time => shown.sort_by_key(|row| Reverse(row.millis)),
    }
    if arguments.json {
        let all: Vec<serde_json::Value> = shown.iter().map(|row| json(row)).collect();
        print_json(&serde_json::json!({ "contexts": all }))?;
        return Ok(CommandOutcome::Success);
    }
    print(&contexts_table(&shown))?;
    let empty = rows.iter().filter(|row| row.lines == 0).count();
    if empty > 0 && !arguments.empty {
        tell(&format!("{empty} more ran no line that counts; --empty lists them"));
    }
    Ok(CommandOutcome::Success)
}

/// A context as JSON.
fn json(row: &ContextRow) -> serde_json::Value {
    let ContextRow { label, kinds, lines, unique, millis, opened, begin, end, result } = row;
    serde_json::json!({
        "label": label, "kinds": kinds, "lines": lines, "unique_lines": unique, "milliseconds": millis, "opened": opened,
        "begin": begin, "end": end, "result": result,
    })
}
