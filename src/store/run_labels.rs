//! Labels of runs, KEY=VALUE: where each took place, and what the user says of it.
//!
//! Invariants: a key has the shape of one, whatever a file held; the order in which labels are put together does not matter.

use super::gathered::TableFault;
use super::rows::{Fault, rows};
use super::{DataDir, Reader, StoreError, schema};
use rayon::prelude::*;
use rusqlite::{Connection, params};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// The labels of one run, by key.
pub type LabelValues = BTreeMap<String, String>;

/// The labels of runs, by the run's name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunLabels(BTreeMap<String, LabelValues>);

/// Whether a text can be the key of a label: `[A-Za-z_][A-Za-z0-9_.-]*`.
pub(crate) fn is_label_key(key: &str) -> bool {
    let first = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'_';
    let later = |byte: &u8| first(byte) || byte.is_ascii_digit() || b".-".contains(byte);
    key.as_bytes().split_first().is_some_and(|(start, rest)| first(start) && rest.iter().all(later))
}

impl RunLabels {
    /// The labels of a single run.
    pub fn of_run(run: &str, labels: LabelValues) -> Self {
        RunLabels(BTreeMap::from([(run.to_owned(), labels)]))
    }

    /// Reads those of all runs in a data directory. A file that cannot be read has none; reading its
    /// processes reports that.
    ///
    /// # Errors
    /// If the directory cannot be read.
    pub fn of_data(data: &DataDir, reader: &Reader) -> Result<Self, StoreError> {
        let mut files = data.process_files()?;
        files.retain(|file| file.has_several());
        let read = files.par_iter().map(|file| data.read_labels(reader, file).unwrap_or_default());
        Ok(read.reduce(RunLabels::default, |mut all, some| {
            all.merge(some);
            all
        }))
    }

    /// The labels of a run.
    pub fn get(&self, run: &str) -> Option<&LabelValues> {
        self.0.get(run)
    }

    /// The runs that have labels, in order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &LabelValues)> {
        self.0.iter().map(|(run, labels)| (run.as_str(), labels))
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.values().all(BTreeMap::is_empty)
    }

    /// Adds a label; of several values of a key of a run, the greatest counts. Without the shape of a key it is a fault.
    pub(super) fn add(&mut self, run: &str, key: &str, value: &str) -> Result<(), Fault> {
        if !is_label_key(key) {
            return Err(Fault::Value(format!("{key:?} is no key of a label")));
        }
        self.put(run.to_owned(), key.to_owned(), value.to_owned());
        Ok(())
    }

    fn put(&mut self, run: String, key: String, value: String) {
        match self.0.entry(run).or_default().entry(key) {
            Entry::Vacant(place) => _ = place.insert(value),
            Entry::Occupied(mut place) if *place.get() < value => _ = place.insert(value),
            Entry::Occupied(_) => {}
        }
    }

    /// Adds others.
    pub fn merge(&mut self, other: RunLabels) {
        for (run, labels) in other.0 {
            labels.into_iter().for_each(|(key, value)| self.put(run.clone(), key, value));
        }
    }

    /// Keeps those of some runs.
    pub(crate) fn keep_runs(&mut self, runs: &BTreeSet<String>) {
        self.0.retain(|run, _| runs.contains(run));
    }

    /// The labels that some runs all have, with one value.
    pub(crate) fn shared_by(&self, runs: &BTreeSet<String>) -> LabelValues {
        let none = LabelValues::new();
        let mut of_runs = runs.iter().map(|run| self.get(run).unwrap_or(&none));
        let mut shared = of_runs.next().cloned().unwrap_or_default();
        of_runs.for_each(|labels| shared.retain(|key, value| labels.get(key) == Some(value)));
        shared
    }

    /// Reads those of a file that has the table; another has none.
    pub(super) fn read(db: &Connection) -> Result<Self, TableFault> {
        let mut labels = RunLabels::default();
        if schema::holds_labels(db) {
            let cell = |row: &rusqlite::Row<'_>, at| row.get::<_, String>(at);
            let sql = "SELECT run, key, value FROM label ORDER BY run, key";
            rows(db, sql, |row| labels.add(&cell(row, 0)?, &cell(row, 1)?, &cell(row, 2)?))
                .map_err(|fault| ("label", fault))?;
        }
        Ok(labels)
    }

    /// Writes them into a file that has the table.
    pub(super) fn insert(&self, db: &Connection) -> rusqlite::Result<()> {
        let mut row = db.prepare_cached("INSERT INTO label VALUES (?1, ?2, ?3)")?;
        for (run, labels) in &self.0 {
            for (key, value) in labels {
                row.execute(params![run, key, value])?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{ProcessFile, StoreError, Writer, sample};
    use rusqlite::Connection;

    const RUN: &str = "20261123T010203.512Z-4711";

    fn labels(pairs: &[(&str, &str)]) -> LabelValues {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn keys_have_the_shape_of_identifiers() {
        for key in ["a", "_", "Host", "boot_id", "k8s.pod-name", "_9"] {
            assert!(is_label_key(key), "{key}");
        }
        for key in ["", "9", ".a", "-a", "a b", "a=b", "\u{e4}", "a\n"] {
            assert!(!is_label_key(key), "{key:?}");
        }
    }

    #[test]
    fn putting_together_does_not_depend_on_the_order() {
        let one = RunLabels::of_run("a", labels(&[("host", "x"), ("service", "api")]));
        let mut other = RunLabels::of_run("a", labels(&[("host", "y"), ("rev", "1")]));
        other.merge(RunLabels::of_run("b", labels(&[("host", "y")])));
        let (mut forward, mut backward) = (one.clone(), other.clone());
        forward.merge(other);
        backward.merge(one);
        assert_eq!(forward, backward);
        assert_eq!(forward.get("a"), Some(&labels(&[("host", "y"), ("rev", "1"), ("service", "api")])));
        let runs = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<BTreeSet<_>>();
        assert_eq!(forward.shared_by(&runs(&["a", "b"])), labels(&[("host", "y")]));
        assert!(forward.shared_by(&runs(&["a", "b", "without"])).is_empty());
        forward.keep_runs(&runs(&["b"]));
        assert_eq!((forward.get("a"), forward.get("b").is_some()), (None, true));
    }

    #[test]
    fn a_file_of_a_run_has_them_with_processes_and_without() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::create(folder.path()).unwrap();
        let mut writer = Writer::new().unwrap();
        let reader = Reader::default();
        let written = RunLabels::of_run(RUN, labels(&[("host", "n\u{f6}de"), ("note", ""), ("path", "a=b\nc")]));
        let record = sample::record();
        for records in [vec![], vec![&record]] {
            let file = ProcessFile::of_living(RUN.to_owned());
            writer.write_labelled(&data, &file, &records, &written).unwrap();
            assert_eq!(RunLabels::of_data(&data, &reader).unwrap(), written);
            let path = data.path_of(&file);
            let by_sqlite = reader.read_by_sqlite(&path).unwrap();
            assert_eq!((by_sqlite.records.len(), &by_sqlite.labels), (records.len(), &written));
            assert_eq!(reader.read_quickly(&path), Some(by_sqlite));
            assert_eq!(reader.read_images(&path).unwrap().len(), records.len());
        }
        // A process's own file has no such table, and the same form as before.
        writer.write_to(&data, &record).unwrap();
        let own = data.path_of(&ProcessFile::of(&record.head));
        assert!(!schema::holds_labels(&Connection::open(&own).unwrap()));
        assert_eq!(RunLabels::of_data(&data, &reader).unwrap(), written);
    }

    #[test]
    fn a_key_that_is_none_is_damage() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("all.sqlite");
        let labels = RunLabels::of_run(RUN, labels(&[("no key", "x")]));
        let record = sample::record();
        Writer::new().unwrap().write_all(&path, &record.images, [&record].into_iter(), &labels).unwrap();
        let read = Reader::default().read_all(&path);
        assert!(matches!(&read, Err(StoreError::Damaged { cause, .. }) if cause.contains("label")), "{read:?}");
    }
}
