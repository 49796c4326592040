//! Writes what processes ran into data files: built in memory, put in place with one write and one rename.
//!
//! Invariants: the file on disk is at every moment the former or the new whole, never anything between, and never has
//! a journal beside it; what fails leaves the former one. Equal processes give equal bytes. The write is not synced: a crash
//! of the machine may lose it.

use super::fact_files::{FactFiles, KeyedImages};
use super::keys::ContentKey;
use super::packed::{Counted, CountedImage};
use super::staged::Staged;
use super::whole::WholeFile;
use super::{
    ContextKind, DataDir, EndReason, Hits, ImageFacts, Numbits, OpenedFile, ProcessFile, ProcessRecord, RunLabels,
    Span, StoreError, schema,
};
use platform::{Folder, Trust};
use rusqlite::{Connection, MAIN_DB, params};
use std::borrow::{Borrow, Cow};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Writes data files.
#[derive(Debug)]
pub struct Writer {
    /// A data file without rows, to which it is rolled back after each file, so that its statements stay prepared.
    empty: Connection,
    images: FactFiles,
}

impl Writer {
    /// A writer that has written nothing yet.
    pub fn new() -> Result<Self, StoreError> {
        let empty = schema::empty(&[schema::SQL, schema::PACKED], schema::PAGE_SIZE)
            .map_err(|source| StoreError::Memory { source })?;
        Ok(Writer { empty, images: FactFiles::default() })
    }

    /// Puts a process into a data directory, and what is known of its images if the directory does not have that.
    pub fn write_to(&mut self, data: &DataDir, record: &ProcessRecord) -> Result<(), StoreError> {
        self.write_file(data, &ProcessFile::of(&record.head), &[record]).map(|_length| ())
    }

    /// Puts processes into a data file, replacing what was there; none may be there twice. Gives the length in bytes.
    pub fn write_file(
        &mut self,
        data: &DataDir,
        file: &ProcessFile,
        records: &[&ProcessRecord],
    ) -> Result<usize, StoreError> {
        let processes = self.keyed(data, records)?;
        let bytes = match packed(&processes) {
            Some(rows) if !has_spans(&processes) && !has_files(&processes) => {
                self.file_with(|db| insert_packed(db, &processes, &rows))
            }
            packed => other_file(&processes, packed, None),
        };
        let bytes = bytes.map_err(|source| StoreError::Build { pid: file.pid, source })?;
        Staged::write(data.folder(), file.to_string().as_ref(), &bytes)?.publish()?;
        Ok(bytes.len())
    }

    /// The same in a file that has labels of runs too. It may have no process.
    pub fn write_labelled(
        &mut self,
        data: &DataDir,
        file: &ProcessFile,
        records: &[&ProcessRecord],
        labels: &RunLabels,
    ) -> Result<(), StoreError> {
        let processes = self.keyed(data, records)?;
        let bytes = other_file(&processes, packed(&processes), Some(labels));
        let bytes = bytes.map_err(|source| StoreError::Build { pid: file.pid, source })?;
        Staged::write(data.folder(), file.to_string().as_ref(), &bytes)?.publish()
    }

    /// Processes by their keys, once what is known of their images is in a data directory.
    fn keyed<'a>(&mut self, data: &DataDir, records: &[&'a ProcessRecord]) -> Result<KeyedProcesses<'a>, StoreError> {
        let mut processes = KeyedProcesses::new();
        for record in records {
            let process = KeyedProcess::of(record, self.images.keep(data, &record.images)?)?;
            processes.insert(process.key, process);
        }
        Ok(processes)
    }

    /// Writes what is known of images again, where it was removed since.
    pub fn restore_fact_files(&mut self, data: &DataDir) -> Result<(), StoreError> {
        self.images.restore(data)
    }

    /// A data file with the rows that `fill` puts into it.
    fn file_with(&mut self, fill: impl FnOnce(&Connection) -> rusqlite::Result<()>) -> rusqlite::Result<Vec<u8>> {
        self.empty.execute_batch("BEGIN")?;
        let filled = fill(&self.empty);
        let bytes = filled.and_then(|()| Ok(self.empty.serialize(MAIN_DB)?.to_vec()));
        self.empty.execute_batch("ROLLBACK")?;
        bytes
    }

    /// Files with what is known of images that processes were written with since the last time, which may not be on disk.
    pub fn take_fact_files(&mut self) -> Vec<PathBuf> {
        self.images.take_unsynced()
    }

    /// Takes it that the data directory is another one.
    pub fn forget_images(&mut self) {
        self.images.forget();
    }

    /// Puts a process and what is known of its images into one file, replacing what was there.
    pub fn write(&mut self, path: &Path, record: &ProcessRecord) -> Result<(), StoreError> {
        self.write_all(path, &record.images, [record].into_iter(), &RunLabels::default())
    }

    /// The same with several processes, of which none may be there twice, their images and labels of runs.
    pub fn write_all<R: Borrow<ProcessRecord>>(
        &mut self,
        path: &Path,
        images: &[Arc<ImageFacts>],
        records: impl ExactSizeIterator<Item = R>,
        labels: &RunLabels,
    ) -> Result<(), StoreError> {
        let keyed = self.images.keyed(images).into_iter();
        let images: BTreeMap<ContentKey, Arc<ImageFacts>> =
            keyed.map(|(key, image)| (key, image.facts().clone())).collect();
        let failed = |pid| move |source| StoreError::Build { pid, source };
        let file = WholeFile::begin(records.len(), &images, labels).map_err(failed(0))?;
        for record in records {
            let record = record.borrow();
            let process = KeyedProcess::of(record, self.images.keyed(&record.images))?;
            file.add(&process).map_err(failed(record.head.pid))?;
        }
        let place = Folder::of(path, Trust::own());
        let (folder, name) = place.map_err(|source| StoreError::Write { path: path.to_owned(), source })?;
        file.finish(|bytes| Staged::write(&Arc::new(folder), &name, bytes)).map_err(failed(0))??.publish()
    }
}

/// Processes by their keys.
type KeyedProcesses<'a> = BTreeMap<ContentKey, KeyedProcess<'a>>;

/// A process with the keys of its rows.
pub(super) struct KeyedProcess<'a> {
    key: ContentKey,
    record: &'a ProcessRecord,
    images: KeyedImages,
    /// What ran by image and context.
    hits: BTreeMap<(ContentKey, ContentKey), OfImage<'a>>,
}

/// What a process ran of an image under a context.
struct OfImage<'a> {
    image: CountedImage,
    /// Lines and functions by the number of the source.
    sets: BTreeMap<usize, [Cow<'a, Numbits>; 2]>,
}

/// A row of the table hits.
struct PackedRow {
    process: ContentKey,
    image: ContentKey,
    context: ContentKey,
    lines: Vec<u8>,
    functions: Vec<u8>,
}

impl<'a> KeyedProcess<'a> {
    /// A process whose images have these keys; refuses one whose indexes lead nowhere.
    pub fn of(record: &'a ProcessRecord, images: KeyedImages) -> Result<Self, StoreError> {
        let mut by_key = BTreeMap::new();
        for hits in &record.hits {
            let image = images.get(hits.image).filter(|(_, image)| image.facts().files.len() > hits.file);
            let (Some((key, image)), Some(label)) = (image, record.contexts.get(hits.context)) else {
                let Hits { image, file, context, .. } = hits;
                return Err(StoreError::InvalidRecord {
                    pid: record.head.pid,
                    cause: format!("no image {image}, file {file}, context {context} in the record"),
                });
            };
            by_key
                .entry((*key, ContentKey::of_label(label)))
                .or_insert_with(|| OfImage { image: image.clone(), sets: BTreeMap::new() })
                .sets
                .entry(hits.file)
                .and_modify(|[lines, functions]| {
                    lines.to_mut().union_with(&hits.lines);
                    functions.to_mut().union_with(&hits.functions);
                })
                .or_insert([Cow::Borrowed(&hits.lines), Cow::Borrowed(&hits.functions)]);
        }
        Ok(KeyedProcess { key: ContentKey::of_process(&record.head), record, images, hits: by_key })
    }

    /// Inserts everything but what ran.
    pub fn insert(&self, db: &Connection) -> rusqlite::Result<()> {
        insert_head(db, self.key, self.record)?;
        insert_life(db, self.key, self.record)?;
        let mut image = db.prepare_cached("INSERT OR IGNORE INTO process_image VALUES (?1, ?2)")?;
        for (key, _) in &self.images {
            image.execute(params![self.key, key])?;
        }
        let mut context = db.prepare_cached("INSERT OR IGNORE INTO context VALUES (?1, ?2)")?;
        let of_files = self.record.files.iter().flatten().map(|file| &file.label);
        let of_spans = self.record.spans.iter().map(|span| &span.label);
        for label in self.record.contexts.iter().chain(of_spans).chain(of_files) {
            context.execute(params![ContentKey::of_label(label), label])?;
        }
        Ok(())
    }

    /// Inserts the contexts that it was in.
    pub fn insert_spans(&self, db: &Connection) -> rusqlite::Result<()> {
        let mut span = db.prepare_cached("INSERT INTO span VALUES (?1, ?2, ?3, ?4, ?5)")?;
        for (number, Span { at, label, opened }) in (0i64..).zip(&self.record.spans) {
            span.execute(params![
                self.key,
                number,
                at.0,
                ContentKey::of_label(label),
                opened.map_or(0, ContextKind::number)
            ])?;
        }
        Ok(())
    }

    /// Inserts the files that it opened.
    pub fn insert_files(&self, db: &Connection) -> rusqlite::Result<()> {
        let Some(files) = &self.record.files else { return Ok(()) };
        let mut row = db.prepare_cached("INSERT OR IGNORE INTO opened VALUES (?1, ?2, ?3, ?4, ?5)")?;
        row.execute(params![self.key, ContentKey::of_label(""), "", 0, None::<i64>])?;
        for OpenedFile { label, path, opened_for, digest } in files {
            let digest = digest.map(u64::cast_signed);
            row.execute(params![self.key, ContentKey::of_label(label), path, opened_for.number(), digest])?;
        }
        Ok(())
    }

    /// Inserts what ran, as sets.
    pub fn insert_sets(&self, db: &Connection) -> rusqlite::Result<()> {
        for (kind, table) in ["line_bits", "function_bits"].into_iter().enumerate() {
            let mut bits = db.prepare_cached(&format!("INSERT INTO {table} VALUES (?1, ?2, ?3, ?4, ?5, ?6)"))?;
            for ((image, context), of_image) in &self.hits {
                for (file, sets) in &of_image.sets {
                    for (first, numbits) in sets[kind].pieces() {
                        bits.execute(params![self.key, image, *file as i64, context, first, numbits])?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// What processes ran as rows of the table hits; None if one ran what its image does not have.
fn packed(processes: &KeyedProcesses<'_>) -> Option<Vec<PackedRow>> {
    let mut rows = Vec::new();
    for (process, KeyedProcess { hits, .. }) in processes {
        for ((image, context), OfImage { image: counted_image, sets }) in hits {
            let (process, image, context) = (*process, *image, *context);
            let of = |counted: Counted| sets.iter().map(move |(file, sets)| (*file, &*sets[counted as usize]));
            let pack = |counted| counted_image.pack(counted, of(counted));
            let (lines, functions) = (pack(Counted::Lines)?, pack(Counted::Functions)?);
            if !lines.is_empty() || !functions.is_empty() {
                rows.push(PackedRow { process, image, context, lines, functions });
            }
        }
    }
    Some(rows)
}

fn insert_packed(db: &Connection, processes: &KeyedProcesses<'_>, rows: &[PackedRow]) -> rusqlite::Result<()> {
    processes.values().try_for_each(|process| process.insert(db))?;
    let mut hits = db.prepare_cached("INSERT INTO hits VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for PackedRow { process, image, context, lines, functions } in rows {
        hits.execute(params![process, image, context, lines, functions])?;
    }
    Ok(())
}

fn has_spans(processes: &KeyedProcesses<'_>) -> bool {
    processes.values().any(|process| !process.record.spans.is_empty())
}

fn has_files(processes: &KeyedProcesses<'_>) -> bool {
    processes.values().any(|process| process.record.files.is_some())
}

/// A file that has more tables than most.
fn other_file(
    processes: &KeyedProcesses<'_>,
    rows: Option<Vec<PackedRow>>,
    labels: Option<&RunLabels>,
) -> rusqlite::Result<Vec<u8>> {
    let Some(rows) = rows else { return whole(processes, labels.unwrap_or(&RunLabels::default())) };
    let (has_spans, has_files) = (has_spans(processes), has_files(processes));
    let mut statements = vec![schema::SQL, schema::PACKED];
    statements.extend(has_spans.then_some(schema::SPANS));
    statements.extend(has_files.then_some(schema::FILES));
    statements.extend(labels.map(|_| schema::LABELS));
    schema::build(&statements, |db| {
        labels.map_or(Ok(()), |labels| labels.insert(db))?;
        if has_spans {
            processes.values().try_for_each(|process| process.insert_spans(db))?;
        }
        if has_files {
            processes.values().try_for_each(|process| process.insert_files(db))?;
        }
        insert_packed(db, processes, &rows)
    })
}

/// A file with processes and what is known of their images.
fn whole(processes: &KeyedProcesses<'_>, labels: &RunLabels) -> rusqlite::Result<Vec<u8>> {
    let images = processes.values().flat_map(|process| &process.images);
    let images = images.map(|(key, image)| (*key, image.facts().clone())).collect();
    let file = WholeFile::begin(processes.len(), &images, labels)?;
    processes.values().try_for_each(|process| file.add(process))?;
    file.finish(<[u8]>::to_vec)
}

fn insert_head(db: &Connection, process: ContentKey, record: &ProcessRecord) -> rusqlite::Result<()> {
    let head = &record.head;
    let end = match head.end.map(|end| end.reason) {
        Some(EndReason::Exited(status)) => (Some("exited"), Some(status), None, None),
        Some(EndReason::Signaled { signal, core }) => (Some("signaled"), None, Some(signal), Some(core)),
        Some(EndReason::Detached) => (Some("detached"), None, None, None),
        None => (None, None, None, None),
    };
    let sql = "INSERT INTO process VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)";
    db.prepare_cached(sql)?.execute(params![
        process,
        head.pid,
        head.run,
        head.sequence,
        record.complete,
        head.start_ticks,
        head.started.0,
        head.attached.map(|at| at.0),
        head.parent.map(|parent| parent.pid),
        head.parent.and_then(|parent| parent.start_ticks),
        head.end.map(|end| end.at.0),
        end.0,
        end.1,
        end.2,
        end.3,
        head.scope,
    ])?;
    Ok(())
}

/// What a process did over time, and what is to be said of it.
fn insert_life(db: &Connection, process: ContentKey, record: &ProcessRecord) -> rusqlite::Result<()> {
    let mut exec = db.prepare_cached("INSERT INTO exec VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
    for (number, row) in (0i64..).zip(&record.execs) {
        let argv = serde_json::to_string(&row.argv).expect("invariant: strings are always JSON");
        exec.execute(params![process, number, row.at.0, row.exe, argv, row.cwd])?;
    }
    let mut flush = db.prepare_cached("INSERT INTO flush VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for (number, row) in (0i64..).zip(&record.flushes) {
        flush.execute(params![process, number, row.at.0, row.new_lines, row.new_in_run])?;
    }
    let mut warning = db.prepare_cached("INSERT INTO warning VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for (number, row) in (0i64..).zip(&record.warnings) {
        warning.execute(params![process, number, row.slug, row.text, row.count])?;
    }
    Ok(())
}
