//! The first page: totals, what lowers their truth, the map, the tree of the sources and how the coverage grew.

use super::curve::Drawn;
use super::nodes::{Node, nodes};
use super::page::Page;
use super::{HtmlSite, filters, rendered, script};
use crate::report::model::growth::Curve;
use crate::report::model::percent::Ratio;
use crate::report::model::source::SourceState;
use crate::report::terminal::escape::printable;
use crate::report::terminal::wording::date_time;
use askama::Template;

/// Runs whose growth is drawn.
const MAX_CURVES: usize = 12;

#[derive(Template)]
#[template(path = "overview.html", config = "src/report/html/askama.toml")]
struct Overview<'a> {
    root: &'a str,
    version: &'a str,
    title: &'a str,
    written: String,
    total: Ratio,
    missed: u64,
    functions: Ratio,
    files: usize,
    processes: usize,
    /// How many have a label.
    contexts: usize,
    notes: Vec<String>,
    nodes: &'a [Node],
    curves: Vec<Drawn>,
    more_curves: usize,
    data: String,
}

/// Writes the page as HTML.
pub(super) fn page(site: &HtmlSite<'_>, pages: &[Page<'_>], curves: &[Curve]) -> String {
    let nodes = nodes(pages);
    let total = site.report.total();
    let grown = curves.iter().filter(|curve| curve.points.len() > 1);
    rendered(&Overview {
        root: "",
        version: env!("CARGO_PKG_VERSION"),
        title: &printable(&site.title),
        written: date_time(site.now.time, &site.now.zone),
        total,
        missed: total.lines - total.ran,
        functions: pages.iter().map(Page::functions_ratio).sum(),
        files: pages.len(),
        processes: site.runners.processes().len(),
        contexts: site.contexts.rows.iter().filter(|row| !row.label.is_empty()).count(),
        notes: site.report.notes.lines(&site.now.live),
        curves: grown.clone().rev().take(MAX_CURVES).map(|curve| Drawn::of(curve, &site.now.zone)).collect(),
        more_curves: grown.count().saturating_sub(MAX_CURVES),
        data: script::json(&nodes.iter().map(for_script).collect::<Vec<_>>()),
        nodes: &nodes,
    })
}

/// What the scripts know of a row: its folder's row, name, lines, those that ran, the same of functions, and whether its
/// source is as it was; the page is in the row.
fn for_script(node: &Node) -> (i64, &str, [u64; 4], bool) {
    let parent = node.parent.map_or(-1, |parent| parent as i64);
    let counts = [node.lines.lines, node.lines.ran, node.functions.lines, node.functions.ran];
    (parent, &node.name, counts, node.source != SourceState::Found)
}
