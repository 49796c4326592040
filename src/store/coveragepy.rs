//! Data files of coverage.py (its documentation, "Coverage.py database schema", version 7), and their names.
//!
//! Invariants: every file has a tracer row, which names the plugin that knows it; no journal or WAL is ever beside a data
//! file; line 0 is in none; equal snapshots are equal bytes.

use super::schema::PAGE_SIZE;
use super::{Numbits, ProcessFile, StoreError};
use rusqlite::{Connection, MAIN_DB, params};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The plugin that a snapshot names: `src/python/cov_trace_coverage.py` has it.
const TRACER: &str = "cov_trace_coverage.CovTracePlugin";

/// Version of the schema.
const VERSION: i64 = 7;

/// What coverage.py's data says of a set of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataKind {
    /// That they ran, as `coverage run` writes it.
    Lines,
    /// That each of them came after itself, so that it can be combined with what `coverage run --branch` writes.
    Arcs,
}

/// What goes into one data file of coverage.py.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// By path and context, the lines that ran. A file of which nothing ran has no context.
    pub files: BTreeMap<String, BTreeMap<String, Numbits>>,
}

impl Snapshot {
    /// Adds what another one has.
    pub fn union_with(&mut self, other: &Snapshot) {
        for (path, contexts) in &other.files {
            let mine = self.files.entry(path.clone()).or_default();
            for (context, lines) in contexts {
                mine.entry(context.clone()).or_default().union_with(lines);
            }
        }
    }

    /// The data file for `path`, which only errors name.
    pub fn to_bytes(&self, kind: DataKind, path: &Path) -> Result<Vec<u8>, StoreError> {
        self.build(kind).map_err(|source| StoreError::Snapshot { path: path.to_owned(), source })
    }

    fn build(&self, kind: DataKind) -> rusqlite::Result<Vec<u8>> {
        let mut db = Connection::open_in_memory()?;
        db.pragma_update(None, "page_size", PAGE_SIZE)?;
        let transaction = db.transaction()?;
        transaction.execute_batch(include_str!("coveragepy.sql"))?;
        transaction.execute("INSERT INTO coverage_schema VALUES (?1)", [VERSION])?;
        let has_arcs = match kind {
            DataKind::Lines => "0",
            DataKind::Arcs => "1",
        };
        let meta = [("has_arcs", has_arcs), ("version", concat!("cov-trace ", env!("CARGO_PKG_VERSION")))];
        for row in meta {
            transaction.execute("INSERT INTO meta VALUES (?1, ?2)", row)?;
        }
        let labels: BTreeSet<&str> = self.files.values().flat_map(BTreeMap::keys).map(String::as_str).collect();
        let contexts: BTreeMap<&str, i64> = labels.into_iter().zip(1..).collect();
        for (label, id) in &contexts {
            transaction.execute("INSERT INTO context VALUES (?1, ?2)", params![id, label])?;
        }
        insert_files(&transaction, &self.files, &contexts, kind)?;
        transaction.commit()?;
        Ok(db.serialize(MAIN_DB)?.to_vec())
    }
}

fn insert_files(
    db: &Connection,
    files: &BTreeMap<String, BTreeMap<String, Numbits>>,
    context_ids: &BTreeMap<&str, i64>,
    kind: DataKind,
) -> rusqlite::Result<()> {
    let mut file = db.prepare("INSERT INTO file VALUES (?1, ?2)")?;
    let mut tracer = db.prepare("INSERT INTO tracer VALUES (?1, ?2)")?;
    let mut line_bits = db.prepare("INSERT INTO line_bits VALUES (?1, ?2, ?3)")?;
    let mut arc = db.prepare("INSERT INTO arc VALUES (?1, ?2, ?3, ?3)")?;
    for ((path, contexts), id) in files.iter().zip(1i64..) {
        file.execute(params![id, path])?;
        tracer.execute(params![id, TRACER])?;
        for (context, lines) in contexts {
            let context = context_ids[context.as_str()];
            let lines: Numbits = lines.within(1..=u32::MAX).collect();
            match kind {
                DataKind::Lines => _ = line_bits.execute(params![id, context, lines.as_bytes()])?,
                DataKind::Arcs => {
                    for line in lines.iter() {
                        arc.execute(params![id, context, line])?;
                    }
                }
            }
        }
    }
    Ok(())
}

/// What `coverage combine` looks for: `.coverage.HOST.pidPID.X??????x`. A process always gets the same one, so that its
/// next snapshot replaces the former.
pub fn snapshot_name(host: &str, process: &ProcessFile) -> String {
    let identity = crc32fast::hash(format!("{}-{}", process.run, process.sequence).as_bytes());
    let pid = process.pid;
    format!(".coverage.{}.pid{pid}.X{}x", plain(host), six_digits(identity))
}

/// The name of the one snapshot of all processes.
pub fn merged_snapshot_name(host: &str) -> String {
    format!(".coverage.{}.cov-trace", plain(host))
}

/// A host's name without dots, which separate the parts.
fn plain(host: &str) -> String {
    host.replace(|character: char| !character.is_ascii_alphanumeric() && character != '-', "_")
}

/// A number to the base of 36.
fn six_digits(mut number: u32) -> String {
    const DIGITS: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut digit = || {
        let digit = DIGITS[(number % 36) as usize];
        number /= 36;
        char::from(digit)
    };
    [digit(), digit(), digit(), digit(), digit(), digit()].iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    /// Of rows of path, context and lines; a row without lines tells that there is such a file.
    fn snapshot(rows: &[(&str, &str, &[u32])]) -> Snapshot {
        let mut snapshot = Snapshot::default();
        for (path, label, lines) in rows {
            let contexts = snapshot.files.entry((*path).to_owned()).or_default();
            if !lines.is_empty() {
                contexts.insert((*label).to_owned(), lines.iter().copied().collect());
            }
        }
        snapshot
    }

    fn rows(snapshot: &Snapshot, kind: DataKind, sql: &str) -> Vec<String> {
        let bytes = snapshot.to_bytes(kind, Path::new("x")).unwrap();
        assert_eq!(bytes[18..20], [1, 1], "neither version of the file format is that of WAL");
        let mut db = Connection::open_in_memory().unwrap();
        db.deserialize_read_exact(MAIN_DB, Cursor::new(&bytes), bytes.len(), false).unwrap();
        let mut statement = db.prepare(sql).unwrap();
        let found = statement.query_map([], |row| row.get(0)).unwrap();
        found.map(Result::unwrap).collect()
    }

    #[test]
    fn lines_and_arcs_are_told_as_coverage_py_does() {
        let snapshot = snapshot(&[("/a.c", "", &[0, 1, 8, 9]), ("/a.c", "test", &[8]), ("/never.c", "", &[])]);
        let lines = "SELECT path || ' ' || context || ' ' || hex(numbits) FROM line_bits \
                     JOIN file ON file.id = file_id JOIN context ON context.id = context_id ORDER BY 1";
        let arcs = "SELECT path || ' ' || context || ' ' || fromno || ' ' || tono FROM arc \
                    JOIN file ON file.id = file_id JOIN context ON context.id = context_id ORDER BY 1";
        let has_arcs = "SELECT value FROM meta WHERE key = 'has_arcs' AND typeof(value) = 'text'";
        assert_eq!(rows(&snapshot, DataKind::Lines, lines), ["/a.c  0203", "/a.c test 0001"]);
        assert_eq!(rows(&snapshot, DataKind::Lines, arcs), [""; 0]);
        assert_eq!(rows(&snapshot, DataKind::Lines, has_arcs), ["0"]);
        assert_eq!(rows(&snapshot, DataKind::Arcs, lines), [""; 0]);
        assert_eq!(rows(&snapshot, DataKind::Arcs, arcs), ["/a.c  1 1", "/a.c  8 8", "/a.c  9 9", "/a.c test 8 8"]);
        assert_eq!(rows(&snapshot, DataKind::Arcs, has_arcs), ["1"]);
        let tracers = "SELECT path || ' ' || tracer FROM file JOIN tracer ON id = file_id ORDER BY 1";
        assert_eq!(rows(&snapshot, DataKind::Lines, tracers), [format!("/a.c {TRACER}"), format!("/never.c {TRACER}")]);
    }

    #[test]
    fn a_union_keeps_contexts() {
        let mut union = snapshot(&[("/a.c", "", &[1])]);
        union.union_with(&snapshot(&[("/a.c", "", &[2]), ("/a.c", "t", &[1]), ("/b.c", "", &[])]));
        assert_eq!(union, snapshot(&[("/a.c", "", &[1, 2]), ("/a.c", "t", &[1]), ("/b.c", "", &[])]));
    }

    #[test]
    fn names_are_those_that_combine_looks_for() {
        let process = |sequence| ProcessFile { run: "20261123T010203.512Z-9".to_owned(), sequence, pid: 77 };
        let name = snapshot_name("build.example/1", &process(3));
        let random = name.strip_prefix(".coverage.build_example_1.pid77.X").and_then(|rest| rest.strip_suffix('x'));
        assert!(random.is_some_and(|random| random.len() == 6 && random.is_ascii()), "{name}");
        assert_eq!(name, snapshot_name("build.example/1", &process(3)));
        assert_ne!(name, snapshot_name("build.example/1", &process(4)));
        assert_eq!(merged_snapshot_name("a.b"), ".coverage.a_b.cov-trace");
    }
}
