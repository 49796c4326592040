//! The schema of a data file and its version.
//!
//! Invariant: `schema.sql`, `VERSION` and a written file agree; a test holds them together.

use rusqlite::{Connection, MAIN_DB, OptionalExtension, params};

/// Version of the schema that this build writes, and the newest that it reads.
pub const VERSION: i64 = 6;

/// The first version in which facts of images are apart and keys are made of content.
pub(super) const FIRST_WITH_KEYS: i64 = 3;

/// The statements that make what every data file has.
pub(super) const SQL: &str = include_str!("schema.sql");

/// The statement that makes the table for what ran, where the facts of images are in files of their own.
pub(super) const PACKED: &str = include_str!("packed.sql");

/// The statements that make the tables for what ran, where the facts of images are in the same file.
pub(super) const SETS: &str = include_str!("sets.sql");

/// The statements that make the tables for what is known of images.
pub(super) const FACTS: &str = include_str!("facts.sql");

/// The statement that makes the table for the contexts that processes were in.
pub(super) const SPANS: &str = include_str!("spans.sql");

/// The statement that makes the table for the files that processes opened.
pub(super) const FILES: &str = include_str!("files.sql");

/// The statement that makes the table for labels of runs.
pub(super) const LABELS: &str = include_str!("labels.sql");

/// The statements that make a data file which has all there is.
pub(super) const WHOLE: [&str; 6] = [SQL, SETS, FACTS, SPANS, FILES, LABELS];

/// The statement that makes the table of facts about the file.
pub(super) const META: &str = "CREATE TABLE meta (key TEXT PRIMARY KEY NOT NULL, value NOT NULL) WITHOUT ROWID;";

/// Bytes per page: each of the tables takes at least one, and most files are small.
pub(super) const PAGE_SIZE: u32 = 512;

/// The same of a file that has many processes.
pub(super) const LARGE_PAGE_SIZE: u32 = 4096;

/// A file of ours as bytes: with the tables that statements make, and the rows that `fill` puts into them.
pub(super) fn build(
    statements: &[&str],
    fill: impl FnOnce(&Connection) -> rusqlite::Result<()>,
) -> rusqlite::Result<Vec<u8>> {
    let mut db = empty(statements, PAGE_SIZE)?;
    let transaction = db.transaction()?;
    fill(&transaction)?;
    transaction.commit()?;
    Ok(db.serialize(MAIN_DB)?.to_vec())
}

/// Such a file in memory, without rows of its own.
pub(super) fn empty(statements: &[&str], page_size: u32) -> rusqlite::Result<Connection> {
    let mut db = Connection::open_in_memory()?;
    db.pragma_update(None, "page_size", page_size)?;
    let transaction = db.transaction()?;
    for sql in statements {
        transaction.execute_batch(&shortest(sql))?;
    }
    let mut meta = transaction.prepare("INSERT INTO meta (key, value) VALUES (?1, ?2)")?;
    meta.execute(params!["schema_version", VERSION])?;
    meta.execute(params!["tool_version", env!("CARGO_PKG_VERSION")])?;
    drop(meta);
    transaction.commit()?;
    Ok(db)
}

/// Statements without comments and without spaces that are not needed: SQLite keeps their text in each file.
fn shortest(sql: &str) -> String {
    let code = sql.lines().filter(|line| !line.starts_with("--")).collect::<Vec<_>>().join(" ");
    let words = code.split_whitespace().collect::<Vec<_>>().join(" ");
    let tight = [" (", "( ", " )", ") ", ", ", "; "];
    tight.into_iter().fold(words, |text, spaced| text.replace(spaced, spaced.trim()))
}

/// Statements as SQLite keeps them.
pub(super) fn statements(sql: &str) -> Vec<String> {
    shortest(sql).split(';').filter(|statement| !statement.is_empty()).map(str::to_owned).collect()
}

/// Whether a data file holds what is known of its images itself.
pub(super) fn holds_facts(db: &Connection) -> bool {
    holds(db, "image")
}

/// Whether a data file has what ran as runs.
pub(super) fn holds_packed(db: &Connection) -> bool {
    holds(db, "hits")
}

/// Whether a data file tells of contexts that processes were in.
pub(super) fn holds_spans(db: &Connection) -> bool {
    holds(db, "span")
}

/// Whether a data file tells of files that processes opened.
pub(super) fn holds_files(db: &Connection) -> bool {
    holds(db, "opened")
}

/// Whether a data file has labels of runs.
pub(super) fn holds_labels(db: &Connection) -> bool {
    holds(db, "label")
}

fn holds(db: &Connection, table: &str) -> bool {
    let found = db.query_row("SELECT 1 FROM sqlite_schema WHERE name = ?1", [table], |_| Ok(())).optional();
    matches!(found, Ok(Some(())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Writer, sample};
    use rusqlite::Connection;

    #[test]
    fn the_shortest_form_means_the_same() {
        let sql = "-- A note; with one.\nCREATE TABLE t (\n    a INTEGER,\n    b TEXT NOT NULL,\n    PRIMARY KEY (a, b)\n) WITHOUT ROWID;\n";
        assert_eq!(shortest(sql), "CREATE TABLE t(a INTEGER,b TEXT NOT NULL,PRIMARY KEY(a,b))WITHOUT ROWID;");
    }

    #[test]
    fn the_sql_the_constant_and_a_written_file_agree() {
        assert!(SQL.contains(&format!("\n-- Schema version: {VERSION}\n")));
        let history = SQL.split("-- History\n").nth(1).expect("a history");
        let newest = history
            .lines()
            .map_while(|line| line.strip_prefix("--   "))
            .filter_map(|line| line.split("  ").next()?.parse::<i64>().ok())
            .max();
        assert_eq!(newest, Some(VERSION), "the history's last entry is the current version");

        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file.sqlite");
        Writer::new().unwrap().write(&path, &sample::record()).unwrap();
        let db = Connection::open(&path).unwrap();
        let version: i64 =
            db.query_row("SELECT value FROM meta WHERE key = 'schema_version'", [], |row| row.get(0)).unwrap();
        assert_eq!(version, VERSION);
        let mut query = db.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid").unwrap();
        let written: Vec<String> = query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        assert_eq!(written, WHOLE.map(statements).concat());
        let mode: String = db.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
        assert_eq!(mode, "delete", "never WAL");
        let broken: i64 = db.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0)).unwrap();
        assert_eq!(broken, 0);
        assert!(SQL.contains(&format!("\n{META}\n")));
        let check: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(check, "ok");
    }
}
