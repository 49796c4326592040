//! Reads what processes ran back from data files.
//!
//! Invariants: what was written comes back equal; the file and its directory are never written to, so both may be
//! read-only; whatever the bytes, the answer is records or an error that names the file and the cause.

use super::keys::ContentKey;
use super::legacy::{self, KnownImages};
use super::open::{check_version, open};
use super::process_rows::{exec, flush, process};
use super::quick::{self, Depth, Statements};
use super::rows::{Fault, rows, warning};
use super::{Hits, ImageFacts, Numbits, ProcessHead, ProcessRecord, StoreError, fact_files, facts_rows, schema};
use platform::open_regular;
use rusqlite::Connection;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{File, OpenOptions};
use std::io::Read;
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
    statements: Arc<Statements>,
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
        let file = open_regular(path, OpenOptions::new().read(true)).ok();
        match file.and_then(|file| self.quick(path, file, Depth::All)) {
            Some(processes) => Ok(processes.records),
            None => self.read_by_sqlite(path),
        }
    }

    /// The same of a file that is open.
    pub(super) fn read_open(&self, path: &Path, file: File) -> Result<Vec<ProcessRecord>, StoreError> {
        match self.quick(path, file, Depth::All) {
            Some(processes) => Ok(processes.records),
            None => self.read_by_sqlite(path),
        }
    }

    fn quick(&self, path: &Path, file: File, depth: Depth) -> Option<Processes> {
        let mut bytes = Vec::new();
        file.take(quick::MOST + 1).read_to_end(&mut bytes).ok().filter(|length| *length as u64 <= quick::MOST)?;
        quick::read(&bytes, &self.statements, depth, |key| self.image(path, key).ok())
    }

    /// Reads a data file without SQLite, or not.
    #[cfg(test)]
    pub(super) fn read_quickly(&self, path: &Path) -> Option<Vec<ProcessRecord>> {
        let file = File::open(path).unwrap();
        self.quick(path, file, Depth::All).map(|processes| processes.records)
    }

    /// Reads any data file, or says what is wrong with it.
    pub(super) fn read_by_sqlite(&self, path: &Path) -> Result<Vec<ProcessRecord>, StoreError> {
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
        let images = |record: ProcessRecord| ProcessImages { head: record.head, images: record.images };
        let file = open_regular(path, OpenOptions::new().read(true)).ok();
        if let Some(processes) = file.and_then(|file| self.quick(path, file, Depth::Images)) {
            return Ok(processes.records.into_iter().map(images).collect());
        }
        let db = open(path)?;
        let version = check_version(&db, path)?;
        if version >= schema::FIRST_WITH_KEYS {
            return Ok(self.processes(&db, path)?.records.into_iter().map(images).collect());
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
        rows(db, sql, |row| {
            let complete = match row.get(15)? {
                0 => false,
                1 => true,
                other => return Err(Fault::Value(format!("complete is {other}, not 0 or 1"))),
            };
            processes.begin(row.get(0)?, process(row, 1)?, complete)
        })
        .map_err(in_table("process"))?;
        if processes.records.is_empty() {
            return Err(in_table("process")(Fault::Value("it is empty".to_owned())));
        }
        let is_whole = schema::holds_facts(db);
        let mut images = if is_whole { self.own_images(db, path)? } else { HashMap::new() };
        let sql = "SELECT process, image FROM process_image ORDER BY process, image";
        let pairs =
            rows(db, sql, |row| Ok((processes.place(row.get(0)?)?, row.get(1)?))).map_err(in_table("process_image"))?;
        for (place, key) in pairs {
            let facts = match images.get(&key) {
                Some(facts) => facts.clone(),
                None if is_whole => {
                    return Err(in_table("process_image")(Fault::Value(format!("no image {key}"))));
                }
                None => images.entry(key).or_insert(self.image(path, key)?).clone(),
            };
            processes.add_image(place, key, facts);
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
pub(super) struct Processes {
    records: Vec<ProcessRecord>,
    /// The keys of the images of each, in order.
    images: Vec<Vec<ContentKey>>,
    places: HashMap<ContentKey, usize>,
}

/// What ran, by image, file and context, each by its number; lines and functions.
pub(super) type RanBits = BTreeMap<(usize, usize, usize), [Numbits; 2]>;

impl Processes {
    /// Takes a process in.
    pub fn begin(&mut self, key: ContentKey, head: ProcessHead, complete: bool) -> Result<(), Fault> {
        if key != ContentKey::of_process(&head) {
            return Err(Fault::Value(format!("pid {} has the key of another process", head.pid)));
        }
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

    /// Where a process is.
    pub fn place(&self, key: ContentKey) -> Result<usize, Fault> {
        self.places.get(&key).copied().ok_or_else(|| Fault::Value(format!("no process {key}")))
    }

    /// A process as far as it is known.
    pub fn record(&mut self, key: ContentKey) -> Option<&mut ProcessRecord> {
        let place = self.place(key).ok()?;
        self.records.get_mut(place)
    }

    /// Gives an image to a process, after those whose keys are lower.
    pub fn add_image(&mut self, place: usize, key: ContentKey, facts: Arc<ImageFacts>) {
        self.records[place].images.push(facts);
        self.images[place].push(key);
    }

    fn read(&mut self, db: &Connection) -> Result<(), TableFault> {
        rows(db, "SELECT process, at, exe, argv, cwd FROM exec ORDER BY process, number", |row| {
            let place = self.place(row.get(0)?)?;
            self.records[place].execs.push(exec(row, 1)?);
            Ok(())
        })
        .map_err(|fault| ("exec", fault))?;
        rows(db, "SELECT process, at, new_lines, new_in_run FROM flush ORDER BY process, number", |row| {
            let place = self.place(row.get(0)?)?;
            self.records[place].flushes.push(flush(row, 1)?);
            Ok(())
        })
        .map_err(|fault| ("flush", fault))?;
        rows(db, "SELECT process, slug, text, count FROM warning ORDER BY process, number", |row| {
            let place = self.place(row.get(0)?)?;
            self.records[place].warnings.push(warning(row, 1)?);
            Ok(())
        })
        .map_err(|fault| ("warning", fault))?;
        let labels = labels(db).map_err(|fault| ("context", fault))?;
        let mut ran = self.nothing_ran();
        for (kind, table) in ["line_bits", "function_bits"].into_iter().enumerate() {
            let sql = format!("SELECT process, image, context, file, first, numbits FROM {table}");
            rows(db, &sql, |row| {
                let bits = row.get_ref(5)?.as_blob().map_err(|error| Fault::Value(format!("numbits: {error}")))?;
                let place = [row.get(0)?, row.get(1)?, row.get(2)?];
                self.add_bits(&mut ran, kind, &labels, place, row.get(3)?, (row.get(4)?, bits))
            })
            .map_err(|fault| (table, fault))?;
        }
        self.take_bits(ran, &labels);
        Ok(())
    }

    /// What the processes ran, as long as nothing is known of it.
    pub fn nothing_ran(&self) -> Vec<RanBits> {
        self.records.iter().map(|_| RanBits::new()).collect()
    }

    /// Adds lines or functions, a piece of a set; `place` has the keys of process, image and context.
    pub fn add_bits(
        &self,
        ran: &mut [RanBits],
        kind: usize,
        labels: &Labels,
        [process, image, context]: [ContentKey; 3],
        file: usize,
        (first, bits): (u32, &[u8]),
    ) -> Result<(), Fault> {
        let place = self.place(process)?;
        let missing = |what: &str, which: &dyn std::fmt::Display| Fault::Value(format!("no {what} {which}"));
        let image = self.images[place].binary_search(&image).map_err(|_| missing("image", &image))?;
        if file >= self.records[place].images[image].files.len() {
            return Err(missing("file", &file));
        }
        let context = *labels.positions.get(&context).ok_or_else(|| missing("context", &context))?;
        let set = &mut ran[place].entry((image, file, context)).or_default()[kind];
        if !set.add_piece(first, bits) {
            return Err(Fault::Value("lines where there can be none".to_owned()));
        }
        Ok(())
    }

    /// Puts what ran into the records.
    pub fn take_bits(&mut self, ran: Vec<RanBits>, labels: &Labels) {
        for (record, ran) in self.records.iter_mut().zip(ran) {
            let used: BTreeSet<usize> = std::iter::once(0).chain(ran.keys().map(|(.., context)| *context)).collect();
            let used: Vec<usize> = used.into_iter().collect();
            record.contexts = used.iter().map(|at| labels.in_order[*at].clone()).collect();
            record.hits = ran
                .into_iter()
                .map(|((image, file, context), [lines, functions])| {
                    let context = used.binary_search(&context).expect("invariant: they were taken from here");
                    Hits { image, file, context, lines, functions }
                })
                .collect();
        }
    }
}

/// The labels of contexts; the first is the empty one.
pub(super) struct Labels {
    in_order: Vec<String>,
    positions: HashMap<ContentKey, usize>,
}

impl Labels {
    /// Labels with their keys, in any order.
    pub fn of(mut labels: Vec<(String, ContentKey)>) -> Result<Labels, Fault> {
        if let Some((label, _)) = labels.iter().find(|(label, key)| *key != ContentKey::of_label(label)) {
            return Err(Fault::Value(format!("{label:?} has the key of another label")));
        }
        if !labels.iter().any(|(label, _)| label.is_empty()) {
            labels.push((String::new(), ContentKey::of_label("")));
        }
        labels.sort();
        let positions = (0..).zip(&labels).map(|(at, (_, key))| (*key, at)).collect();
        Ok(Labels { in_order: labels.into_iter().map(|(label, _)| label).collect(), positions })
    }
}

/// The labels of a file.
fn labels(db: &Connection) -> Result<Labels, Fault> {
    Labels::of(rows(db, "SELECT id, label FROM context", |row| Ok((row.get(1)?, row.get(0)?)))?)
}
