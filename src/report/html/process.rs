//! The processes: a page with their tree, and a script that names them for the pages of sources.

use super::{HtmlSite, filters, rendered, script};
use crate::report::model::processes::ProcessSummary;
use crate::report::terminal::escape::printable;
use crate::report::terminal::tree::{branches, duration, end};
use crate::report::terminal::wording::{Width, command_line, labels};
use askama::Template;
use std::collections::BTreeMap;

/// Processes that the page shows.
const MAX_SHOWN: usize = 10_000;

#[derive(Template)]
#[template(path = "processes.html", config = "src/report/html/askama.toml")]
struct Processes<'a> {
    root: &'a str,
    version: &'a str,
    title: &'a str,
    runs: Vec<ProcessRun>,
    left_out: usize,
}

struct ProcessRun {
    name: String,
    live: bool,
    labels: String,
    rows: Vec<ProcessRow>,
}

struct ProcessRow {
    pid: i32,
    branch: String,
    program: String,
    end: String,
    lines: u64,
    time: String,
}

/// Writes the page as HTML.
pub(super) fn page(site: &HtmlSite<'_>) -> String {
    let processes = site.runners.processes();
    let mut runs: BTreeMap<&str, Vec<&ProcessSummary>> = BTreeMap::new();
    for process in processes.iter().take(MAX_SHOWN) {
        runs.entry(&process.head.run).or_default().push(process);
    }
    let row = |of_run: &[&ProcessSummary], index: usize, branch: String| {
        let process = of_run[index];
        ProcessRow {
            pid: process.head.pid,
            branch,
            program: command_line(&process.program, Width::Full),
            end: end(process, site.now),
            lines: process.lines,
            time: duration(process, site.now),
        }
    };
    let run = |(name, mut of_run): (&str, Vec<&ProcessSummary>)| {
        of_run.sort_by_key(|process| (process.head.sequence, process.head.pid));
        let rows = branches(&of_run).into_iter().map(|(index, branch)| row(&of_run, index, branch)).collect();
        let labels = site.labels.get(name).map_or_else(String::new, |of_run| labels(of_run, Width::Full));
        ProcessRun { name: printable(name).into_owned(), live: site.now.live.contains(name), labels, rows }
    };
    rendered(&Processes {
        root: "",
        version: env!("CARGO_PKG_VERSION"),
        title: &printable(&site.title),
        runs: runs.into_iter().map(run).collect(),
        left_out: processes.len().saturating_sub(MAX_SHOWN),
    })
}

/// The script with pid and program of each process, in the order in which pages of sources number them.
pub(super) fn script(processes: &[ProcessSummary]) -> String {
    let named = |process: &ProcessSummary| (process.head.pid, command_line(&process.program, Width::Short));
    let named: Vec<_> = processes.iter().map(named).collect();
    format!("var covTraceProcesses={};\n", script::json(&named))
}
