//! The pages of contexts: one with all of them, and one that shows any of them by its number.

use super::context_data::{ContextNames, is_failure};
use super::{HtmlSite, filters, rendered};
use crate::report::terminal::contexts::{kinds, result, time};
use crate::report::terminal::escape::printable;
use askama::Template;

/// Contexts that the page of all lists.
const MAX_SHOWN: usize = 10_000;

#[derive(Template)]
#[template(path = "contexts.html", config = "src/report/html/askama.toml")]
struct AllContexts<'a> {
    root: &'a str,
    version: &'a str,
    title: &'a str,
    rows: Vec<ListedRow<'a>>,
    left_out: usize,
}

struct ListedRow<'a> {
    name: &'a str,
    kinds: String,
    lines: u64,
    unique: u64,
    time: String,
    result: String,
    failed: bool,
}

#[derive(Template)]
#[template(path = "context.html", config = "src/report/html/askama.toml")]
struct SingleContext<'a> {
    root: &'a str,
    version: &'a str,
    title: &'a str,
}

/// Writes the page of all contexts as HTML.
pub(super) fn table(site: &HtmlSite<'_>, names: &ContextNames) -> String {
    let rows = site.contexts.rows.iter().zip(&names.0).take(MAX_SHOWN).map(|(row, name)| ListedRow {
        name,
        kinds: kinds(row),
        lines: row.lines,
        unique: row.unique,
        time: time(row),
        result: result(row.result),
        failed: is_failure(row),
    });
    rendered(&AllContexts {
        root: "",
        version: env!("CARGO_PKG_VERSION"),
        title: &printable(&site.title),
        rows: rows.collect(),
        left_out: site.contexts.rows.len().saturating_sub(MAX_SHOWN),
    })
}

/// Writes the page that shows a context as HTML.
pub(super) fn single(site: &HtmlSite<'_>) -> String {
    rendered(&SingleContext { root: "", version: env!("CARGO_PKG_VERSION"), title: &printable(&site.title) })
}
