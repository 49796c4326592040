//! Parquet tables, and what DuckDB makes of them with the ready queries of the README.

use super::subject::consume;
use super::tables::{Lines, list, name, of_json, ranges};
use crate::report::{Measurements, file, function, lines, process};
use cov_trace::fleet::FLEET_VERSION;
use cov_trace::store::{Digest, FileFacts, Hits, ImageFacts, ProcessRecord, UnixMillis, Warning};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// 2026-10-01 and 2026-11-20, before and after the date in the README.
const EARLY: UnixMillis = UnixMillis(1_790_812_800_000);
const LATE: UnixMillis = UnixMillis(1_795_132_800_000);

/// A host whose name is no name of a folder.
const HOST: &str = "../a b=%20+\n\u{e4}*";

const SOURCE: &str = "/src/shop/pay.c";

/// A table with the hits of a source, sorted.
const ALL_HITS: &str =
    "SELECT file, text, list([first_line, last_line]), pid, context FROM hits GROUP BY ALL ORDER BY ALL";

/// A source of a text that is known by a byte.
fn pay(text: u8, executable: impl IntoIterator<Item = u32>) -> FileFacts {
    let mut facts = file(SOURCE, lines(executable), vec![function(40, 45, "pay \"\u{e4}\"")]);
    facts.origin.digest = Digest::Built([text; 16]);
    facts
}

/// A process that ran lines of one build, from a moment on for a second.
fn ran(pid: i32, build: &str, facts: &FileFacts, ran: &[u32], started: UnixMillis) -> ProcessRecord {
    let mut record = process(pid, vec![(facts.clone(), lines(ran.iter().copied()))]);
    let image =
        ImageFacts { path: "/bin/shop".to_owned(), build_id: Some(build.to_owned()), ..(*record.images[0]).clone() };
    record.images = vec![Arc::new(image)];
    record.head.started = started;
    record.head.end = record.head.end.map(|end| cov_trace::store::End { at: UnixMillis(started.0 + 1_000), ..end });
    record
}

/// Three processes of two runs, the last of another build.
fn measurements() -> Measurements {
    let mut measurements = Measurements::new();
    let (one, two) = (pay(1, [40, 41, 42, 43, 45]), pay(2, 41..=42));
    let mut early = ran(1, "aa", &one, &[40, 42, 43], EARLY);
    early.contexts.push("a 'test'".to_owned());
    early.hits.push(Hits { image: 0, file: 0, context: 1, lines: lines([45]), functions: lines([]) });
    let mut again = ran(2, "aa", &one, &[40, 41], LATE);
    let mut other = ran(3, "bb", &two, &[42], LATE);
    for record in [&mut again, &mut other] {
        record.head.run = "20261120T010203.512Z-4712".to_owned();
    }
    other.warnings.push(Warning { slug: "not-on-boundary".to_owned(), text: "a \u{1}text".to_owned(), count: 3 });
    measurements.label(&again.head.run, &[("host", HOST), ("service", "pay"), ("revision", "r2"), ("empty", "")]);
    for record in [early, again, other] {
        measurements.add_to_directory(&record);
    }
    measurements
}

fn export(measurements: &Measurements, arguments: &[&str]) -> String {
    let finished = measurements.run(&[&["export", "--parquet", "fleet"], arguments].concat());
    assert_eq!((finished.status, finished.stdout.as_str()), (Some(0), ""), "{finished:?}");
    finished.stderr
}

/// The queries of the README, with the question before each; the first makes the views.
fn ready() -> Vec<(String, String)> {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let section = readme.split("\n## Fleets\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let parts: Vec<&str> = section.split("```").collect();
    let query = |pair: &[&str]| {
        let question = pair[0].trim().rsplit("\n\n").next().unwrap().to_owned();
        (question, pair[1].strip_prefix("sql\n").unwrap().to_owned())
    };
    parts[..parts.len() - 1].chunks(2).map(query).collect()
}

/// What DuckDB answers, each row as a list.
fn asked(measurements: &Measurements, queries: &[&str]) -> Vec<Value> {
    let views = ready().swap_remove(0).1;
    fs::write(measurements.path("queries.json"), json!([&[views.as_str()], queries].concat()).to_string()).unwrap();
    let script = "import duckdb, json\n\
                  db = duckdb.connect()\n\
                  views, *queries = json.load(open('queries.json'))\n\
                  db.execute(views)\n\
                  print(json.dumps([db.execute(query).fetchall() for query in queries], default=str))\n";
    fs::write(measurements.path("ask.py"), script).unwrap();
    let finished = consume(measurements, "python", &["ask.py"]);
    assert_eq!(finished.status, Some(0), "{finished:?}");
    list(&serde_json::from_str(&finished.stdout).unwrap()).clone()
}

/// What a ready query answers.
fn answer(measurements: &Measurements, question: &str, replaced: &[(&str, &str)]) -> Value {
    let (_, mut query) = ready().into_iter().find(|(asked, _)| asked.starts_with(question)).expect(question);
    for (from, to) in replaced {
        assert!(query.contains(from), "{from}: {query}");
        query = query.replace(from, to);
    }
    asked(measurements, &[&query]).swap_remove(0)
}

fn text(number: u8) -> String {
    format!("{number:02x}").repeat(16)
}

#[test]
fn the_tables_say_what_the_reports_say() {
    let mut measurements = super::subject::measurements();
    let mut third = process(3, vec![(pay(1, 1..=4), lines([2, 3]))]);
    third.complete = false;
    measurements.add_to_directory(&third);
    assert_eq!(export(&measurements, &[]), "cov-trace: wrote 3 processes to fleet\n");
    let ranges_of =
        |table: &str| format!("SELECT file, pid, list([first_line, last_line]) FROM {table} GROUP BY ALL ORDER BY ALL");
    let executable = "(SELECT DISTINCT file, pid, first_line, last_line FROM lines JOIN \
                      (SELECT pid, unnest(images) AS image FROM processes) USING (image))";
    let answers = asked(&measurements, &[&ranges_of(executable), &ranges_of("hits")]);
    for pid in 1..=3 {
        let arguments = ["json", "--absolute-paths", "--pid", &pid.to_string()];
        let report = of_json(&measurements.run(&arguments).stdout);
        let of_pid = |answer: &Value| -> Vec<(String, BTreeSet<u32>)> {
            let rows = list(answer).iter().filter(|row| row[1].as_i64() == Some(pid));
            // The debug info's name of the one that has two.
            rows.map(|row| (name(&row[0]).replace("in/../", ""), ranges(&row[2]))).collect()
        };
        let ran = of_pid(&answers[1]);
        let mut tables = Lines::new();
        for (file, lines) in of_pid(&answers[0]) {
            let hit = |line: u32| ran.iter().any(|(name, ran)| *name == file && ran.contains(&line));
            // The report leaves out what the source excludes.
            let counts = |line: &u32| !(file.ends_with("plain.c") && *line == 12);
            tables.insert(file.clone(), lines.into_iter().filter(counts).map(|line| (line, hit(line))).collect());
        }
        assert_eq!(tables, report, "{pid}");
    }
}

#[test]
fn who_ran_a_line_is_what_the_report_of_each_process_says() {
    let measurements = measurements();
    export(&measurements, &[]);
    for line in 40..=45 {
        let condition = [("<= 42", &*format!("<= {line}")), (">= 42", &*format!(">= {line}"))];
        let who = answer(&measurements, "Who ran this line?", &condition);
        let pids: BTreeSet<String> = list(&who).iter().map(|row| row[2].to_string()).collect();
        let ran = |pid: &str| {
            let report = of_json(&measurements.run(&["json", "--absolute-paths", "--pid", pid]).stdout);
            report[SOURCE].get(&line).is_some_and(|ran| *ran)
        };
        let reported: BTreeSet<String> =
            ["1", "2", "3"].map(str::to_owned).into_iter().filter(|pid| ran(pid)).collect();
        assert_eq!(pids, reported, "{line}");
    }
    let row = json!([[null, "20261123T010203.512Z-4711", 1, "/bin/1", "a 'test'", text(1)]]);
    assert_eq!(answer(&measurements, "Who ran this line?", &[("<= 42", "<= 45"), (">= 42", ">= 45")]), row);
}

#[test]
fn calls_are_the_functions_that_ran_of_the_runs_that_are_meant() {
    let mut measurements = measurements();
    let mut called = ran(4, "aa", &pay(1, [40, 41, 42, 43, 45]), &[40], LATE);
    called.hits[0].functions = lines([0]);
    called.head.run = "20261121T010203.512Z-4713".to_owned();
    measurements.add_to_directory(&called);
    let run = ["--run", called.head.run.as_str()];
    assert_eq!(export(&measurements, &run), "cov-trace: wrote 1 process to fleet\n");
    let query = "SELECT file, text, name, first_line, context, pid, run FROM calls ORDER BY ALL";
    let row = json!([[SOURCE, text(1), "pay \"\u{e4}\"", 40, "", 4, called.head.run]]);
    assert_eq!(asked(&measurements, &[query, "SELECT count(*) FROM processes"]), [row.clone(), json!([[1]])]);
    export(&measurements, &[]);
    assert_eq!(asked(&measurements, &[query, "SELECT count(*) FROM processes"]), [row, json!([[4]])]);
    let missing = measurements.run(&["export", "--parquet", "fleet", "--run", "none"]);
    assert!(missing.status != Some(0) && missing.stderr.contains("of run none"), "{missing:?}");
}

#[test]
fn ready_queries_keep_builds_dates_and_tests_apart() {
    let measurements = measurements();
    export(&measurements, &[]);
    let not_run = answer(&measurements, "Which lines of the builds", &[]);
    assert_eq!(not_run, json!([[SOURCE, text(1), [42, 43, 45]], [SOURCE, text(2), [41]]]));
    let before = answer(&measurements, "Which lines of the builds", &[("2026-11-01", "2026-09-01")]);
    assert_eq!(before, json!([[SOURCE, text(2), [41]]]));
    let after = answer(&measurements, "Which lines of the builds", &[("2026-11-01", "2026-12-01")]);
    assert_eq!(after, json!([]));
    let together = answer(&measurements, "What do all processes of a service", &[]);
    assert_eq!(together, json!([["", "", SOURCE, 4, 5], ["pay", "r2", SOURCE, 3, 7]]));
    let alone = answer(&measurements, "Which tests run", &[]);
    assert_eq!(alone, json!([["prog 1", 2], ["a 'test'", 1], ["prog 2", 1], ["prog 3", 1]]));
}

#[test]
fn every_table_has_its_columns_and_its_version() {
    let measurements = measurements();
    export(&measurements, &[]);
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let flowing = readme.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flowing.contains(&format!("`cov_trace.version` in its key-value metadata; it is {FLEET_VERSION},")));
    for table in ["hits", "calls", "processes", "images", "files", "lines", "functions"] {
        let described = readme.lines().find(|line| line.starts_with(&format!("| `{table}/"))).unwrap();
        let version = format!(
            "SELECT DISTINCT decode(key), decode(value) FROM parquet_kv_metadata('fleet/{table}/**/*.parquet')"
        );
        let columns = format!("SELECT column_name FROM (DESCRIBE {table})");
        let answers = asked(&measurements, &[&version, &columns]);
        assert_eq!(answers[0], json!([["cov_trace.version", FLEET_VERSION.to_string()]]), "{table}");
        for column in list(&answers[1]) {
            let name = column[0].as_str().unwrap();
            let of_folder = ["run", "host"].contains(&name);
            assert!(of_folder || described.contains(&format!("`{name}`")), "{table}: {name} is not described");
        }
    }
    let answers = asked(
        &measurements,
        &[
            "SELECT pid, complete, epoch_ms(started), epoch_ms(ended), end_reason, exit_status, end_signal, exe, argv, cwd, \
             warnings, len(images), map_entries(labels), host FROM processes ORDER BY pid DESC LIMIT 1",
            "SELECT path, build_id, warnings FROM images ORDER BY build_id",
            "SELECT file, text, digest, lines, functions FROM files ORDER BY text",
            "SELECT name, first_line, last_line FROM functions",
        ],
    );
    let warning = ["not-on-boundary: a \u{1}text"];
    let end = LATE.0 + 1_000;
    let label = |key: &str, value: &str| json!({"key": key, "value": value});
    let labels = [label("empty", ""), label("host", HOST), label("revision", "r2"), label("service", "pay")];
    let row =
        json!([[3, true, LATE.0, end, "exited", 0, null, "/bin/3", ["prog", "3"], "/", warning, 1, labels, HOST]]);
    assert_eq!(answers[0], row);
    assert_eq!(answers[1], json!([["/bin/shop", "aa", []], ["/bin/shop", "bb", []]]));
    assert_eq!(answers[2], json!([[SOURCE, text(1), text(1), 5, 1], [SOURCE, text(2), text(2), 2, 1]]));
    assert_eq!(answers[3], json!([["pay \"\u{e4}\"", 40, 45], ["pay \"\u{e4}\"", 40, 45]]));
}

#[test]
fn an_export_replaces_its_runs_and_nothing_else() {
    let measurements = measurements();
    export(&measurements, &[]);
    let files = |folder: &str| {
        let mut found = Vec::new();
        let mut folders = vec![Path::new(&measurements.path(folder)).to_owned()];
        while let Some(folder) = folders.pop() {
            for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if path.is_dir() { folders.push(path) } else { found.push((path.clone(), fs::read(path).unwrap())) }
            }
        }
        found.sort();
        found
    };
    let before = files("fleet");
    assert_eq!(before.len(), 1 + 2 * 4 + 2 * 3, "{before:?}");
    let all = asked(&measurements, &[ALL_HITS]);
    export(&measurements, &[]);
    assert!(files("fleet") == before, "the same bytes, and nothing is left behind");
    export(&measurements, &["--pid", "2"]);
    let pids = "SELECT list(DISTINCT pid ORDER BY pid) FROM processes";
    assert_eq!(asked(&measurements, &[pids]), [json!([[[1, 2]]])], "the run of 1 is left alone");
    export(&measurements, &["--pid", "2", "--pid", "3"]);
    assert_eq!(asked(&measurements, &[ALL_HITS]), all);
    assert_eq!(measurements.run(&["combine", "-o", "all", ".cov-trace"]).status, Some(0));
    fs::remove_dir_all(measurements.path("fleet")).unwrap();
    export(&measurements, &["--data", "all"]);
    assert_eq!(asked(&measurements, &[ALL_HITS]), all, "the same by way of a combined file");
}

#[test]
fn a_folder_of_something_else_is_refused() {
    let measurements = measurements();
    fs::create_dir(measurements.path("fleet")).unwrap();
    export(&measurements, &[]);
    fs::write(measurements.path("fleet/.cov-trace-parquet"), "2\n").unwrap();
    let error = measurements.run(&["export", "--parquet", "fleet"]).error();
    assert!(error.contains("its tables have version \"2\" and this cov-trace writes version 1"), "{error}");
    fs::create_dir(measurements.path("other")).unwrap();
    fs::write(measurements.path("other/file"), "").unwrap();
    for other in ["other", "other/file"] {
        let error = measurements.run(&["export", "--parquet", other]).error();
        assert!(error.contains("was not written by cov-trace export --parquet"), "{error}");
    }
    assert_eq!(fs::read_dir(measurements.path("other")).unwrap().count(), 1);
    let error = measurements.run(&["export", "--parquet", "new", "--data", "none"]).error();
    assert!(error.contains("none does not exist") && !Path::new(&measurements.path("new")).exists(), "{error}");
    let error = measurements.run(&["export", "--parquet", "new", "--pid", "77"]).error();
    assert!(error.contains("no process with pid 77"), "{error}");
    let error = measurements.run(&["export", "--parquet", "new", "-o", "file"]);
    assert!(error.status == Some(1) && error.stderr.contains("cannot be used with"), "{error:?}");
}

#[test]
fn an_export_that_fails_leaves_no_table_that_looks_whole() {
    let measurements = measurements();
    // Half a KiB in a file, which takes the mark, and nothing else.
    let script = "ulimit -f 1; exec \"$0\" export --parquet fleet";
    let error = measurements.other("sh", &["-c", script, env!("CARGO_BIN_EXE_cov-trace")]).error();
    assert!(error.contains("File too large"), "{error}");
    let left = measurements.other("find", &["fleet", "-type", "f"]).clean();
    assert_eq!(left, "fleet/.cov-trace-parquet\n");
    export(&measurements, &[]);
}
