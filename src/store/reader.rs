//! Reads what processes ran back from data files.
//!
//! Invariants: what was written comes back equal; the file and its directory are never written to, so both may be
//! read-only; whatever the bytes, the answer is records or an error that names the file and the cause.

use super::gathered::GatheredProcesses;
use super::keys::ContentKey;
use super::legacy::{self, KnownImages};
use super::many::ManyProcesses;
use super::open::{check_version, open};
use super::packed::CountedImage;
use super::quick::{self, Depth, Statements};
use super::rows::{Fault, rows};
use super::{
    Exec, ImageFacts, ProcessHead, ProcessRecord, RunLabels, Span, StoreError, fact_files, facts_rows, schema,
};
use platform::open_regular;
use rusqlite::Connection;
use std::collections::HashMap;
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
    known: Arc<Mutex<HashMap<ContentKey, CountedImage>>>,
    /// Those of files of earlier versions.
    known_of_old: Arc<Mutex<KnownImages>>,
    statements: Arc<Statements>,
}

/// What a data file has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Contents {
    /// The processes, in the order of their runs and within these of their appearance.
    pub records: Vec<ProcessRecord>,
    /// Labels of runs, of which there may be none among the processes.
    pub labels: RunLabels,
}

/// A data file that was looked into.
#[derive(Debug)]
pub(crate) enum Opened {
    /// All that it has.
    Read(Contents),
    /// The processes, where they are many.
    Many(ManyProcesses),
}

impl Opened {
    /// All that it has, however much that is.
    pub fn all(self) -> Result<Contents, StoreError> {
        match self {
            Opened::Read(contents) => Ok(contents),
            Opened::Many(processes) => processes.all(),
        }
    }
}

/// A process, the images that it had, and the contexts that it was in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProcessImages {
    pub head: ProcessHead,
    pub images: Vec<Arc<ImageFacts>>,
    /// The programs that it ran, if it was in contexts...
    pub execs: Vec<Exec>,
    /// ...and these.
    pub spans: Vec<Span>,
}

impl ProcessImages {
    /// Those of a record.
    #[cfg(test)]
    pub fn of(record: &ProcessRecord) -> Self {
        let ProcessRecord { head, images, execs, spans, .. } = record.clone();
        ProcessImages { head, images, execs, spans }
    }
}

/// Reads a data file of one process.
pub fn read(path: &Path) -> Result<ProcessRecord, StoreError> {
    Reader::default().read(path)
}

/// The record of a data file of one process.
pub(super) fn single(mut records: Vec<ProcessRecord>, path: &Path) -> Result<ProcessRecord, StoreError> {
    match (records.pop(), records.len()) {
        (Some(record), 0) => Ok(record),
        (found, others) => {
            let count = others + usize::from(found.is_some());
            let fault = Fault::Value(format!("{count} rows where there must be one"));
            Err(fault.in_table("process", path))
        }
    }
}

/// How many processes a data file has; one if that cannot be read.
pub(super) fn count(path: &Path) -> usize {
    let counted =
        open(path).ok().and_then(|db| db.query_row("SELECT count(*) FROM process", [], |row| row.get(0)).ok());
    counted.unwrap_or(1)
}

impl Reader {
    /// A reader that leaves out what was not asked for of the images that this one has read by now: `asked` says for the
    /// sources of an image which are. Where it says nothing, all are.
    pub(crate) fn narrowed(&self, asked: impl Fn(&ImageFacts) -> Option<Arc<[bool]>>) -> Reader {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let narrowed = |(key, image): (&ContentKey, &CountedImage)| {
            (*key, asked(image.facts()).map_or_else(|| image.clone(), |asked| image.narrowed(asked)))
        };
        Reader { known: Arc::new(Mutex::new(known.iter().map(narrowed).collect())), ..self.clone() }
    }

    /// Reads a data file of one process.
    pub fn read(&self, path: &Path) -> Result<ProcessRecord, StoreError> {
        single(self.read_all(path)?, path)
    }

    /// Reads all processes of a data file, in the order of their runs and within these of their appearance.
    pub fn read_all(&self, path: &Path) -> Result<Vec<ProcessRecord>, StoreError> {
        self.read_contents(path).map(|contents| contents.records)
    }

    /// Reads all that a data file has.
    pub(crate) fn read_contents(&self, path: &Path) -> Result<Contents, StoreError> {
        self.open(path).and_then(Opened::all)
    }

    /// Reads a data file, or looks what many processes it has.
    pub(crate) fn open(&self, path: &Path) -> Result<Opened, StoreError> {
        match open_regular(path, OpenOptions::new().read(true)) {
            Ok(file) => self.look_into(path, file),
            Err(_) => self.open_by_sqlite(path),
        }
    }

    /// The same of a file that is open.
    pub(super) fn look_into(&self, path: &Path, file: File) -> Result<Opened, StoreError> {
        match self.quick(path, file, Depth::All) {
            Some(processes) => Ok(Opened::Read(processes.into())),
            None => self.open_by_sqlite(path),
        }
    }

    /// The labels of runs in a file that is open.
    pub(super) fn labels_of_open(&self, path: &Path, file: File) -> Result<RunLabels, StoreError> {
        if let Some(processes) = self.quick(path, file, Depth::Labels) {
            return Ok(processes.labels);
        }
        let db = open(path)?;
        check_version(&db, path)?;
        RunLabels::read(&db).map_err(|(table, fault)| fault.in_table(table, path))
    }

    fn quick(&self, path: &Path, file: File, depth: Depth) -> Option<GatheredProcesses> {
        let length = file.metadata().ok()?.len().min(quick::MOST);
        // With room for the end of the file to be met, it is read at once.
        let mut bytes = Vec::with_capacity(length as usize + 1);
        file.take(quick::MOST + 1).read_to_end(&mut bytes).ok().filter(|length| *length as u64 <= quick::MOST)?;
        quick::read(&bytes, &self.statements, depth, |key| self.image(path, key).ok())
    }

    /// Reads a data file without SQLite, or not.
    #[cfg(test)]
    pub(super) fn read_quickly(&self, path: &Path) -> Option<Contents> {
        let file = File::open(path).unwrap();
        self.quick(path, file, Depth::All).map(Contents::from)
    }

    /// Reads any data file, or says what is wrong with it.
    fn open_by_sqlite(&self, path: &Path) -> Result<Opened, StoreError> {
        let db = open(path)?;
        let version = check_version(&db, path)?;
        if version < schema::FIRST_WITH_KEYS {
            let mut known = self.known_of_old.lock().unwrap_or_else(PoisonError::into_inner);
            let record = legacy::record(&db, version, &mut known);
            let record = record.map_err(|(table, fault)| fault.in_table(table, path))?;
            return Ok(Opened::Read(Contents { records: vec![record], labels: RunLabels::default() }));
        }
        let processes = self.processes(db, path)?;
        if processes.are_many() { Ok(Opened::Many(processes)) } else { processes.all().map(Opened::Read) }
    }

    /// The same without a look at how many there are.
    #[cfg(test)]
    pub(super) fn read_by_sqlite(&self, path: &Path) -> Result<Contents, StoreError> {
        self.open_by_sqlite(path).and_then(Opened::all)
    }

    /// Reads no more of a data file than which images its processes had, and when that was.
    pub(crate) fn read_images(&self, path: &Path) -> Result<Vec<ProcessImages>, StoreError> {
        let images = |record: ProcessRecord| {
            let ProcessRecord { head, images, execs, spans, .. } = record;
            ProcessImages { head, images, execs, spans }
        };
        let file = open_regular(path, OpenOptions::new().read(true)).ok();
        if let Some(processes) = file.and_then(|file| self.quick(path, file, Depth::Images)) {
            return Ok(processes.records.into_iter().map(images).collect());
        }
        let db = open(path)?;
        let version = check_version(&db, path)?;
        if version >= schema::FIRST_WITH_KEYS {
            return Ok(self.processes(db, path)?.with_images()?.into_iter().map(images).collect());
        }
        let mut known = self.known_of_old.lock().unwrap_or_else(PoisonError::into_inner);
        let images = legacy::Images::read(&db, version, &mut known);
        let images = images.map_err(|(table, fault)| fault.in_table(table, path))?.facts;
        let head = legacy::head(&db).map_err(|fault| fault.in_table("process", path))?;
        Ok(vec![ProcessImages { head, images, execs: Vec::new(), spans: Vec::new() }])
    }

    /// The processes of an open file.
    fn processes(&self, db: Connection, path: &Path) -> Result<ManyProcesses, StoreError> {
        ManyProcesses::open(db, path, |db| {
            if schema::holds_facts(db) { self.own_images(db, path) } else { self.named_images(db, path) }
        })
    }

    /// What a file itself knows of its images.
    fn own_images(&self, db: &Connection, path: &Path) -> Result<HashMap<ContentKey, CountedImage>, StoreError> {
        let facts = facts_rows::read(db).map_err(|(table, fault)| fault.in_table(table, path))?;
        Ok(facts.into_iter().map(|(key, facts)| (key, self.remember(key, facts))).collect())
    }

    /// What is known of all images that a file names.
    fn named_images(&self, db: &Connection, path: &Path) -> Result<HashMap<ContentKey, CountedImage>, StoreError> {
        let keys = rows(db, "SELECT DISTINCT image FROM process_image", |row| Ok(row.get(0)?));
        let keys: Vec<ContentKey> = keys.map_err(|fault| fault.in_table("process_image", path))?;
        keys.into_iter().map(|key| Ok((key, self.image(path, key)?))).collect()
    }

    /// What is known of an image that a file names.
    fn image(&self, path: &Path, key: ContentKey) -> Result<CountedImage, StoreError> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        match known {
            Some(image) => Ok(image),
            None => Ok(self.remember(key, fact_files::read(path, key)?)),
        }
    }

    /// The one in memory of an image.
    fn remember(&self, key: ContentKey, facts: ImageFacts) -> CountedImage {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_KNOWN && !known.contains_key(&key) {
            known.clear();
        }
        known.entry(key).or_insert_with(|| CountedImage::new(Arc::new(facts))).clone()
    }
}

impl From<GatheredProcesses> for Contents {
    fn from(processes: GatheredProcesses) -> Self {
        Contents { records: processes.records, labels: processes.labels }
    }
}
