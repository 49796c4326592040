//! Data files that SQLite reads: all processes at once, or where there are many some at a time.
//!
//! Invariants: of many processes either all are handed over or none; memory does not grow with what they ran.

use super::gathered::{GatheredProcesses, Labels, TableFault};
use super::keys::ContentKey;
use super::packed::CountedImage;
use super::process_rows::process;
use super::reader::Contents;
use super::rows::{Fault, Wanted, rows, rows_of};
use super::{ProcessHead, ProcessRecord, RunLabels, StoreError, schema};
use rusqlite::Connection;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// How many processes are read at once.
const PORTION: usize = 256;

/// The processes of an open data file.
#[derive(Debug)]
pub(crate) struct ManyProcesses {
    db: Connection,
    path: PathBuf,
    heads: Vec<(ContentKey, ProcessHead, bool)>,
    images: HashMap<ContentKey, CountedImage>,
    labels: RunLabels,
}

impl ManyProcesses {
    /// Which processes an open file has; `images` gives what is known of the images that they had.
    pub(super) fn open(
        db: Connection,
        path: &Path,
        images: impl FnOnce(&Connection) -> Result<HashMap<ContentKey, CountedImage>, StoreError>,
    ) -> Result<Self, StoreError> {
        let sql = "SELECT id, pid, run, sequence, start_ticks, started, attached, parent_pid, parent_start_ticks, ended, \
                   end_reason, exit_status, end_signal, core, scope, complete FROM process ORDER BY run, sequence, pid";
        let labels = RunLabels::read(&db).map_err(|(table, fault)| fault.in_table(table, path))?;
        let head = |row: &rusqlite::Row<'_>| {
            let complete = match row.get(15)? {
                0 => false,
                1 => true,
                other => return Err(Fault::Value(format!("complete is {other}, not 0 or 1"))),
            };
            Ok((row.get(0)?, process(row, 1)?, complete))
        };
        let in_table = |fault: Fault| fault.in_table("process", path);
        let heads = rows(&db, sql, head).map_err(in_table)?;
        if heads.is_empty() && labels.is_empty() {
            return Err(in_table(Fault::Value("it is empty".to_owned())));
        }
        let images = images(&db)?;
        Ok(ManyProcesses { path: path.to_owned(), heads, images, labels, db })
    }

    /// Whether they are so many that they should not be in memory together.
    pub(super) fn are_many(&self) -> bool {
        self.heads.len() > PORTION
    }

    /// The labels of runs.
    pub fn labels(&self) -> &RunLabels {
        &self.labels
    }

    /// All processes with their images and contexts, and nothing else of them.
    pub(super) fn with_images(&self) -> Result<Vec<ProcessRecord>, StoreError> {
        let read = || {
            let mut processes = self.begin(&self.heads, Wanted::All)?;
            if schema::holds_spans(&self.db) {
                processes.read_spans(&self.db, Wanted::All, &Labels::read(&self.db)?)?;
            }
            Ok(processes.records)
        };
        read().map_err(|fault| self.damaged(fault))
    }

    /// All that the file has.
    pub(super) fn all(&self) -> Result<Contents, StoreError> {
        let read = || self.read(&self.heads, Wanted::All, &Labels::read(&self.db)?);
        Ok(Contents { records: read().map_err(|fault| self.damaged(fault))?, labels: self.labels.clone() })
    }

    /// Hands over the processes, in the order of their runs and within these of their appearance.
    pub fn each(&self, mut take: impl FnMut(ProcessRecord)) -> Result<(), StoreError> {
        // What is wrong with any is found before the first is taken.
        self.portions(&mut drop).and_then(|()| self.portions(&mut take)).map_err(|fault| self.damaged(fault))
    }

    fn portions(&self, take: &mut dyn FnMut(ProcessRecord)) -> Result<(), TableFault> {
        let contexts = Labels::read(&self.db)?;
        for heads in self.heads.chunks(PORTION) {
            let keys: Vec<ContentKey> = heads.iter().map(|(key, ..)| *key).collect();
            self.read(heads, Wanted::Of(&keys), &contexts)?.into_iter().for_each(&mut *take);
        }
        Ok(())
    }

    fn read(
        &self,
        heads: &[(ContentKey, ProcessHead, bool)],
        wanted: Wanted<'_>,
        contexts: &Labels,
    ) -> Result<Vec<ProcessRecord>, TableFault> {
        let mut processes = self.begin(heads, wanted)?;
        processes.read(&self.db, wanted, contexts)?;
        Ok(processes.records)
    }

    /// Processes with their images and nothing else yet.
    fn begin(
        &self,
        heads: &[(ContentKey, ProcessHead, bool)],
        wanted: Wanted<'_>,
    ) -> Result<GatheredProcesses, TableFault> {
        let mut processes = GatheredProcesses::default();
        for (key, head, complete) in heads {
            processes.begin(*key, head.clone(), *complete).map_err(|fault| ("process", fault))?;
        }
        let sql = "SELECT process, image FROM process_image WANTED ORDER BY process, image";
        rows_of(&self.db, wanted, sql, |row| {
            let (place, key) = (processes.place(row.get(0)?)?, row.get(1)?);
            let image = self.images.get(&key).ok_or_else(|| Fault::Value(format!("no image {key}")))?;
            processes.add_image(place, key, image.clone());
            Ok(())
        })
        .map_err(|fault| ("process_image", fault))?;
        Ok(processes)
    }

    fn damaged(&self, (table, fault): TableFault) -> StoreError {
        fault.in_table(table, &self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Opened, ProcessUnion, Reader, Union, Writer, sample};

    /// A file of more processes than are read at once.
    fn written(path: &Path) {
        let mut union = ProcessUnion::default();
        for seed in 0..5 {
            for run in 10..70 {
                let mut record = sample::varied(seed);
                record.head.run = format!("20261123T010203.512Z-{run}");
                union.add(record, |file| file.path.clone());
            }
        }
        let (images, records) = union.into_records("");
        Writer::new().unwrap().write_all(path, &images, records, &RunLabels::default()).unwrap();
    }

    fn many(path: &Path) -> ManyProcesses {
        match Reader::default().open(path).unwrap() {
            Opened::Many(processes) => processes,
            Opened::Read(contents) => panic!("{} processes are not many", contents.records.len()),
        }
    }

    #[test]
    fn some_at_a_time_are_all_of_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("all.sqlite");
        written(&path);
        let mut records = Vec::new();
        many(&path).each(|record| records.push(record)).unwrap();
        assert!(records.len() > PORTION);
        assert_eq!(records, Reader::default().read_all(&path).unwrap());
    }

    #[test]
    fn none_is_taken_of_a_file_in_which_one_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("all.sqlite");
        written(&path);
        let db = Connection::open(&path).unwrap();
        let last = "(SELECT id FROM process WHERE run LIKE '%-69' ORDER BY sequence DESC, pid DESC LIMIT 1)";
        let changed = db.execute(&format!("UPDATE exec SET argv = 'none' WHERE process = {last}"), []).unwrap();
        assert!(changed > 0);
        drop(db);
        let error = many(&path).each(|record| panic!("{}", record.head.pid)).unwrap_err().to_string();
        assert!(error.contains("all.sqlite") && error.contains("table exec"), "{error}");
    }
}
