//! `cov-trace contexts`: what contexts there are.

use super::output::{print, print_json, tell};
use super::selection::{Audience, SourceArguments, SourceSelection};
use super::{CliError, CommandOutcome};
use crate::report::{ContextLines, ContextRow, contexts_table, smallest, smallest_table};
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
    /// Only the fewest that together ran all lines, in the order in which they are chosen: each adds more than any other
    /// would, and the table says how many lines
    #[arg(long, conflicts_with_all = ["unique", "redundant", "empty", "sort"])]
    minimize: bool,
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
    pub selection: SourceSelection,
    arguments: ContextsArguments,
}

impl ContextsArguments {
    pub(super) fn validated(self, cwd: &Path) -> Result<ContextsOptions, CliError> {
        Ok(ContextsOptions { selection: self.selection.clone().validated(cwd, Audience::Person)?, arguments: self })
    }
}

/// The contexts that are meant, in their order, each with what it adds if the fewest are.
type Shown = Vec<(ContextRow, Option<u64>)>;

/// The contexts as an answer.
pub(super) fn answer(options: &ContextsOptions) -> Result<serde_json::Value, CliError> {
    let (shown, _) = found(options)?;
    let all = shown.iter().map(|(row, adds)| {
        let mut json = json(row);
        if let Some(adds) = adds {
            json["adds"] = (*adds).into();
        }
        json
    });
    Ok(serde_json::json!({ "contexts": all.collect::<Vec<_>>() }))
}

/// What is meant, and what there is to tell of the others.
fn found(options: &ContextsOptions) -> Result<(Shown, Option<String>), CliError> {
    let arguments = &options.arguments;
    let sources = options.selection.data.survey()?;
    let mut contexts = ContextLines::new(&options.selection.data.selection, &sources);
    let report = options.selection.report_of(&sources, |record| contexts.add(record))?;
    let contexts = contexts.finish(&report);
    if arguments.minimize {
        let chosen = smallest(&contexts);
        let all = contexts.rows.iter().filter(|row| !row.label.is_empty()).count();
        let note = format!("{} of {all} contexts ran all lines that any did", chosen.len());
        let shown = chosen.iter().map(|chosen| (contexts.rows[chosen.context].clone(), Some(chosen.adds)));
        return Ok((shown.collect(), Some(note)));
    }
    let meant = |row: &ContextRow| {
        (arguments.empty || row.lines > 0)
            && (!arguments.unique || row.unique > 0)
            && (!arguments.redundant || row.unique == 0)
    };
    let empty = contexts.rows.iter().filter(|row| row.lines == 0).count();
    let mut shown: Vec<ContextRow> = contexts.rows.into_iter().filter(meant).collect();
    match arguments.sort {
        ContextSort::Label => {}
        ContextSort::Lines => shown.sort_by_key(|row| Reverse(row.lines)),
        ContextSort::Unique => shown.sort_by_key(|row| Reverse(row.unique)),
        ContextSort::Time => shown.sort_by_key(|row| Reverse(row.millis)),
    }
    let note =
        (empty > 0 && !arguments.empty).then(|| format!("{empty} more ran no line that counts; --empty lists them"));
    Ok((shown.into_iter().map(|row| (row, None)).collect(), note))
}

pub(super) fn contexts(options: &ContextsOptions) -> Result<CommandOutcome, CliError> {
    if options.arguments.json {
        print_json(&answer(options)?)?;
        return Ok(CommandOutcome::Success);
    }
    let (shown, note) = found(options)?;
    let adding: Vec<(&ContextRow, u64)> = shown.iter().filter_map(|(row, adds)| Some((row, (*adds)?))).collect();
    let rows: Vec<&ContextRow> = shown.iter().map(|(row, _)| row).collect();
    print(&if options.arguments.minimize { smallest_table(&adding) } else { contexts_table(&rows) })?;
    note.iter().for_each(|note| tell(note));
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
