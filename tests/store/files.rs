//! The files, as other programs and other versions see them.

use crate::report::{Measurements, file, function, lines, process};
use cov_trace::store::SCHEMA_VERSION;
use rusqlite::Connection;
use std::fs;
use std::path::Path;

#[test]
fn other_programs_read_what_ran() {
    let mut measurements = Measurements::new();
    let source = file("/src/a.c", lines(1..=9), vec![function(1, 9, "main")]);
    let path = measurements.add(&process(7, vec![(source, lines([1, 8, 9]))]));
    let db = Connection::open(&path).unwrap();
    let row = |sql: &str| -> String { db.query_row(sql, [], |row| row.get(0)).unwrap() };
    let ran = "SELECT path || ' ' || hex(numbits) || ' ' || label FROM line_bits \
               JOIN file ON file.image = line_bits.image AND file.number = line_bits.file JOIN context ON context.id = context";
    assert_eq!(row(ran), "/src/a.c 0203 ");
    let ended = "SELECT pid || ' ' || end_reason || ' ' || exit_status || ' ' || json_extract(argv, '$[1]') \
                 FROM process, exec";
    assert_eq!(row(ended), "7 exited 0 7");
    assert_eq!(row("SELECT name || ' ' || first || ' ' || last FROM function"), "main 1 9");
}

#[test]
fn data_of_version_2_is_read_combined_with_new_data_and_erased() {
    read_combined_and_erased("version-2", ["/tmp/v2/two.c:14: main 6 0 100.0%", "/tmp/v2/two.c:9: never 3 3 0.0%"]);
}

#[test]
fn data_of_version_3_is_read_combined_with_new_data_and_erased() {
    read_combined_and_erased("version-3", ["/tmp/v3/two.c:16: main 8 1 87.5%", "/tmp/v3/two.c:5: never 4 4 0.0%"]);
}

/// Looks at data of an earlier version, of two processes, beside new data.
fn read_combined_and_erased(version: &str, functions: [&str; 2]) {
    let mut measurements = Measurements::new();
    let source = file("/src/a.c", lines(1..=9), vec![]);
    measurements.add(&process(7, vec![(source, lines([1]))]));
    let old = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/store").join(version);
    for folder in [old.clone(), old.join("images")].iter().filter(|folder| folder.exists()) {
        let to = measurements.data().path().join(folder.strip_prefix(&old).unwrap());
        fs::create_dir_all(&to).unwrap();
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap).filter(|it| it.file_type().unwrap().is_file()) {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
    // What the scope was may be told on stderr.
    let said = |words: &[&str]| {
        let finished = measurements.run(words);
        assert_eq!(finished.status, Some(0), "{finished:?}");
        finished.stdout
    };
    let report = said(&["report", "--functions"]);
    let rows: Vec<Vec<&str>> = report.lines().map(|row| row.split_whitespace().collect()).collect();
    for row in functions {
        assert!(rows.iter().any(|words| words.join(" ") == row), "{report}");
    }
    assert_eq!(said(&["combine", "-o", "all", ".cov-trace"]), "");
    assert_eq!(said(&["report", "--functions", "--data=all"]), report);
    assert_eq!(said(&["ps", "--data=all"]), said(&["ps"]));
    assert_eq!(said(&["erase"]), "erased 3 processes from .cov-trace, and the directory itself\n");
}

#[test]
fn a_later_schema_is_refused_and_the_rest_is_read() {
    let mut measurements = Measurements::new();
    let source = file("/src/a.c", lines(1..=9), vec![]);
    let newer = measurements.add(&process(7, vec![(source.clone(), lines([1]))]));
    let sql = "UPDATE meta SET value = value + 1 WHERE key = 'schema_version'";
    Connection::open(&newer).unwrap().execute_batch(sql).unwrap();
    let refused = measurements.run(&["report"]).error();
    assert!(refused.contains(newer.file_name().unwrap().to_str().unwrap()), "{refused}");
    let versions = format!("version is {} and this cov-trace reads up to {SCHEMA_VERSION}", SCHEMA_VERSION + 1);
    assert!(refused.contains(&versions) && refused.contains("update cov-trace"), "{refused}");

    measurements.add(&process(8, vec![(source, lines([2]))]));
    let finished = measurements.run(&["report"]);
    assert_eq!(finished.status, Some(0));
    assert!(finished.stdout.ends_with("TOTAL         9       8  11.1%\n"), "{}", finished.stdout);
    assert!(finished.stderr.contains("left out") && finished.stderr.contains(&versions), "{}", finished.stderr);
}
