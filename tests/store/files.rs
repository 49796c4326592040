//! The files, as other programs and other versions see them.

use crate::report::{Measurements, file, function, lines, process};
use cov_trace::store::SCHEMA_VERSION;
use rusqlite::Connection;

#[test]
fn other_programs_read_what_ran() {
    let mut measurements = Measurements::new();
    let source = file("/src/a.c", lines(1..=9), vec![function(1, 9, "main")]);
    let path = measurements.add(&process(7, vec![(source, lines([1, 8, 9]))]));
    let db = Connection::open(&path).unwrap();
    let row = |sql: &str| -> String { db.query_row(sql, [], |row| row.get(0)).unwrap() };
    let ran = "SELECT path || ' ' || hex(numbits) || ' ' || label FROM line_bits \
               JOIN file ON file.id = line_bits.file JOIN context ON context.id = context";
    assert_eq!(row(ran), "/src/a.c 0203 ");
    let ended = "SELECT pid || ' ' || end_reason || ' ' || exit_status || ' ' || json_extract(argv, '$[1]') \
                 FROM process, exec";
    assert_eq!(row(ended), "7 exited 0 7");
    assert_eq!(row("SELECT name || ' ' || first || ' ' || last FROM function"), "main 1 9");
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
