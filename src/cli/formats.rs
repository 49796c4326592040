//! The commands that write what ran for other tools: `lcov`, `cobertura`, `json`, `codecov`, `sonarqube`, `coveralls`.
//!
//! Invariant: messages about a result never go where the result goes.

use super::output::{print, tell};
use super::selection::{Audience, SourceArguments, SourceSelection};
use super::{CliError, CommandOutcome, Output};
use crate::report::{self, Checksums, ContextLines, Report, TestNames};
use clap::Args;
use std::path::Path;

/// The most that GitLab takes of a Cobertura file, in bytes.
const GITLAB_LARGEST: usize = 10 << 20;

#[derive(Clone, Debug, Args)]
pub(super) struct FormatArguments {
    /// Where to write it; - is standard output
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    output: Output,
    #[command(flatten)]
    selection: SourceArguments,
}

#[derive(Clone, Debug, Args)]
pub(super) struct LcovArguments {
    #[command(flatten)]
    format: FormatArguments,
    /// Write a digest of every line, by which readers notice that a source is another one
    ///
    /// Only of sources that are there and were not changed since they were measured.
    #[arg(long)]
    checksum: bool,
    /// Write what ran in each context by itself, as a test (TN), of whose name only letters and digits are kept
    #[arg(long)]
    by_context: bool,
}

#[derive(Clone, Debug, Args)]
pub(super) struct JsonArguments {
    #[command(flatten)]
    format: FormatArguments,
    /// Print the JSON Schema, which tells what every field means, and nothing else
    #[arg(long, exclusive = true)]
    schema: bool,
}

/// What to write, of what, and where to.
#[derive(Clone, Debug)]
pub(super) struct FormatOptions {
    pub format: ExportFormat,
    pub selection: SourceSelection,
    pub output: Output,
}

/// The tests of an LCOV tracefile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LcovTests {
    /// One without a name.
    One,
    /// One for each context.
    Contexts,
}

/// A format that other tools read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ExportFormat {
    /// An LCOV tracefile.
    Lcov(Checksums, LcovTests),
    Cobertura,
    /// Our own JSON.
    Json,
    /// The schema of our own JSON.
    JsonSchema,
    Codecov,
    /// SonarQube's generic XML.
    SonarQube,
    Coveralls,
}

impl FormatArguments {
    pub(super) fn validated(self, format: ExportFormat, cwd: &Path) -> Result<FormatOptions, CliError> {
        let selection = self.selection.validated(cwd, Audience::Tool)?;
        Ok(FormatOptions { format, selection, output: self.output })
    }
}

impl LcovArguments {
    pub(super) fn validated(self, cwd: &Path) -> Result<FormatOptions, CliError> {
        let checksums = if self.checksum { Checksums::OfLines } else { Checksums::Without };
        let tests = if self.by_context { LcovTests::Contexts } else { LcovTests::One };
        self.format.validated(ExportFormat::Lcov(checksums, tests), cwd)
    }
}

impl JsonArguments {
    pub(super) fn validated(self, cwd: &Path) -> Result<FormatOptions, CliError> {
        self.format.validated(if self.schema { ExportFormat::JsonSchema } else { ExportFormat::Json }, cwd)
    }
}

pub(super) fn write(options: &FormatOptions) -> Result<CommandOutcome, CliError> {
    if options.format == ExportFormat::JsonSchema {
        print(report::JSON_SCHEMA)?;
        return Ok(CommandOutcome::Success);
    }
    let sources = options.selection.data.survey()?;
    let mut contexts = match options.format {
        ExportFormat::Lcov(_, LcovTests::Contexts) | ExportFormat::Json => {
            Some(ContextLines::new(&options.selection.data.selection, &sources))
        }
        _ => None,
    };
    let (report, notes) = options.selection.report_with_notes(&sources, |record| {
        if let Some(contexts) = &mut contexts {
            contexts.add(record);
        }
    })?;
    let contexts = contexts.map(|contexts| contexts.finish(&report));
    let paths = &options.selection.data.selection.paths;
    let text = match options.format {
        ExportFormat::Lcov(checksums, _) => match contexts {
            None => report::lcov(&report, &report, "", checksums),
            Some(contexts) => {
                let mut text = String::new();
                let mut names = TestNames::default();
                let write = |label: &str, part: &Report| {
                    text.push_str(&report::lcov(part, &report, &names.next(label), checksums));
                };
                contexts.for_each_part(&report, write);
                text
            }
        },
        ExportFormat::Cobertura => report::cobertura(&report, paths.root.as_ref().unwrap_or(&paths.base)),
        ExportFormat::Json | ExportFormat::JsonSchema => {
            let labels = options.selection.data.labels()?;
            report::json(&report, &contexts.unwrap_or_default(), &labels, paths.root.as_deref(), &notes)
        }
        ExportFormat::Codecov => report::codecov(&report),
        ExportFormat::SonarQube => report::sonarqube(&report),
        ExportFormat::Coveralls => report::coveralls(&report),
    };
    options.output.write(&text, options.selection.data.trust)?;
    if options.format == ExportFormat::Cobertura && text.len() > GITLAB_LARGEST {
        tell(&format!(
            "warning: the report has {} MiB and GitLab takes at most 10; write several with --include",
            text.len().div_ceil(1 << 20)
        ));
    }
    Ok(CommandOutcome::Success)
}
