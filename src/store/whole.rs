//! Data files that need no other: processes, and what is known of their images.
//!
//! Invariant: equal processes in equal order give equal bytes.

use super::keys::ContentKey;
use super::writer::KeyedProcess;
use super::{ImageFacts, RunLabels, facts_rows, schema};
use rusqlite::{Connection, MAIN_DB};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Such a file, as long as it is in memory.
pub(super) struct WholeFile(Connection);

impl WholeFile {
    /// Begins a file for so many processes with these images.
    pub fn begin(
        processes: usize,
        images: &BTreeMap<ContentKey, Arc<ImageFacts>>,
        labels: &RunLabels,
    ) -> rusqlite::Result<WholeFile> {
        /// With so many, a set that just does not fit into a small page wastes more than large pages do.
        const MANY: usize = 64;
        let page_size = if processes < MANY { schema::PAGE_SIZE } else { schema::LARGE_PAGE_SIZE };
        let db = schema::empty(&schema::WHOLE, page_size)?;
        db.execute_batch("BEGIN")?;
        images.iter().try_for_each(|(key, facts)| facts_rows::insert(&db, *key, facts))?;
        labels.insert(&db)?;
        Ok(WholeFile(db))
    }

    /// Adds a process, which must not be there.
    pub fn add(&self, process: &KeyedProcess<'_>) -> rusqlite::Result<()> {
        process.insert(&self.0)?;
        process.insert_spans(&self.0)?;
        process.insert_files(&self.0)?;
        process.insert_sets(&self.0)
    }

    /// Hands over the bytes of the file.
    pub fn finish<T>(mut self, take: impl FnOnce(&[u8]) -> T) -> rusqlite::Result<T> {
        self.0.execute_batch("COMMIT")?;
        Ok(take(&self.0.serialize(MAIN_DB)?))
    }
}
