//! `cov-trace affected`: the tests that a change concerns.

use super::git::revision;
use super::measuring::cache_folder;
use super::output::{print, print_json, tell};
use super::selection::{Audience, DataArguments, DataSelection, PlaceArguments, SourceSelection, context_pattern};
use super::tree::{NoTree, WorkingTree};
use super::{CliError, CommandOutcome};
use crate::affected::{
    Builds, ChangedFiles, Evidence, Questions, Reason, Runner, SelectedTest, Sources, Versions, skipping,
};
use crate::cache::Cache;
use crate::filter::{Pattern, SourceFilter, git_root, plain};
use crate::report::{ContextLines, ContextPattern, Exclusions, Selection, printable, smallest};
use clap::{Args, ValueEnum};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[derive(Clone, Debug, Args)]
pub(super) struct AffectedArguments {
    /// The files that are not as they are in this revision of git changed, as well as sources that are not as they were
    /// measured
    #[arg(long, value_name = "REV", value_parser = revision, help_heading = "What changed")]
    diff: Option<String>,
    /// These files changed, or will; may be given with --diff
    #[arg(long, value_name = "FILE", num_args = 1.., help_heading = "What changed")]
    files: Vec<PathBuf>,
    /// Changed files that concern no test, such as documents; may be repeated
    #[arg(long, value_name = "GLOB", help_heading = "What changed")]
    ignore: Vec<Pattern>,
    /// NEW is what takes the place of OLD, an executable or library that was measured; may be repeated. Each other one is
    /// compared with what has its path now
    #[arg(long, num_args = 2, value_names = ["OLD", "NEW"], help_heading = "What changed")]
    binary: Vec<PathBuf>,
    /// These tests, too: labels that match; may be repeated
    #[arg(long, value_name = "GLOB", value_parser = context_pattern)]
    always: Vec<ContextPattern>,
    /// What to print: text or json, or the arguments, a line for each, with which a test runner leaves out what need not
    /// run: catch2, ctest, go, gtest, libtest (cargo test), nextest, pytest. Tests that are not known then run, too
    #[arg(long, value_enum, default_value_t = AffectedFormat::Text, hide_possible_values = true)]
    format: AffectedFormat,
    /// Put those first that are the likeliest to fail: those that failed, then those of whose lines most changed
    #[arg(long)]
    order: bool,
    /// Of those that a change concerns, only the fewest that together run all lines that they all ran: quicker, and a
    /// failure may be missed
    #[arg(long)]
    minimize: bool,
    #[command(flatten)]
    places: PlaceArguments,
    #[command(flatten)]
    data: DataArguments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum AffectedFormat {
    Text,
    Json,
    Catch2,
    Ctest,
    Go,
    Gtest,
    Libtest,
    Nextest,
    Pytest,
}

/// What to compare, and how to show it.
#[derive(Clone, Debug)]
pub(super) struct AffectedOptions {
    changed: Option<Asked>,
    instead: Vec<(PathBuf, PathBuf)>,
    always: Vec<ContextPattern>,
    format: AffectedFormat,
    order: bool,
    minimize: bool,
    /// The top of the git working tree, or the working directory.
    root: PathBuf,
    pub data: DataSelection,
}

/// What is said to have changed.
#[derive(Clone, Debug)]
struct Asked {
    revision: Option<String>,
    files: BTreeSet<PathBuf>,
    ignore: SourceFilter,
    root: Option<PathBuf>,
}

impl AffectedArguments {
    pub(super) fn validated(self, cwd: &Path) -> Result<AffectedOptions, CliError> {
        let (pairs, _) = self.binary.as_chunks::<2>();
        let instead = pairs.iter().map(|[old, new]| (cwd.join(old), cwd.join(new))).collect();
        let mut data = DataSelection::of(self.data, Selection::all());
        let root = git_root(cwd);
        let reader = if self.diff.is_some() { Audience::Tool } else { Audience::Person };
        data.selection.paths = self.places.paths(cwd, data.trust, reader);
        if let (Some(revision), None) = (&self.diff, &root) {
            return Err(CliError::no_tree(revision));
        }
        let top = root.clone().unwrap_or_else(|| cwd.to_owned());
        let changed = (self.diff.is_some() || !self.files.is_empty()).then(|| Asked {
            revision: self.diff,
            files: self.files.iter().map(|file| real_file(&cwd.join(file))).collect(),
            ignore: SourceFilter::new(&[], &self.ignore, cwd),
            root,
        });
        Ok(AffectedOptions {
            changed,
            instead,
            always: self.always,
            format: self.format,
            order: self.order,
            minimize: self.minimize,
            root: top,
            data,
        })
    }
}

pub(super) fn affected(options: &AffectedOptions) -> Result<CommandOutcome, CliError> {
    let tests = selected(options)?;
    let all = tests.len();
    let unaffected = || tests.iter().filter(|test| !test.is_affected()).map(|test| test.label.as_str());
    let skip =
        |runner| print(&skipping(runner, unaffected()).iter().map(|word| format!("{word}\n")).collect::<String>());
    match options.format {
        AffectedFormat::Text => print(&text(&tests))?,
        AffectedFormat::Json => print_json(&json(&tests))?,
        AffectedFormat::Catch2 => skip(Runner::Catch2)?,
        AffectedFormat::Ctest => skip(Runner::Ctest)?,
        AffectedFormat::Go => skip(Runner::Go)?,
        AffectedFormat::Gtest => skip(Runner::GoogleTest)?,
        AffectedFormat::Libtest => skip(Runner::Libtest)?,
        AffectedFormat::Nextest => skip(Runner::Nextest)?,
        AffectedFormat::Pytest => skip(Runner::Pytest)?,
    }
    tell(&format!("{} of {all} tests are affected", all - unaffected().count()));
    Ok(CommandOutcome::Success)
}

/// All tests, with why each must run.
fn selected(options: &AffectedOptions) -> Result<Vec<SelectedTest>, CliError> {
    let data = options.data.open()?;
    let cache = cache_folder(|name| std::env::var_os(name)).and_then(|folder| Cache::open(&folder));
    let mut tree = options.changed.as_ref().and_then(|asked| asked.root.clone()).map(WorkingTree::new);
    let changed =
        options.changed.as_ref().map(|asked| changed_files(asked, tree.as_mut(), &options.data)).transpose()?;
    let versions: &dyn Versions = tree.as_ref().map_or(&NoTree, |tree| tree);
    let sources = changed.map(|changed| Sources::new(options.data.selection.paths.clone(), changed, versions));
    let builds = Builds::new(&data, cache, options.instead.clone());
    let mut evidence = Evidence::new(Questions::new(builds, sources), options.root.clone());
    let (_live, unreadable) = options.data.read_what_can_be(|record| evidence.add(&record))?;
    if let Some(error) = unreadable.into_iter().next() {
        return Err(CliError::Unknowable { path: options.data.data.clone(), cause: error.to_string() });
    }
    if let Some(image) = evidence.unknown_images().first() {
        return Err(CliError::NoSuchImage { path: image.to_path_buf() });
    }
    let mut tests = evidence.finish(|label| options.always.iter().any(|always| always.takes(label)));
    if tests.is_empty() {
        return Err(CliError::NoTests { path: options.data.data.clone() });
    }
    for always in options.always.iter().filter(|always| !tests.iter().any(|test| always.takes(&test.label))) {
        tell(&format!("warning: --always {}: no test that was measured is called so", printable(always.text())));
    }
    if options.minimize && tests.iter().any(SelectedTest::is_affected) {
        minimize(&mut tests, &options.data)?;
    }
    if options.order {
        SelectedTest::sort_by_likelihood(&mut tests);
    }
    Ok(tests)
}

/// The tests that must run, as an answer.
pub(super) fn answer(options: &AffectedOptions) -> Result<serde_json::Value, CliError> {
    let mut tests = selected(options)?;
    let all = tests.len();
    tests.retain(SelectedTest::is_affected);
    let mut answer = json(&tests);
    answer["affected"] = tests.len().into();
    answer["of"] = all.into();
    Ok(answer)
}

/// Forgets why tests must run, but for the fewest that ran all that they ran, and those that were asked for.
fn minimize(tests: &mut [SelectedTest], data: &DataSelection) -> Result<(), CliError> {
    let mut selection = data.selection.clone();
    let affected: BTreeSet<String> =
        tests.iter().filter(|test| test.is_affected()).map(|test| test.label.clone()).collect();
    selection.contexts = affected.iter().map(|label| ContextPattern::new(label)).collect();
    let selection =
        SourceSelection { data: DataSelection { selection, ..data.clone() }, exclusions: Exclusions::default() };
    let sources = selection.data.survey()?;
    let mut contexts = ContextLines::new(&selection.data.selection, &sources);
    let report = selection.report_of(&sources, |record| contexts.add(record))?;
    let mut contexts = contexts.finish(&report);
    // A label may be a pattern that others match.
    let is_meant: Vec<bool> = contexts.rows.iter().map(|row| affected.contains(&row.label)).collect();
    for set in contexts.files.iter_mut().flatten() {
        set.contexts.retain(|context| is_meant[*context as usize]);
    }
    let kept: BTreeSet<&str> =
        smallest(&contexts).iter().map(|chosen| contexts.rows[chosen.context].label.as_str()).collect();
    for test in tests.iter_mut() {
        let is_kept = kept.contains(test.label.as_str())
            || test.reasons.contains(&Reason::Failed)
            || test.reasons.contains(&Reason::Always);
        if !is_kept {
            test.reasons.clear();
        }
    }
    Ok(())
}

/// Where a file is, whatever links lead to its folder; it may be gone.
fn real_file(path: &Path) -> PathBuf {
    let path = plain(path);
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
    folder.zip(path.file_name()).map_or(path.clone(), |(folder, name)| folder.join(name))
}

/// The files that changed, by git or as they were named, without those that concern nobody.
fn changed_files(
    asked: &Asked,
    tree: Option<&mut WorkingTree>,
    data: &DataSelection,
) -> Result<ChangedFiles, CliError> {
    let mut changed = match (tree, &asked.revision) {
        (Some(tree), Some(revision)) => tree.compare(revision)?,
        _ => ChangedFiles::default(),
    };
    changed.files.extend(asked.files.iter().cloned());
    // Of what was named it is not known whether it was there before.
    let own = std::path::absolute(&data.data).unwrap_or_else(|_| data.data.clone());
    changed.files.retain(|path| !path.starts_with(&own) && asked.ignore.takes(&path.to_string_lossy(), || None));
    // Of files of another machine nobody knows since when they are there.
    let host = platform::process::host_name();
    let is_own = |labels: &crate::store::LabelValues| host.is_some() && labels.get("host") == host.as_ref();
    if !data.labels()?.iter().all(|(_, labels)| is_own(labels)) {
        changed.untracked.clear();
    }
    Ok(changed)
}

/// Each test that must run, with the first reasons.
fn text(tests: &[SelectedTest]) -> String {
    const MOST: usize = 3;
    let line = |SelectedTest { label, reasons, .. }: &SelectedTest| {
        let mut said: Vec<String> =
            reasons.iter().take(MOST).map(|reason| printable(&reason.to_string()).into_owned()).collect();
        if reasons.len() > MOST {
            said.push(format!("{} more reasons", reasons.len() - MOST));
        }
        format!("{}: {}\n", printable(label), said.join("; "))
    };
    tests.iter().filter(|test| test.is_affected()).map(line).collect()
}

fn json(tests: &[SelectedTest]) -> serde_json::Value {
    let all = tests.iter().map(|test| {
        let SelectedTest { label, reasons, lines, changed_lines } = test;
        serde_json::json!({
            "label": label, "affected": test.is_affected(), "reasons": reasons, "lines": lines, "changed_lines": changed_lines,
        })
    });
    serde_json::json!({ "tests": all.collect::<Vec<_>>() })
}
