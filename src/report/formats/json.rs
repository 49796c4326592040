//! cov-trace's own JSON, which `json.schema.json` beside this file describes field by field.
//!
//! Invariant: a change that removes a field, or changes what one means, raises the version; fields may be added without.

use crate::report::model::contexts::{ContextResult, ContextRow};
use crate::report::model::coverage::FileCoverage;
use crate::report::model::functions::function_ran;
use crate::report::model::prepared::{Report, ReportFile};
use crate::report::model::shared_sets::{Contexts, SharedSet};
use crate::report::model::source::SourceState;
use crate::store::{ContextKind, FunctionFacts, LabelValues, Numbits, RunLabels, UnixMillis};
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::Path;

/// The JSON Schema of the format.
pub const JSON_SCHEMA: &str = include_str!("json.schema.json");

const VERSION: u32 = 1;

#[derive(Serialize)]
struct JsonDocument<'a> {
    format: &'static str,
    version: u32,
    tool_version: &'static str,
    root: Option<String>,
    totals: Totals,
    runs: Vec<JsonRun<'a>>,
    contexts: Vec<JsonContext<'a>>,
    files: Vec<JsonFile<'a>>,
    notes: &'a [String],
}

#[derive(Clone, Copy, Default, Serialize)]
struct Totals {
    lines: u64,
    lines_ran: u64,
    lines_excluded: u64,
    functions: u64,
    functions_ran: u64,
}

#[derive(Serialize)]
struct JsonFile<'a> {
    name: &'a str,
    path: &'a str,
    source: &'static str,
    totals: Totals,
    executable: Vec<(u32, u32)>,
    ran: Vec<(u32, u32)>,
    excluded: Vec<(u32, u32)>,
    functions: Vec<JsonFunction<'a>>,
    by_context: Vec<JsonSet>,
}

#[derive(Serialize)]
struct JsonFunction<'a> {
    name: &'a str,
    start: u32,
    end: u32,
    ran: bool,
}

#[derive(Serialize)]
struct JsonRun<'a> {
    name: &'a str,
    labels: &'a LabelValues,
}

#[derive(Serialize)]
struct JsonContext<'a> {
    label: &'a str,
    kinds: &'a BTreeSet<ContextKind>,
    opened: u64,
    begin: Option<UnixMillis>,
    end: Option<UnixMillis>,
    milliseconds: i64,
    result: ContextResult,
    lines: u64,
    unique_lines: u64,
}

#[derive(Serialize)]
struct JsonSet {
    lines: Vec<(u32, u32)>,
    functions: Vec<(u32, u32)>,
    contexts: Vec<(u32, u32)>,
}

/// What ran, and in which contexts, if any has a label; names are relative to `root`, and `notes` tell what lowers the truth of it.
pub fn json(report: &Report, contexts: &Contexts, labels: &RunLabels, root: Option<&Path>, notes: &[String]) -> String {
    let mut files: Vec<JsonFile> = report.files.iter().map(file).collect();
    let rows = if contexts.have_labels() { &contexts.rows[..] } else { &[] };
    for (file, sets) in files.iter_mut().zip(&contexts.files).filter(|_| !rows.is_empty()) {
        file.by_context = sets.iter().map(set).collect();
    }
    let document = JsonDocument {
        format: "cov-trace",
        version: VERSION,
        tool_version: env!("CARGO_PKG_VERSION"),
        root: root.map(|root| root.to_string_lossy().into_owned()),
        totals: files.iter().fold(Totals::default(), |sum, file| sum.plus(file.totals)),
        runs: labels.iter().map(|(name, labels)| JsonRun { name, labels }).collect(),
        contexts: rows.iter().map(context).collect(),
        files,
        notes,
    };
    serde_json::to_string(&document).expect("invariant: names are text, all else numbers") + "\n"
}

fn file(file: &ReportFile) -> JsonFile<'_> {
    let coverage = &file.coverage;
    let functions = coverage.functions.iter();
    let functions: Vec<JsonFunction> = functions.map(|function| self::function(function, coverage)).collect();
    let ratio = coverage.ratio();
    JsonFile {
        name: &file.name,
        path: &file.path,
        source: match file.source {
            SourceState::Found => "found",
            SourceState::Newer => "newer",
            SourceState::Missing => "missing",
            SourceState::Unreadable => "unreadable",
            SourceState::Withheld => "withheld",
        },
        totals: Totals {
            lines: ratio.lines,
            lines_ran: ratio.ran,
            lines_excluded: file.excluded.len(),
            functions: functions.len() as u64,
            functions_ran: functions.iter().filter(|function| function.ran).count() as u64,
        },
        executable: coverage.executable.ranges(),
        ran: coverage.ran.ranges(),
        excluded: file.excluded.ranges(),
        functions,
        by_context: Vec::new(),
    }
}

fn context(row: &ContextRow) -> JsonContext<'_> {
    let ContextRow { label, kinds, lines, unique, millis, opened, begin, end, result } = row;
    JsonContext {
        label,
        kinds,
        opened: *opened,
        begin: *begin,
        end: *end,
        milliseconds: *millis,
        result: *result,
        lines: *lines,
        unique_lines: *unique,
    }
}

fn set(SharedSet { lines, functions, contexts }: &SharedSet) -> JsonSet {
    let contexts: Numbits = contexts.iter().copied().collect();
    JsonSet { lines: lines.ranges(), functions: functions.ranges(), contexts: contexts.ranges() }
}

fn function<'a>(function: &'a FunctionFacts, file: &FileCoverage) -> JsonFunction<'a> {
    let ran = function_ran(function, file);
    JsonFunction { name: &function.name, start: function.start, end: function.end, ran }
}

impl Totals {
    fn plus(self, other: Totals) -> Totals {
        Totals {
            lines: self.lines + other.lines,
            lines_ran: self.lines_ran + other.lines_ran,
            lines_excluded: self.lines_excluded + other.lines_excluded,
            functions: self.functions + other.functions,
            functions_ran: self.functions_ran + other.functions_ran,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Numbits;

    #[test]
    fn lines_are_ranges_without_gaps() {
        let of = |lines: &[u32]| lines.iter().copied().collect::<Numbits>().ranges();
        assert_eq!(of(&[]), []);
        assert_eq!(of(&[1, 2, 4, 6, 7, 8]), [(1, 2), (4, 4), (6, 8)]);
    }

    #[test]
    fn everything_is_told() {
        let coverage = FileCoverage {
            executable: [1, 2, 5].into_iter().collect(),
            ran: [1].into_iter().collect(),
            functions: [FunctionFacts { start: 1, end: 2, name: "f".to_owned(), told: false }].into(),
            ..FileCoverage::default()
        };
        let file = ReportFile {
            name: "a.c".to_owned(),
            path: "/r/a.c".to_owned(),
            coverage,
            excluded: [9].into_iter().collect(),
            source: SourceState::Missing,
            ..ReportFile::default()
        };
        let report = Report { files: vec![file], ..Report::default() };
        let row = |label: &str| ContextRow {
            label: label.to_owned(),
            kinds: [ContextKind::Function].into(),
            opened: 1,
            begin: Some(UnixMillis(7)),
            end: Some(UnixMillis(9)),
            millis: 2,
            lines: 1,
            result: ContextResult::Failed(3),
            ..ContextRow::default()
        };
        let set = |line, contexts: &[u32]| SharedSet {
            lines: [line].into_iter().collect(),
            functions: [0].into_iter().collect(),
            contexts: contexts.to_vec(),
        };
        let labels = RunLabels::of_run("run", [("rev".to_owned(), "<7>".to_owned())].into());
        let rows = vec![ContextRow::default(), row("a"), row("b")];
        let contexts = Contexts { rows, files: vec![vec![set(1, &[0, 2]), set(2, &[1])]] };
        let text = json(&report, &contexts, &labels, Some(Path::new("/r")), &["source-missing: gone".to_owned()]);
        let totals = r#"{"lines":3,"lines_ran":1,"lines_excluded":1,"functions":1,"functions_ran":1}"#;
        let version = env!("CARGO_PKG_VERSION");
        let none = r#"{"label":"","kinds":[],"opened":0,"begin":null,"end":null,"milliseconds":0,"result":"unknown","lines":0,"unique_lines":0}"#;
        let of = "{\"label\":";
        let had = r#""kinds":["function"],"opened":1,"begin":7,"end":9,"milliseconds":2,"result":{"failed":3},"lines":1,"unique_lines":0}"#;
        let expected = format!(
            "{{\"format\":\"cov-trace\",\"version\":1,\"tool_version\":\"{version}\",\"root\":\"/r\",\"totals\":{totals},\
             \"runs\":[{{\"name\":\"run\",\"labels\":{{\"rev\":\"<7>\"}}}}],\"contexts\":[{none},{of}\"a\",{had},{of}\"b\",{had}],\"files\":[{{\"name\":\"a.c\",\"path\":\"/r/a.c\",\"source\":\"missing\",\"totals\":{totals},\
             \"executable\":[[1,2],[5,5]],\"ran\":[[1,1]],\"excluded\":[[9,9]],\
             \"functions\":[{{\"name\":\"f\",\"start\":1,\"end\":2,\"ran\":true}}],\
             \"by_context\":[{{\"lines\":[[1,1]],\"functions\":[[0,0]],\"contexts\":[[0,0],[2,2]]}},\
             {{\"lines\":[[2,2]],\"functions\":[[0,0]],\"contexts\":[[1,1]]}}]}}],\
             \"notes\":[\"source-missing: gone\"]}}\n"
        );
        assert_eq!(text, expected);
    }
}
