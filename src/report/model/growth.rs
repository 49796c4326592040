//! How what ran grew over time: of each run as a whole, or of single processes.
//!
//! Invariants: a row's total is the sum of what was new until then; the last row of a part has all that ran in it.

use super::percent::Ratio;
use super::processes::{LinesBySource, ProcessSummary};
use super::select::Selection;
use crate::report::terminal::tree::Now;
use crate::report::terminal::wording::{Width, command_line, date_time, span};
use crate::store::{ImageFacts, ProcessHead, ProcessRecord, UnixMillis};
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::str::FromStr;
use std::sync::Arc;

/// How many rows a part may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrowthRows {
    /// So many at most; those next to each other are put together.
    AtMost(NonZeroUsize),
    /// As many as there were flushes.
    All,
}

impl FromStr for GrowthRows {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match text {
            "all" => Ok(GrowthRows::All),
            number => number.parse().map(GrowthRows::AtMost).map_err(|_| "give a number of rows, or all"),
        }
    }
}

/// Gathers growth, one process at a time.
#[derive(Debug)]
pub struct Growth<'a> {
    selection: &'a Selection,
    parts: BTreeMap<GrowthKey, GrowthPart>,
}

/// A run; and where processes are selected, one of its processes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct GrowthKey {
    run: String,
    process: Option<ProcessKey>,
}

/// A process of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct ProcessKey {
    sequence: u32,
    pid: i32,
}

/// How many lines had run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CurvePoint {
    /// Until then.
    pub(crate) at: UnixMillis,
    pub(crate) total: u64,
}

/// How many lines ran first.
#[derive(Clone, Copy, Debug)]
struct NewLines {
    /// Until then, since the last time.
    at: UnixMillis,
    new: u64,
}

/// How a run grew, or a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Curve {
    /// Name of the run.
    pub(crate) run: String,
    /// The process, where it is that of one.
    pub(crate) pid: Option<i32>,
    /// When it began.
    pub(crate) began: UnixMillis,
    /// In the order of time.
    pub(crate) points: Vec<CurvePoint>,
    /// How many lines there are.
    pub(crate) lines: u64,
}

#[derive(Debug, Default)]
struct GrowthPart {
    program: Vec<String>,
    began: Option<UnixMillis>,
    new: BTreeMap<UnixMillis, u64>,
    images: Vec<Arc<ImageFacts>>,
}

impl<'a> Growth<'a> {
    /// Starts with nothing. If the selection names processes, each of them is a part of its own: what was new for it,
    /// whatever the others of its run had run.
    pub fn new(selection: &'a Selection) -> Self {
        Growth { selection, parts: BTreeMap::new() }
    }

    /// Adds a process, if it is selected.
    pub fn add(&mut self, record: &ProcessRecord) {
        if !self.selection.takes_process(record.head.pid) {
            return;
        }
        let alone = !self.selection.pids.is_empty();
        let ProcessHead { ref run, sequence, pid, .. } = record.head;
        let key = GrowthKey { run: run.clone(), process: alone.then_some(ProcessKey { sequence, pid }) };
        let part = self.parts.entry(key).or_default();
        let began = record.head.attached.unwrap_or(record.head.started);
        part.began = Some(part.began.map_or(began, |known| known.min(began)));
        if alone {
            part.program = ProcessSummary::new(record, self.selection).program;
        }
        for flush in &record.flushes {
            let new = if alone { flush.new_lines } else { flush.new_in_run };
            if new > 0 {
                *part.new.entry(flush.at).or_default() += new;
            }
        }
        for image in &record.images {
            if !part.images.iter().any(|known| Arc::ptr_eq(known, image)) {
                part.images.push(image.clone());
            }
        }
    }

    /// A curve for each part.
    pub(crate) fn curves(&self, rows: GrowthRows) -> Vec<Curve> {
        let curve = |(GrowthKey { run, process }, part): (&GrowthKey, &GrowthPart)| {
            let mut total = 0;
            let mut sum = |NewLines { at, new }| {
                total += new;
                CurvePoint { at, total }
            };
            let points: Vec<CurvePoint> = part.rows(rows).into_iter().map(&mut sum).collect();
            Curve {
                run: run.clone(),
                pid: process.map(|process| process.pid),
                began: part.began.unwrap_or_default(),
                points,
                lines: part.lines().max(total),
            }
        };
        self.parts.iter().map(curve).collect()
    }

    /// A table for each part.
    pub fn table(&self, now: &Now, rows: GrowthRows) -> String {
        let mut text = String::new();
        for (GrowthKey { run, process }, part) in &self.parts {
            let state = if now.live.contains(run) { ", under way" } else { "" };
            let of = process.map_or(String::new(), |ProcessKey { pid, .. }| {
                format!(", process {pid} ({})", command_line(&part.program, Width::Short))
            });
            let gap = if text.is_empty() { "" } else { "\n" };
            text.push_str(&format!("{gap}run {run}{state}{of}\n"));
            text.push_str(&part.table(now, rows));
        }
        text
    }
}

impl GrowthPart {
    fn table(&self, now: &Now, rows: GrowthRows) -> String {
        let lines = self.lines();
        let began = self.began.unwrap_or_default();
        let mut table = Table::new();
        table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        table.force_no_tty();
        table.set_header(["TIME", "AFTER", "NEW", "TOTAL", "COVER"]);
        let mut total = 0;
        for NewLines { at, new } in self.rows(rows) {
            total += new;
            table.add_row([
                date_time(at, &now.zone),
                span(at.0 - began.0),
                new.to_string(),
                total.to_string(),
                format!("{}%", Ratio { ran: total, lines: lines.max(total) }.percent(1)),
            ]);
        }
        for (index, column) in table.column_iter_mut().enumerate() {
            column.set_cell_alignment(if index == 0 { CellAlignment::Left } else { CellAlignment::Right });
            column.set_padding((if index == 0 { 0 } else { 2 }, 0));
        }
        table.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
    }

    /// What each row is about.
    fn rows(&self, rows: GrowthRows) -> Vec<NewLines> {
        let flushes: Vec<NewLines> = self.new.iter().map(|(&at, &new)| NewLines { at, new }).collect();
        let together = match rows {
            GrowthRows::All => 1,
            GrowthRows::AtMost(most) => flushes.len().div_ceil(most.get()).max(1),
        };
        let sum = |some: &[NewLines]| Some(NewLines { at: some.last()?.at, new: some.iter().map(|row| row.new).sum() });
        flushes.chunks(together).filter_map(sum).collect()
    }

    /// How many lines the sources of all its images have.
    fn lines(&self) -> u64 {
        let mut lines = LinesBySource::default();
        for file in self.images.iter().flat_map(|image| &image.files) {
            lines.add(file, &file.executable);
        }
        lines.count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Flush, sample};
    use jiff::tz::TimeZone;

    fn record(sequence: u32, pid: i32, flushes: &[(i64, u64, u64)]) -> ProcessRecord {
        let flush =
            |&(at, new_lines, new_in_run): &(i64, u64, u64)| Flush { at: UnixMillis(at), new_lines, new_in_run };
        ProcessRecord {
            head: ProcessHead {
                scope: None,
                sequence,
                pid,
                run: "one".to_owned(),
                started: UnixMillis(1_000),
                attached: None,
                ..sample::record().head
            },
            flushes: flushes.iter().map(flush).collect(),
            ..sample::record()
        }
    }

    fn records() -> [ProcessRecord; 2] {
        [record(0, 11, &[(1_500, 2, 2), (9_000, 1, 1)]), record(1, 12, &[(1_500, 2, 0), (3_000, 2, 1)])]
    }

    fn table(selection: &Selection, rows: &str) -> String {
        let mut growth = Growth::new(selection);
        records().iter().rev().for_each(|record| growth.add(record));
        growth.table(
            &Now { time: UnixMillis(0), live: ["one".to_owned()].into(), zone: TimeZone::UTC },
            rows.parse().unwrap(),
        )
    }

    #[test]
    fn a_run_grows_by_what_no_process_had_run_before() {
        let expected = "\
run one, under way
TIME                   AFTER  NEW  TOTAL   COVER
1970-01-01 00:00:01  0.500 s    2      2   50.0%
1970-01-01 00:00:03  2.000 s    1      3   75.0%
1970-01-01 00:00:09  8.000 s    1      4  100.0%
";
        assert_eq!(table(&Selection::all(), "all"), expected);
        let expected = "\
run one, under way
TIME                   AFTER  NEW  TOTAL   COVER
1970-01-01 00:00:03  2.000 s    3      3   75.0%
1970-01-01 00:00:09  8.000 s    1      4  100.0%
";
        assert_eq!(table(&Selection::all(), "2"), expected);
        assert!("0".parse::<GrowthRows>().is_err() && "some".parse::<GrowthRows>().is_err());
    }

    #[test]
    fn a_curve_has_the_totals() {
        let all = Selection::all();
        let mut growth = Growth::new(&all);
        records().iter().for_each(|record| growth.add(record));
        let points = [(1_500, 2), (3_000, 3), (9_000, 4)].map(|(at, total)| CurvePoint { at: UnixMillis(at), total });
        let curve =
            Curve { run: "one".to_owned(), pid: None, began: UnixMillis(1_000), points: points.into(), lines: 4 };
        assert_eq!(growth.curves(GrowthRows::All), [curve]);
    }

    #[test]
    fn a_selected_process_grows_by_what_it_had_not_run_before() {
        let expected = "\
run one, under way, process 12 (/usr/bin/prog)
TIME                   AFTER  NEW  TOTAL   COVER
1970-01-01 00:00:01  0.500 s    2      2   50.0%
1970-01-01 00:00:03  2.000 s    2      4  100.0%
";
        assert_eq!(table(&Selection { pids: [12].into(), ..Selection::all() }, "40"), expected);
    }
}
