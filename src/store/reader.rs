//! Reads what one process ran back from its file.
//!
//! Invariants: what was written comes back equal; the file and its directory are never written to, so both may be
//! read-only; whatever the bytes, the answer is a record or an error that names the file and the cause.

use super::images::{Images, KnownImages};
use super::open::{check_version, open};
use super::rows::{Fault, numbits, rows, warning};
use super::{
    End, EndReason, Exec, Flush, Hits, ImageFacts, Parent, ProcessHead, ProcessRecord, StoreError, UnixMillis,
};
use rusqlite::{Connection, Row};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// Reads data files; the images that several of them share are read once and shared by the records.
#[derive(Debug, Default)]
pub struct Reader {
    known: KnownImages,
}

/// Reads one data file.
pub fn read(path: &Path) -> Result<ProcessRecord, StoreError> {
    Reader::default().read(path)
}

impl Reader {
    /// Reads a data file.
    pub fn read(&mut self, path: &Path) -> Result<ProcessRecord, StoreError> {
        let db = open(path)?;
        let version = check_version(&db, path)?;
        self.record(&db, version).map_err(|(table, fault)| fault.in_table(table, path))
    }

    /// Reads no more of a data file than which images its process had, and when that was.
    pub fn read_images(&mut self, path: &Path) -> Result<(ProcessHead, Vec<Arc<ImageFacts>>), StoreError> {
        let db = open(path)?;
        let version = check_version(&db, path)?;
        let images = Images::read(&db, version, &mut self.known);
        let images = images.map_err(|(table, fault)| fault.in_table(table, path))?.facts;
        let head = process(&db).map_err(|fault| fault.in_table("process", path))?;
        Ok((head, images))
    }

    fn record(&mut self, db: &Connection, version: i64) -> Result<ProcessRecord, (&'static str, Fault)> {
        let images = Images::read(db, version, &mut self.known)?;
        let head = process(db).map_err(|fault| ("process", fault))?;
        let complete = complete(db).map_err(|fault| ("meta", fault))?;
        let execs =
            rows(db, "SELECT at, exe, argv, cwd FROM exec ORDER BY id", exec).map_err(|fault| ("exec", fault))?;
        let contexts =
            rows(db, "SELECT id, label FROM context ORDER BY id", |row| Ok((row.get::<_, i64>(0)?, row.get(1)?)))
                .map_err(|fault| ("context", fault))?;
        let positions = contexts.iter().enumerate().map(|(position, (id, _))| (*id, position));
        let hits = hits(db, version, &images, &positions.collect()).map_err(|fault| ("line_bits", fault))?;
        let contexts = contexts.into_iter().map(|(_, label)| label).collect();
        let flushes = rows(db, "SELECT at, new_lines, new_in_run FROM flush ORDER BY id", |row| {
            Ok(Flush { at: UnixMillis(row.get(0)?), new_lines: row.get(1)?, new_in_run: row.get(2)? })
        })
        .map_err(|fault| ("flush", fault))?;
        let of_process = "SELECT slug, text, count FROM warning WHERE image IS NULL ORDER BY id";
        let warnings = rows(db, of_process, |row| Ok(warning(row, 0)?)).map_err(|fault| ("warning", fault))?;
        Ok(ProcessRecord { complete, head, execs, images: images.facts, contexts, hits, flushes, warnings })
    }
}

fn complete(db: &Connection) -> Result<bool, Fault> {
    match db.query_row("SELECT value FROM meta WHERE key = 'complete'", [], |row| row.get(0))? {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(Fault::Value(format!("complete is {other}, not 0 or 1"))),
    }
}

fn process(db: &Connection) -> Result<ProcessHead, Fault> {
    let sql = "SELECT pid, run, sequence, start_ticks, started, attached, parent_pid, \
               parent_start_ticks, ended, end_reason, exit_status, end_signal, core FROM process";
    let mut found = rows(db, sql, |row| {
        let parent = row.get::<_, Option<i32>>(6)?;
        let parent_start: Option<u64> = row.get(7)?;
        Ok(ProcessHead {
            pid: row.get(0)?,
            run: row.get(1)?,
            sequence: row.get(2)?,
            start_ticks: row.get(3)?,
            started: UnixMillis(row.get(4)?),
            attached: row.get::<_, Option<i64>>(5)?.map(UnixMillis),
            parent: parent.map(|pid| Parent { pid, start_ticks: parent_start }),
            end: end(row)?,
        })
    })?;
    match (found.pop(), found.len()) {
        (Some(record), 0) => Ok(record),
        (None, _) => Err(Fault::Value("it is empty".to_owned())),
        (Some(_), others) => Err(Fault::Value(format!("{} rows where there must be one", others + 1))),
    }
}

fn end(row: &Row<'_>) -> Result<Option<End>, Fault> {
    let Some(at) = row.get(8)? else {
        return Ok(None);
    };
    let reason: String = row.get(9)?;
    let reason = match reason.as_str() {
        "exited" => EndReason::Exited(row.get(10)?),
        "signaled" => EndReason::Signaled { signal: row.get(11)?, core: row.get(12)? },
        "detached" => EndReason::Detached,
        other => return Err(Fault::Value(format!("unknown end_reason {other:?}"))),
    };
    Ok(Some(End { at: UnixMillis(at), reason }))
}

fn exec(row: &Row<'_>) -> Result<Exec, Fault> {
    let argv: String = row.get(2)?;
    Ok(Exec {
        at: UnixMillis(row.get(0)?),
        exe: row.get(1)?,
        argv: serde_json::from_str(&argv).map_err(|error| Fault::Value(format!("argv: {error}")))?,
        cwd: row.get(3)?,
    })
}

fn hits(db: &Connection, version: i64, images: &Images, contexts: &HashMap<i64, usize>) -> Result<Vec<Hits>, Fault> {
    let functions = if version < 2 { "x''" } else { "functions" };
    let mut hits = rows(db, &format!("SELECT file, context, numbits, {functions} FROM line_bits"), |row| {
        let context_id: i64 = row.get(1)?;
        let (image, file) = images.file(row.get(0)?)?;
        let context = *contexts.get(&context_id).ok_or_else(|| Fault::Value(format!("no context {context_id}")))?;
        Ok(Hits { image, file, context, lines: numbits(row, 2)?, functions: numbits(row, 3)? })
    })?;
    hits.sort_by_key(|hits| (hits.image, hits.file, hits.context));
    Ok(hits)
}
