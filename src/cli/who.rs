//! `cov-trace who FILE:LINE[-LINE]|FUNCTION`: the contexts that ran it.

use super::output::{print, print_json};
use super::selection::{Audience, SourceArguments, SourceSelection};
use super::{CliError, CommandOutcome};
use crate::report::{ChosenSources, ContextLines, ContextRow, Report, printable, who_table};
use crate::store::{FunctionFacts, Numbits};
use clap::Args;
use std::ops::RangeInclusive;
use std::path::Path;

#[derive(Clone, Debug, Args)]
pub(super) struct WhoArguments {
    /// Lines of a source, which is named by its path or the end of it, or a function by its demangled name, with or without
    /// the namespaces before it and the parameters behind it
    #[arg(value_name = "FILE:LINE[-LINE]|FUNCTION")]
    what: String,
    /// Write JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    selection: SourceArguments,
}

/// What to look for.
#[derive(Clone, Debug)]
pub(super) struct WhoOptions {
    what: Asked,
    json: bool,
    pub selection: SourceSelection,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Asked {
    Lines { file: String, lines: RangeInclusive<u32> },
    Function { name: String },
}

impl WhoArguments {
    pub(super) fn validated(self, cwd: &Path) -> Result<WhoOptions, CliError> {
        let selection = self.selection.validated(cwd, Audience::Person)?;
        Ok(WhoOptions { what: asked(&self.what), json: self.json, selection })
    }
}

/// What ends like a line is one: a name of C++ may have colons, but no number behind a single one.
fn asked(text: &str) -> Asked {
    let lines = text.rsplit_once(':').and_then(|(file, lines)| {
        let (first, last) = lines.split_once('-').unwrap_or((lines, lines));
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        (!file.is_empty() && first <= last).then(|| Asked::Lines { file: file.to_owned(), lines: first..=last })
    });
    lines.unwrap_or_else(|| Asked::Function { name: text.to_owned() })
}

/// Whether a function is meant by a name.
fn is_called(function: &FunctionFacts, name: &str) -> bool {
    let whole = function.name.as_str();
    let without_parameters = whole.split('(').next().unwrap_or(whole);
    [whole, without_parameters].into_iter().any(|whole| {
        whole == name || whole.strip_suffix(name).is_some_and(|before| before.ends_with("::") || before.ends_with('.'))
    })
}

/// What was asked for, as it is called, with the lines of it that have code and who ran them.
struct Found {
    name: String,
    lines: Numbits,
    who: Vec<(ContextRow, Numbits)>,
}

/// What was found, as an answer.
pub(super) fn answer(options: &WhoOptions) -> Result<serde_json::Value, CliError> {
    let all: Vec<serde_json::Value> = found(options)?.iter().map(json).collect();
    Ok(serde_json::json!({ "asked": all }))
}

fn found(options: &WhoOptions) -> Result<Vec<Found>, CliError> {
    match &options.what {
        Asked::Lines { file, lines } => {
            let mut selection = options.selection.clone();
            selection.data.selection.named = Some(file.clone());
            // Where there is no such source, all that there are tell why.
            let named = Some(selection.data.survey()?).filter(|sources| !sources.paths.is_empty());
            let (selection, sources) = match named {
                Some(sources) => (&selection, sources),
                None => (&options.selection, options.selection.data.survey()?),
            };
            ask(selection, &sources, |report, contexts| of_lines(report, contexts, file, lines))
        }
        Asked::Function { name } => {
            let sources = options.selection.data.survey()?;
            ask(&options.selection, &sources, |report, contexts| of_functions(report, contexts, name))
        }
    }
}

pub(super) fn who(options: &WhoOptions) -> Result<CommandOutcome, CliError> {
    if options.json {
        print_json(&answer(options)?)?;
        return Ok(CommandOutcome::Success);
    }
    let found = found(options)?;
    let mut text = String::new();
    for Found { name, lines, who } in &found {
        if found.len() > 1 {
            text.push_str(&format!("{}{}:\n", if text.is_empty() { "" } else { "\n" }, printable(name)));
        }
        match who.is_empty() {
            true => text.push_str(&format!("nothing that was measured ran {}\n", printable(name))),
            false => text.push_str(&who_table(who, lines.len())),
        }
    }
    print(&text)?;
    Ok(CommandOutcome::Success)
}

/// Reads what ran of the sources, and no more, and answers a question.
fn ask(
    selection: &SourceSelection,
    sources: &ChosenSources,
    answer: impl FnOnce(&Report, &ContextLines<'_>) -> Result<Vec<Found>, CliError>,
) -> Result<Vec<Found>, CliError> {
    let mut selection = selection.clone();
    selection.data.reader = selection.data.reader.narrowed(|image| sources.chosen_of(image));
    let mut contexts = ContextLines::new(&selection.data.selection, sources);
    let report = selection.report_of(sources, |record| contexts.add(record))?;
    answer(&report, &contexts)
}

fn of_lines(
    report: &Report,
    contexts: &ContextLines<'_>,
    name: &str,
    lines: &RangeInclusive<u32>,
) -> Result<Vec<Found>, CliError> {
    let files = report.named(name);
    if files.is_empty() {
        return Err(CliError::NoSuchSource { name: printable(name).into_owned() });
    }
    let mut found = Vec::new();
    for file in files {
        let asked: Numbits = file.coverage.executable.within(lines.clone()).collect();
        let shown = if lines.start() == lines.end() {
            format!("{}:{}", file.name, lines.start())
        } else {
            format!("{}:{}-{}", file.name, lines.start(), lines.end())
        };
        if asked.is_empty() {
            let near = |lines: &mut dyn Iterator<Item = u32>| lines.next().map(|line| line.to_string());
            let before =
                near(&mut file.coverage.executable.iter().filter(|line| line < lines.start()).max().into_iter());
            let after = near(&mut file.coverage.executable.within(*lines.end()..=u32::MAX));
            let near: Vec<String> = before.into_iter().chain(after).collect();
            return Err(CliError::NoCode { place: printable(&shown).into_owned(), near: near.join(" and ") });
        }
        found.push(Found { who: contexts.who_ran(&file.path, &asked), name: shown, lines: asked });
    }
    Ok(found)
}

fn of_functions(report: &Report, contexts: &ContextLines<'_>, name: &str) -> Result<Vec<Found>, CliError> {
    let mut found = Vec::new();
    for file in &report.files {
        for function in file.coverage.functions.iter().filter(|function| is_called(function, name)) {
            let lines: Numbits = file.coverage.executable.within(function.start..=function.end).collect();
            let who = contexts.who_called(file, function, &lines);
            found.push(Found { name: format!("{}:{}: {}", file.name, function.start, function.name), lines, who });
        }
    }
    if found.is_empty() { Err(CliError::NoSuchFunction { name: printable(name).into_owned() }) } else { Ok(found) }
}

fn json(found: &Found) -> serde_json::Value {
    let who = |(row, lines): &(ContextRow, Numbits)| serde_json::json!({ "label": row.label, "lines": lines.iter().collect::<Vec<_>>(), "result": row.result });
    serde_json::json!({
        "what": found.name,
        "lines": found.lines.iter().collect::<Vec<_>>(),
        "contexts": found.who.iter().map(who).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_from_functions() {
        let lines = |file: &str, lines| Asked::Lines { file: file.to_owned(), lines };
        assert_eq!(asked("src/a.c:12"), lines("src/a.c", 12..=12));
        assert_eq!(asked("C:/a.c:3-9"), lines("C:/a.c", 3..=9));
        for name in ["main", "ns::Type::method", "a.c:9-3", "a.c:x", ":4"] {
            assert_eq!(asked(name), Asked::Function { name: name.to_owned() }, "{name}");
        }
    }

    #[test]
    fn functions_are_named_with_and_without_what_is_around_their_names() {
        let called = |whole: &str, name| {
            is_called(&FunctionFacts { start: 1, end: 2, name: whole.to_owned(), told: true }, name)
        };
        for name in ["ns::Type::method(int, char)", "ns::Type::method", "Type::method", "method"] {
            assert!(called("ns::Type::method(int, char)", name), "{name}");
        }
        assert!(called("main", "main") && called("main.run", "run"));
        assert!(!called("domain", "main") && !called("ns::Type::method(int)", "Type"));
    }
}
