//! The page of a source.

use super::line::{Lists, lines_without_text, lists};
use super::page::Page;
use super::{HtmlSite, filters, rendered, script};
use crate::report::model::percent::Ratio;
use crate::report::model::source::SourceState;
use crate::report::terminal::escape::printable;
use askama::Template;

/// Functions that the page lists.
const MAX_FUNCTIONS: usize = 20_000;

/// Numbers of who ran what that a page holds, and how many more for each line that has code.
const NUMBERS: (usize, usize) = (4_000, 2);

#[derive(Template)]
#[template(path = "source.html", config = "src/report/html/askama.toml")]
struct SourcePage<'a> {
    root: &'a str,
    version: &'a str,
    title: &'a str,
    name: &'a str,
    lines: Ratio,
    excluded: u64,
    notices: Vec<String>,
    functions: Vec<FunctionRow>,
    functions_missed: u64,
    code: String,
    /// Its number among the sources.
    number: usize,
    /// Whether there are contexts.
    contexts: bool,
    data: String,
}

struct FunctionRow {
    name: String,
    start: u32,
    ran: bool,
    lines: Ratio,
}

/// Writes the page of a source as HTML.
pub(super) fn page(site: &HtmlSite<'_>, page: &Page<'_>) -> String {
    let file = page.file;
    let mut notices = Vec::new();
    let code = match file.text() {
        Ok(text) => {
            let Lists { html, shown, lines } = lists(file, &String::from_utf8_lossy(text.bytes()));
            if lines > shown {
                notices.push(format!("Only the first {shown} of {lines} lines are shown."));
            }
            let beyond = file.coverage.executable.within(lines as u32 + 1..=u32::MAX).count();
            if beyond > 0 {
                notices.push(format!(
                    "{beyond} lines that have code are behind the end of this text: it is not what was measured."
                ));
            }
            html
        }
        Err(_) => lines_without_text(file),
    };
    notices.extend(notice(file.source).map(str::to_owned));
    let (base, each) = NUMBERS;
    let lines = file.coverage.ratio();
    let most = base + each * lines.lines as usize;
    let embedded = site.runners.of_file(&file.path).map(|runners| runners.embedded(most)).unwrap_or_default();
    if embedded.left_out > 0 {
        notices.push(format!(
            "What {} processes ran of this file is not told one by one, for it would make the page too large; select some \
             with --pid.",
            embedded.left_out
        ));
    }
    if page.functions.len() > MAX_FUNCTIONS {
        notices.push(format!("Only the first {MAX_FUNCTIONS} of {} functions are listed.", page.functions.len()));
    }
    let ratio = page.functions_ratio();
    rendered(&SourcePage {
        root: "../",
        version: env!("CARGO_PKG_VERSION"),
        title: &printable(&site.title),
        name: &printable(&file.name),
        lines,
        excluded: file.excluded.len(),
        notices,
        functions: functions(page),
        functions_missed: ratio.lines - ratio.ran,
        code,
        number: page.number,
        contexts: site.contexts.have_labels(),
        data: script::json(&embedded),
    })
}

fn functions(page: &Page<'_>) -> Vec<FunctionRow> {
    let coverage = &page.file.coverage;
    let shown = page.functions.iter().take(MAX_FUNCTIONS);
    let function = |(function, ran): &(&crate::store::FunctionFacts, bool)| {
        let name = if function.name.is_empty() { "(no name)".into() } else { printable(&function.name) };
        FunctionRow {
            name: name.into_owned(),
            start: function.start,
            ran: *ran,
            lines: coverage.of_function(function).ratio(),
        }
    };
    shown.map(function).collect()
}

fn notice(state: SourceState) -> Option<&'static str> {
    match state {
        SourceState::Found => None,
        SourceState::Newer => {
            Some("This source was changed after the program was built or measured: its lines may be others.")
        }
        SourceState::Missing => Some(
            "This source was not found, so only the lines that have code are listed; --map FROM=TO tells where sources are.",
        ),
        SourceState::Unreadable => Some("This source cannot be read, so only the lines that have code are listed."),
        SourceState::Withheld => Some(
            "This source is not shown, for not everybody may read it; --source-root DIR shows what is below DIR. Only the \
             lines that have code are listed.",
        ),
    }
}
