//! `cov-trace stability`: what ran in some runs of a build and not in others.

use super::output::{print, print_json, tell};
use super::selection::{Audience, DataArguments, DataSelection, PlaceArguments, context_pattern};
use super::{CliError, CommandOutcome};
use crate::report::{ContextPattern, Selection, Stability, StabilityFound, printable, shown_ranges};
use clap::Args;
use std::path::{Path, PathBuf};

#[derive(Clone, Debug, Args)]
pub(super) struct StabilityArguments {
    /// Data directories; their runs are compared. By default those of --data
    #[arg(value_name = "DATA")]
    others: Vec<PathBuf>,
    /// Only contexts whose label matches; may be repeated
    #[arg(long, value_name = "GLOB", value_parser = context_pattern)]
    context: Vec<ContextPattern>,
    /// Write JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    places: PlaceArguments,
    #[command(flatten)]
    data: DataArguments,
}

/// What to compare, and how to show it.
#[derive(Clone, Debug)]
pub(super) struct StabilityOptions {
    pub data: Vec<DataSelection>,
    json: bool,
}

impl StabilityArguments {
    pub(super) fn validated(self, cwd: &Path) -> StabilityOptions {
        let mut selection = Selection::all();
        selection.contexts = self.context;
        let mut usual = DataSelection::of(self.data, selection);
        usual.selection.paths = self.places.paths(cwd, usual.trust, Audience::Person);
        let data = match self.others.is_empty() {
            true => vec![usual],
            false => self.others.into_iter().map(|data| DataSelection { data, ..usual.clone() }).collect(),
        };
        StabilityOptions { data, json: self.json }
    }
}

pub(super) fn stability(options: &StabilityOptions) -> Result<CommandOutcome, CliError> {
    let found = compared(options)?;
    if options.json {
        print_json(&json(&found))?;
        return Ok(CommandOutcome::Success);
    }
    print(&text(&found))?;
    let labels = found.unstable.iter().map(|found| &found.label);
    let unstable = labels.collect::<std::collections::BTreeSet<_>>().len();
    match found.compared {
        0 => tell("no build was in two runs, so nothing could be compared: measure the same build again"),
        compared => tell(&format!("{unstable} of {compared} contexts differ between {} runs", found.runs)),
    }
    Ok(CommandOutcome::Success)
}

fn compared(options: &StabilityOptions) -> Result<StabilityFound, CliError> {
    let mut stability = Stability::default();
    for data in &options.data {
        data.read(|mut record| {
            record.contexts.iter_mut().zip(0..).for_each(|(label, context)| {
                if !data.selection.takes_context(label) {
                    record.hits.retain(|hits| hits.context != context);
                    label.clear();
                }
            });
            record.spans.retain(|span| data.selection.takes_context(&span.label));
            stability.add(&record);
        })?;
    }
    let paths = options.data.first().map(|data| data.selection.paths.clone()).unwrap_or_default();
    Ok(stability.finish(&paths))
}

/// What was found, as an answer.
pub(super) fn answer(options: &StabilityOptions) -> Result<serde_json::Value, CliError> {
    compared(options).map(|found| json(&found))
}

fn text(found: &StabilityFound) -> String {
    let name = |label: &str| if label.is_empty() { "(no context)".to_owned() } else { printable(label).into_owned() };
    let mut text = String::new();
    for lines in &found.unstable {
        let many = if lines.lines.len() == 1 { "" } else { "at most " };
        text.push_str(&format!(
            "{}: {}:{} ran in {many}{} of {} runs\n",
            name(&lines.label),
            printable(&lines.source),
            shown_ranges(&lines.lines.ranges()),
            lines.ran_in,
            lines.runs
        ));
    }
    for (label, some, all) in &found.sometimes {
        text.push_str(&format!("{}: is in {some} of {all} runs\n", name(label)));
    }
    text
}

fn json(found: &StabilityFound) -> serde_json::Value {
    let unstable = found.unstable.iter().map(|lines| {
        serde_json::json!({
            "label": lines.label, "image": lines.image, "file": lines.source,
            "lines": lines.lines.iter().collect::<Vec<_>>(), "ran_in": lines.ran_in, "runs": lines.runs,
        })
    });
    let sometimes = found
        .sometimes
        .iter()
        .map(|(label, some, all)| serde_json::json!({ "label": label, "in_runs": some, "runs": all }));
    serde_json::json!({
        "runs": found.runs, "compared": found.compared, "unstable": unstable.collect::<Vec<_>>(),
        "sometimes": sometimes.collect::<Vec<_>>(),
    })
}
