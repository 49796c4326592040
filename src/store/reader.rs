//! Reads what processes ran back from data files.
//!
//! Invariants: what was written comes back equal; the file and its directory are never written to, so both may be
//! read-only; whatever the bytes, the answer is records or an error that names the file and the cause.

use super::keys::ContentKey;
use super::legacy::{self, KnownImages};
use super::open::{check_version, open};
use super::process_rows::{exec, flush, process};
use super::rows::{Fault, rows, warning};
use super::{Hits, ImageFacts, Numbits, ProcessHead, ProcessRecord, StoreError, fact_files, facts_rows, schema};
use rusqlite::{Connection, Row};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// How many images are kept for later files.
const MAX_KNOWN: usize = 1024;

/// Reads data files; the images that several of them share are read once and shared by the records. A clone shares them
/// too.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    known: Arc<Mutex<HashMap<ContentKey, Arc<ImageFacts>>>>,
    /// Those of files of earlier versions.
    known_of_old: Arc<Mutex<KnownImages>>,
}

/// A process and the images that it had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProcessImages {
    pub head: ProcessHead,
    pub images: Vec<Arc<ImageFacts>>,
}

/// Reads a data file of one process.
pub fn read(path: &Path) -> Result<ProcessRecord, StoreError> {
    Reader::default().read(path)
}

/// How many processes a data file has; one if that cannot be read.
pub(super) fn count(path: &Path) -> usize {
    let counted =
        open(path).ok().and_then(|db| db.query_row("SELECT count(*) FROM process", [], |row| row.get(0)).ok());
    counted.unwrap_or(1)
}

/// A fault and the table in which it is.
type TableFault = (&'static str, Fault);

impl Reader {
    /// Reads a data file of one process.
    pub fn read(&self, path: &Path) -> Result<ProcessRecord, StoreError> {
        let mut records = self.read_all(path)?;
        match (records.pop(), records.len()) {
            (Some(record), 0) => Ok(record),
            (found, others) => {
                let count = others + usize::from(found.is_some());
                let fault = Fault::Value(format!("{count} rows where there must be one"));
                Err(fault.in_table("process", path))
            }
        }
    }

    /// Reads all processes of a data file, in the order of their runs and within these of their appearance.
    pub fn read_all(&self, path: &Path) -> Result<Vec<ProcessRecord>, StoreError> {
        let db = open(path)?;
        let version = check_version(&db, path)?;
        if version < schema::FIRST_WITH_KEYS {
            let mut known = self.known_of_old.lock().unwrap_or_else(PoisonError::into_inner);
            let record = legacy::record(&db, version, &mut known);
            return record.map(|record| vec![record]).map_err(|(table, fault)| fault.in_table(table, path));
        }
        let mut processes = self.processes(&db, path)?;
        processes.read(&db).map_err(|(table, fault)| fault.in_table(table, path))?;
        Ok(processes.records)
    }

    /// Reads no more of a data file than which images its processes had, and when that was.
    pub(crate) fn read_images(&self, path: &Path) -> Result<Vec<ProcessImages>, StoreError> {
        let db = open(path)?;
        let version = check_version(&db, path)?;
        if version >= schema::FIRST_WITH_KEYS {
            let records = self.processes(&db, path)?.records.into_iter();
            return Ok(records.map(|record| ProcessImages { head: record.head, images: record.images }).collect());
        }
        let mut known = self.known_of_old.lock().unwrap_or_else(PoisonError::into_inner);
        let images = legacy::Images::read(&db, version, &mut known);
        let images = images.map_err(|(table, fault)| fault.in_table(table, path))?.facts;
        let head = legacy::head(&db).map_err(|fault| fault.in_table("process", path))?;
        Ok(vec![ProcessImages { head, images }])
    }

    /// The processes of a file, with their images and nothing else yet.
    fn processes(&self, db: &Connection, path: &Path) -> Result<Processes, StoreError> {
        let in_table = |table| move |fault: Fault| fault.in_table(table, path);
        let sql = "SELECT id, pid, run, sequence, start_ticks, started, attached, parent_pid, parent_start_ticks, ended, \
                   end_reason, exit_status, end_signal, core, scope, complete FROM process ORDER BY run, sequence, pid";
        let mut processes = Processes::default();
        rows(db, sql, |row| processes.begin(row)).map_err(in_table("process"))?;
        if processes.records.is_empty() {
            return Err(in_table("process")(Fault::Value("it is empty".to_owned())));
        }
        let is_whole = schema::holds_facts(db);
        let mut images = if is_whole { self.own_images(db, path)? } else { HashMap::new() };
        let sql = "SELECT process, image FROM process_image ORDER BY process, image";
        let pairs = rows(db, sql, |row| Ok((processes.place(row)?, row.get(1)?))).map_err(in_table("process_image"))?;
        for (place, key) in pairs {
            let facts = match images.get(&key) {
                Some(facts) => facts.clone(),
                None if is_whole => {
                    return Err(in_table("process_image")(Fault::Value(format!("no image {key}"))));
                }
                None => images.entry(key).or_insert(self.image(path, key)?).clone(),
            };
            processes.records[place].images.push(facts);
            processes.images[place].push(key);
        }
        Ok(processes)
    }

    /// What a file itself knows of its images.
    fn own_images(&self, db: &Connection, path: &Path) -> Result<HashMap<ContentKey, Arc<ImageFacts>>, StoreError> {
        let facts = facts_rows::read(db).map_err(|(table, fault)| fault.in_table(table, path))?;
        Ok(facts.into_iter().map(|(key, facts)| (key, self.remember(key, facts))).collect())
    }

    /// What is known of an image that a file names.
    fn image(&self, path: &Path, key: ContentKey) -> Result<Arc<ImageFacts>, StoreError> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        match known {
            Some(facts) => Ok(facts),
            None => Ok(self.remember(key, fact_files::read(path, key)?)),
        }
    }

    /// The one in memory of an image.
    fn remember(&self, key: ContentKey, facts: ImageFacts) -> Arc<ImageFacts> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_KNOWN && !known.contains_key(&key) {
            known.clear();
        }
        known.entry(key).or_insert_with(|| Arc::new(facts)).clone()
    }
}

/// The processes of a file, while it is read.
#[derive(Default)]
struct Processes {
    records: Vec<ProcessRecord>,
    /// The keys of the images of each, in order.
    images: Vec<Vec<ContentKey>>,
    places: HashMap<ContentKey, usize>,
}

/// What ran, by image, file and context, each by its number; lines and functions.
type RanBits = BTreeMap<(usize, usize, usize), [Numbits; 2]>;

impl Processes {
    fn begin(&mut self, row: &Row<'_>) -> Result<(), Fault> {
        let key: ContentKey = row.get(0)?;
        let head = process(row, 1)?;
        if key != ContentKey::of_process(&head) {
            return Err(Fault::Value(format!("pid {} has the key of another process", head.pid)));
        }
        let complete = match row.get(15)? {
            0 => false,
            1 => true,
            other => return Err(Fault::Value(format!("complete is {other}, not 0 or 1"))),
        };
        self.places.insert(key, self.records.len());
        self.images.push(Vec::new());
        self.records.push(ProcessRecord {
            complete,
            head,
            execs: Vec::new(),
            images: Vec::new(),
            contexts: Vec::new(),
            hits: Vec::new(),
            flushes: Vec::new(),
            warnings: Vec::new(),
        });
        Ok(())
    }

    /// The process whose key is in the first column.
    fn place(&self, row: &Row<'_>) -> Result<usize, Fault> {
        let key: ContentKey = row.get(0)?;
        self.places.get(&key).copied().ok_or_else(|| Fault::Value(format!("no process {key}")))
    }

    fn read(&mut self, db: &Connection) -> Result<(), TableFault> {
        rows(db, "SELECT process, at, exe, argv, cwd FROM exec ORDER BY process, number", |row| {
            let place = self.place(row)?;
            self.records[place].execs.push(exec(row, 1)?);
            Ok(())
        })
        .map_err(|fault| ("exec", fault))?;
        rows(db, "SELECT process, at, new_lines, new_in_run FROM flush ORDER BY process, number", |row| {
            let place = self.place(row)?;
            self.records[place].flushes.push(flush(row, 1)?);
            Ok(())
        })
        .map_err(|fault| ("flush", fault))?;
        rows(db, "SELECT process, slug, text, count FROM warning ORDER BY process, number", |row| {
            let place = self.place(row)?;
            self.records[place].warnings.push(warning(row, 1)?);
            Ok(())
        })
        .map_err(|fault| ("warning", fault))?;
        let labels = labels(db).map_err(|fault| ("context", fault))?;
        let positions: HashMap<ContentKey, usize> = (0..).zip(&labels).map(|(at, (_, key))| (*key, at)).collect();
        let mut ran: Vec<RanBits> = self.records.iter().map(|_| RanBits::new()).collect();
        for (kind, table) in ["line_bits", "function_bits"].into_iter().enumerate() {
            let sql = format!("SELECT process, image, file, context, first, numbits FROM {table}");
            rows(db, &sql, |row| self.add_bits(&mut ran, kind, &positions, row)).map_err(|fault| (table, fault))?;
        }
        for (record, ran) in self.records.iter_mut().zip(ran) {
            let used: BTreeSet<usize> = std::iter::once(0).chain(ran.keys().map(|(.., context)| *context)).collect();
            let used: Vec<usize> = used.into_iter().collect();
            record.contexts = used.iter().map(|at| labels[*at].0.clone()).collect();
            record.hits = ran
                .into_iter()
                .map(|((image, file, context), [lines, functions])| {
                    let context = used.binary_search(&context).expect("invariant: they were taken from here");
                    Hits { image, file, context, lines, functions }
                })
                .collect();
        }
        Ok(())
    }

    fn add_bits(
        &self,
        ran: &mut [RanBits],
        kind: usize,
        contexts: &HashMap<ContentKey, usize>,
        row: &Row<'_>,
    ) -> Result<(), Fault> {
        let place = self.place(row)?;
        let (image, file, context): (ContentKey, usize, ContentKey) = (row.get(1)?, row.get(2)?, row.get(3)?);
        let missing = |what: &str, which: &dyn std::fmt::Display| Fault::Value(format!("no {what} {which}"));
        let image = self.images[place].binary_search(&image).map_err(|_| missing("image", &image))?;
        if file >= self.records[place].images[image].files.len() {
            return Err(missing("file", &file));
        }
        let context = *contexts.get(&context).ok_or_else(|| missing("context", &context))?;
        let bytes = row.get_ref(5)?.as_blob().map_err(|error| Fault::Value(format!("numbits: {error}")))?;
        let bits = &mut ran[place].entry((image, file, context)).or_default()[kind];
        if !bits.add_piece(row.get(4)?, bytes) {
            return Err(Fault::Value("lines where there can be none".to_owned()));
        }
        Ok(())
    }
}

/// The labels of contexts with their keys, in order; the first is the empty one.
fn labels(db: &Connection) -> Result<Vec<(String, ContentKey)>, Fault> {
    let mut labels = rows(db, "SELECT id, label FROM context", |row| {
        let (key, label): (ContentKey, String) = (row.get(0)?, row.get(1)?);
        if key != ContentKey::of_label(&label) {
            return Err(Fault::Value(format!("{label:?} has the key of another label")));
        }
        Ok((label, key))
    })?;
    let empty = String::new();
    if !labels.iter().any(|(label, _)| *label == empty) {
        labels.push((empty, ContentKey::of_label("")));
    }
    labels.sort();
    Ok(labels)
}
