//! Writes what one process ran into its file: built in memory, put in place with one write and one rename.
//!
//! Invariants: the file on disk is at every moment the former or the new whole, never anything between, and never has
//! a journal beside it; what fails leaves the former one. The write is not synced: a crash of the machine may lose it.

use super::staged::Staged;
use super::template::{Template, Templates, insert_warning_row, prepare_warning};
use super::{DataDir, EndReason, Numbits, ProcessFile, ProcessRecord, StoreError};
use platform::{Folder, Trust};
use rusqlite::{Connection, MAIN_DB, params};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;

/// Writes data files, fast where the images are ones that it has written before.
#[derive(Debug)]
pub struct Writer {
    db: Connection,
    templates: Templates,
}

impl Writer {
    /// A writer that has written nothing yet.
    pub fn new() -> Result<Self, StoreError> {
        Ok(Writer {
            db: Connection::open_in_memory().map_err(|source| StoreError::Memory { source })?,
            templates: Templates::default(),
        })
    }

    /// Puts a record into the file at a path, replacing what was there.
    pub fn write(&mut self, path: &Path, record: &ProcessRecord) -> Result<(), StoreError> {
        let place = Folder::of(path, Trust::own());
        let (folder, name) = place.map_err(|source| StoreError::Write { path: path.to_owned(), source })?;
        self.write_in(&Arc::new(folder), &name, record)
    }

    /// Puts a record into a data directory.
    pub fn write_to(&mut self, data: &DataDir, record: &ProcessRecord) -> Result<(), StoreError> {
        self.write_in(data.folder(), ProcessFile::of(&record.head).to_string().as_ref(), record)
    }

    /// Hits are stored sorted and once per image, file and context.
    fn write_in(&mut self, folder: &Arc<Folder>, name: &OsStr, record: &ProcessRecord) -> Result<(), StoreError> {
        let pid = record.head.pid;
        let template = self.templates.get(pid, &record.images)?;
        let hits = hits_by_id(template, record)?;
        let build = |source| StoreError::Build { pid, source };
        let db = &mut self.db;
        db.deserialize_read_exact(MAIN_DB, &template.bytes[..], template.bytes.len(), false).map_err(build)?;
        insert_process(db, record, &hits).map_err(build)?;
        let bytes = db.serialize(MAIN_DB).map_err(build)?;
        Staged::write(folder, name, &bytes)?.publish()
    }
}

type HitsById<'a> = BTreeMap<(i64, usize), (Cow<'a, Numbits>, Cow<'a, Numbits>)>;

fn hits_by_id<'a>(template: &Template, record: &'a ProcessRecord) -> Result<HitsById<'a>, StoreError> {
    let mut by_id = HitsById::new();
    for hits in &record.hits {
        let file = template.file_id(hits.image, hits.file);
        let (Some(file), true) = (file, hits.context < record.contexts.len()) else {
            return Err(StoreError::InvalidRecord {
                pid: record.head.pid,
                cause: format!("no image {}, file {}, context {} in the record", hits.image, hits.file, hits.context),
            });
        };
        by_id
            .entry((file, hits.context))
            .and_modify(|(lines, functions)| {
                lines.to_mut().union_with(&hits.lines);
                functions.to_mut().union_with(&hits.functions);
            })
            .or_insert((Cow::Borrowed(&hits.lines), Cow::Borrowed(&hits.functions)));
    }
    Ok(by_id)
}

fn insert_process(db: &mut Connection, record: &ProcessRecord, hits: &HitsById<'_>) -> rusqlite::Result<()> {
    db.pragma_update(None, "journal_mode", "OFF")?;
    let db = db.transaction()?;
    db.execute("INSERT INTO meta (key, value) VALUES ('complete', ?1)", [record.complete])?;
    let mut end = (None, None, None, None);
    if let Some(reason) = record.head.end.map(|end| end.reason) {
        end = match reason {
            EndReason::Exited(status) => (Some("exited"), Some(status), None, None),
            EndReason::Signaled { signal, core } => (Some("signaled"), None, Some(signal), Some(core)),
            EndReason::Detached => (Some("detached"), None, None, None),
        };
    }
    db.execute(
        "INSERT INTO process VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        params![
            record.head.pid,
            record.head.run,
            record.head.sequence,
            record.head.start_ticks,
            record.head.started.0,
            record.head.attached.map(|at| at.0),
            record.head.parent.map(|parent| parent.pid),
            record.head.parent.and_then(|parent| parent.start_ticks),
            record.head.end.map(|end| end.at.0),
            end.0,
            end.1,
            end.2,
            end.3,
        ],
    )?;
    let mut exec = db.prepare("INSERT INTO exec (at, exe, argv, cwd) VALUES (?1, ?2, ?3, ?4)")?;
    for row in &record.execs {
        let argv = serde_json::to_string(&row.argv).expect("invariant: strings are always JSON");
        exec.execute(params![row.at.0, row.exe, argv, row.cwd])?;
    }
    let mut context = db.prepare("INSERT INTO context (id, label) VALUES (?1, ?2)")?;
    for (id, label) in record.contexts.iter().enumerate() {
        context.execute(params![id as i64, label])?;
    }
    let mut line_bits =
        db.prepare("INSERT INTO line_bits (file, context, numbits, functions) VALUES (?1, ?2, ?3, ?4)")?;
    for ((file, context), (lines, functions)) in hits {
        line_bits.execute(params![file, *context as i64, lines.as_bytes(), functions.as_bytes()])?;
    }
    let mut flush = db.prepare("INSERT INTO flush (at, new_lines, new_in_run) VALUES (?1, ?2, ?3)")?;
    for row in &record.flushes {
        flush.execute(params![row.at.0, row.new_lines, row.new_in_run])?;
    }
    let mut warning = prepare_warning(&db)?;
    for row in &record.warnings {
        insert_warning_row(&mut warning, None, row)?;
    }
    drop((exec, context, line_bits, flush, warning));
    db.commit()
}
