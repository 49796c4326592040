//! What ran in which context, for the scripts of the pages: what contexts there are, and by source and by context what ran.
//!
//! A page loads what it shows and no more: the sets of a source, each with its contexts, or for some contexts which of these
//! sets they have. No set is written twice.
//!
//! Invariant: names of files are ours, whatever the labels are.

use super::folder::OutputFolder;
use super::page::Page;
use super::{HtmlSite, SiteError, script};
use crate::report::model::contexts::{ContextResult, ContextRow};
use crate::report::model::shared_sets::{Contexts, SharedSet};
use crate::report::terminal::contexts::{kinds, name_of_context, result, shortened, time};
use crate::report::terminal::escape::printable;
use crate::store::Numbits;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::HashMap;

/// Contexts of one file; the script knows it.
const OF_FILE: usize = 128;

/// Letters of a function's name that are shown.
const MAX_LETTERS: usize = 240;

/// What the contexts are called on the pages, each by a name of its own.
pub(super) struct ContextNames(pub(super) Vec<String>);

impl ContextNames {
    /// Names in the order of the contexts.
    pub(super) fn of(contexts: &Contexts) -> Self {
        let mut names: Vec<String> = contexts.rows.iter().map(|row| name_of_context(&row.label).into_owned()).collect();
        let mut uses: HashMap<String, u32> = HashMap::new();
        names.iter().for_each(|name| *uses.entry(name.clone()).or_default() += 1);
        for (number, name) in names.iter_mut().enumerate().filter(|(_, name)| uses[name.as_str()] > 1) {
            name.push_str(&format!(" (context {number})"));
        }
        ContextNames(names)
    }
}

/// Whether what a context was opened for failed.
pub(super) fn is_failure(row: &ContextRow) -> bool {
    match row.result {
        ContextResult::Unknown | ContextResult::Exited(_) | ContextResult::Running => false,
        ContextResult::Failed(_) | ContextResult::Killed(_) => true,
    }
}

/// A context for the scripts: name, lines, those of its own, time in words and in milliseconds, result, whether that is a
/// failure, and what opened it.
type Listed<'a> = (&'a str, u64, u64, String, i64, String, bool, String);

/// What the scripts know of a source.
#[derive(Serialize)]
struct OfSource {
    /// Where its functions start, and their names.
    functions: Vec<(u32, String)>,
    /// Lines, functions by their positions, and contexts of each set, all as runs.
    sets: Vec<[Vec<usize>; 3]>,
}

/// Writes all of it.
pub(super) fn write(
    site: &HtmlSite<'_>,
    pages: &[Page<'_>],
    names: &ContextNames,
    folder: &OutputFolder,
) -> Result<(), SiteError> {
    let Contexts { rows, files } = site.contexts;
    let listed = rows.iter().zip(&names.0).map(|(row, name)| -> Listed<'_> {
        (name, row.lines, row.unique, time(row), row.millis, result(row.result), is_failure(row), kinds(row))
    });
    let listed: Vec<Listed<'_>> = listed.collect();
    folder.write("contexts/all.js", &format!("var covTraceContexts={};\n", script::json(&listed)))?;
    let sources: Vec<_> = pages
        .iter()
        .map(|page| (printable(&page.file.name), &page.path, page.file.coverage.executable.len()))
        .collect();
    folder.write("contexts/sources.js", &format!("var covTraceSources={};\n", script::json(&sources)))?;
    pages.par_iter().zip(files).enumerate().filter(|(_, (_, sets))| !sets.is_empty()).try_for_each(
        |(number, (page, sets))| {
            let name = format!("source-{number}");
            folder.write(&format!("contexts/{name}.js"), &held(&name, &of_source(page, sets)))
        },
    )?;
    for (number, contexts) in of_contexts(site.contexts).chunks(OF_FILE).enumerate() {
        let name = format!("context-{number}");
        folder.write(&format!("contexts/{name}.js"), &held(&name, &contexts))?;
    }
    Ok(())
}

/// A script that has data ready for the one that wanted it.
fn held(name: &str, data: &impl Serialize) -> String {
    format!("covTraceHold(\"{name}\",{});\n", script::json(data))
}

fn of_source(page: &Page<'_>, sets: &[SharedSet]) -> OfSource {
    let functions = page.functions.iter();
    let runs =
        |set: &Numbits| script::gaps(set.ranges().into_iter().map(|(first, last)| (first as usize, last as usize)));
    let of_set = |SharedSet { lines, functions, contexts }: &SharedSet| {
        let contexts: Numbits = contexts.iter().copied().collect();
        [runs(lines), runs(functions), runs(&contexts)]
    };
    OfSource {
        functions: functions
            .map(|(function, _)| (function.start, shortened(printable(&function.name), MAX_LETTERS).into_owned()))
            .collect(),
        sets: sets.iter().map(of_set).collect(),
    }
}

/// For each context, of each source of which something ran in it, four numbers: how many sources are between it and the one
/// before, which of the source's sets, and how many lines and functions that has.
fn of_contexts(contexts: &Contexts) -> Vec<Vec<u64>> {
    let mut found = vec![(Vec::new(), 0); contexts.rows.len()];
    for (file, sets) in (0..).zip(&contexts.files) {
        for (number, set) in (0..).zip(sets) {
            let counts = [number, set.lines.len(), set.functions.len()];
            for context in &set.contexts {
                let (numbers, next) = &mut found[*context as usize];
                numbers.push(file - *next);
                numbers.extend(counts);
                *next = file + 1;
            }
        }
    }
    found.into_iter().map(|(numbers, _)| numbers).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contexts(labels: &[&str]) -> Contexts {
        let row = |label: &&str| ContextRow { label: (*label).to_owned(), ..ContextRow::default() };
        Contexts { rows: labels.iter().map(row).collect(), files: Vec::new() }
    }

    #[test]
    fn names_are_short_harmless_and_of_one_context_each() {
        let long = "x".repeat(64 << 10);
        let other = format!("{long}y");
        let names = ContextNames::of(&contexts(&["", "a\n", "a\\n", "b", &long, &other])).0;
        assert_eq!(names[..4], ["(no context)", "a\\n (context 1)", "a\\n (context 2)", "b"]);
        assert!(names[4..].iter().all(|name| name.len() < 300) && names[4] != names[5], "{names:?}");
    }

    #[test]
    fn a_context_names_its_sets() {
        let set = |lines: &[u32], contexts: &[u32]| SharedSet {
            lines: lines.iter().copied().collect(),
            functions: [0].into_iter().collect(),
            contexts: contexts.to_vec(),
        };
        let files = vec![vec![set(&[1, 2], &[0, 2]), set(&[2], &[1])], Vec::new(), vec![set(&[7, 8, 9], &[2])]];
        let contexts = Contexts { files, ..contexts(&["a", "b", "c"]) };
        assert_eq!(of_contexts(&contexts), [vec![0, 0, 2, 1], vec![0, 1, 1, 1], vec![0, 0, 2, 1, 1, 0, 3, 1]]);
    }
}
