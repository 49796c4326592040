//! `cov-trace what CONTEXT...`: what ran under contexts.

use super::output::{print, print_json, stdout_colour};
use super::selection::{Audience, SourceArguments, SourceSelection, context_pattern};
use super::{CliError, CommandOutcome};
use crate::report::{ContextPattern, ReportFile, Showing, functions_that_ran, lines_of, printable, show, what_table};
use clap::Args;
use std::path::Path;

#[derive(Clone, Debug, Args)]
pub(super) struct WhatArguments {
    /// The labels of the contexts, as globs; '' is what ran under none
    #[arg(required = true, value_name = "CONTEXT", value_parser = context_pattern)]
    contexts: Vec<ContextPattern>,
    /// Write JSON
    #[arg(long, conflicts_with = "annotated")]
    json: bool,
    /// Show the text of the sources, with what ran of them
    #[arg(long)]
    annotated: bool,
    #[command(flatten)]
    selection: SourceArguments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WhatFormat {
    Text,
    Json,
    Annotated,
}

/// What to show, and how.
#[derive(Clone, Debug)]
pub(super) struct WhatOptions {
    /// As they were given.
    labels: String,
    format: WhatFormat,
    pub selection: SourceSelection,
}

impl WhatArguments {
    pub(super) fn validated(self, cwd: &Path) -> Result<WhatOptions, CliError> {
        let mut selection = self.selection.validated(cwd, Audience::Person)?;
        let labels: Vec<&str> = self.contexts.iter().map(ContextPattern::text).collect();
        let labels = labels.join(", ");
        selection.data.selection.contexts = self.contexts;
        let format = match (self.json, self.annotated) {
            (true, _) => WhatFormat::Json,
            (false, true) => WhatFormat::Annotated,
            (false, false) => WhatFormat::Text,
        };
        Ok(WhatOptions { labels, format, selection })
    }
}

/// What was found, as an answer.
pub(super) fn answer(options: &WhatOptions) -> Result<serde_json::Value, CliError> {
    let all: Vec<serde_json::Value> = found(options)?.iter().map(json).collect();
    Ok(serde_json::json!({ "files": all }))
}

/// The sources of which something ran.
fn found(options: &WhatOptions) -> Result<Vec<ReportFile>, CliError> {
    let mut files = options.selection.report()?.files;
    files.retain(|file| !file.coverage.ran.is_empty());
    if files.is_empty() {
        return Err(CliError::NoSuchContext { labels: printable(&options.labels).into_owned() });
    }
    Ok(files)
}

pub(super) fn what(options: &WhatOptions) -> Result<CommandOutcome, CliError> {
    if options.format == WhatFormat::Json {
        print_json(&answer(options)?)?;
        return Ok(CommandOutcome::Success);
    }
    let files = found(options)?;
    let files: Vec<&ReportFile> = files.iter().collect();
    match options.format {
        WhatFormat::Text | WhatFormat::Json => print(&what_table(&files))?,
        WhatFormat::Annotated => {
            let showing = Showing { colour: stdout_colour(), around_missed: None, decimals: 1 };
            let source = |file: &&ReportFile| {
                let lines = file.text().map(|text| lines_of(file, &text, showing.colour)).unwrap_or_default();
                show(file, &lines, &[], showing)
            };
            print(&files.iter().map(source).collect::<Vec<_>>().join("\n"))?;
        }
    }
    Ok(CommandOutcome::Success)
}

fn json(file: &ReportFile) -> serde_json::Value {
    let functions: Vec<serde_json::Value> = functions_that_ran(file)
        .map(|function| serde_json::json!({ "name": function.name, "line": function.start }))
        .collect();
    serde_json::json!({
        "file": file.name, "lines": file.coverage.ran.iter().collect::<Vec<_>>(), "functions": functions,
    })
}
