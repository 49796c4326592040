//! `cov-trace affected`: the tests that a change concerns.

use super::measuring::cache_folder;
use super::output::{print, print_json, tell};
use super::selection::{DataArguments, DataSelection, context_pattern};
use super::{CliError, CommandOutcome};
use crate::affected::{Builds, Evidence, Reason, Runner, Selected, skipping};
use crate::cache::Cache;
use crate::report::{ContextPattern, Selection, printable};
use clap::{Args, ValueEnum};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[derive(Clone, Debug, Args)]
pub(super) struct AffectedArguments {
    /// NEW is what takes the place of OLD, an executable or library that was measured; may be repeated. Each other one is
    /// compared with what has its path now
    #[arg(long, num_args = 2, value_names = ["OLD", "NEW"])]
    binary: Vec<PathBuf>,
    /// These tests, too: labels that match; may be repeated
    #[arg(long, value_name = "GLOB", value_parser = context_pattern)]
    always: Vec<ContextPattern>,
    /// What to print: text or json, or, a line for each, the arguments with which a test runner leaves out what need not
    /// run: gtest, libtest. Tests that are not known then run, too
    #[arg(long, value_enum, default_value_t = AffectedFormat::Text, hide_possible_values = true)]
    format: AffectedFormat,
    #[command(flatten)]
    data: DataArguments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum AffectedFormat {
    Text,
    Json,
    Gtest,
    Libtest,
}

/// What to compare, and how to show it.
#[derive(Clone, Debug)]
pub(super) struct AffectedOptions {
    instead: Vec<(PathBuf, PathBuf)>,
    always: Vec<ContextPattern>,
    format: AffectedFormat,
    data: DataSelection,
}

impl AffectedArguments {
    pub(super) fn validated(self, cwd: &Path) -> AffectedOptions {
        let (pairs, _) = self.binary.as_chunks::<2>();
        let instead = pairs.iter().map(|[old, new]| (cwd.join(old), cwd.join(new))).collect();
        let data = DataSelection::of(self.data, Selection::all());
        AffectedOptions { instead, always: self.always, format: self.format, data }
    }
}

pub(super) fn affected(options: &AffectedOptions) -> Result<CommandOutcome, CliError> {
    let data = options.data.open()?;
    let cache = cache_folder(|name| std::env::var_os(name)).and_then(|folder| Cache::open(&folder));
    let mut evidence = Evidence::new(Builds::new(&data, cache, options.instead.clone()));
    let (_live, unreadable) = options.data.read_what_can_be(|record| evidence.add(&record))?;
    if let Some(error) = unreadable.into_iter().next() {
        return Err(CliError::Unknowable { path: options.data.data.clone(), cause: error.to_string() });
    }
    let tests = evidence.finish(|label| options.always.iter().any(|always| always.takes(label)));
    if tests.is_empty() {
        return Err(CliError::NoTests { path: options.data.data.clone() });
    }
    let unaffected = || tests.iter().filter(|(_, reasons)| reasons.is_empty()).map(|(label, _)| label.as_str());
    let skip =
        |runner| print(&skipping(runner, unaffected()).iter().map(|word| format!("{word}\n")).collect::<String>());
    match options.format {
        AffectedFormat::Text => print(&text(&tests))?,
        AffectedFormat::Json => print_json(&json(&tests))?,
        AffectedFormat::Gtest => skip(Runner::GoogleTest)?,
        AffectedFormat::Libtest => skip(Runner::Libtest)?,
    }
    tell(&format!("{} of {} tests are affected", tests.len() - unaffected().count(), tests.len()));
    Ok(CommandOutcome::Success)
}

/// Each test that must run, with the first reasons.
fn text(tests: &Selected) -> String {
    const MOST: usize = 3;
    let line = |(label, reasons): (&String, &BTreeSet<Reason>)| {
        let mut said: Vec<String> =
            reasons.iter().take(MOST).map(|reason| printable(&reason.to_string()).into_owned()).collect();
        if reasons.len() > MOST {
            said.push(format!("{} more reasons", reasons.len() - MOST));
        }
        format!("{}: {}\n", printable(label), said.join("; "))
    };
    tests.iter().filter(|(_, reasons)| !reasons.is_empty()).map(line).collect()
}

fn json(tests: &Selected) -> serde_json::Value {
    let all = tests.iter().map(
        |(label, reasons)| serde_json::json!({ "label": label, "affected": !reasons.is_empty(), "reasons": reasons }),
    );
    serde_json::json!({ "tests": all.collect::<Vec<_>>() })
}
