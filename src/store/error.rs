//! What can go wrong with data files and the data directory: each error names the operation, the file, the cause and,
//! where there is one, the way out.

use std::io;
use std::path::PathBuf;

/// A failed operation on a data file or on the data directory.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite has no memory for a database.
    #[error("open a database in memory: {source}")]
    Memory {
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// SQLite could not build the content of a data file in memory.
    #[error("build the data of pid {pid} in memory: {source}")]
    Build {
        /// The process that the data is about.
        pid: i32,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// SQLite could not build the file of what is known of an image in memory.
    #[error("build {} in memory: {source}", path.display())]
    Image {
        /// What it would have been.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// A data file names an image of which nothing is known beside it.
    #[error(
        "read {}: {} is missing, which says what the lines of the image are; copy data directories as a whole, or make one \
         file with `cov-trace combine`", path.display(), image.display()
    )]
    NoImage {
        /// The data file.
        path: PathBuf,
        /// The file of the image.
        image: PathBuf,
    },
    /// SQLite could not build a data file of coverage.py in memory.
    #[error("build {} in memory: {source}", path.display())]
    Snapshot {
        /// What it would have been.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// A record has an index that leads nowhere, or repeats something that must be there once.
    #[error("write the data of pid {pid}: {cause}")]
    InvalidRecord {
        /// The process that the record is about.
        pid: i32,
        /// What is wrong with it.
        cause: String,
    },
    /// The file system refused the new content; the former content of the file, if any, is still there.
    #[error("write {}: {source}", path.display())]
    Write {
        /// The data file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file could not be opened or is no SQLite database.
    #[error("read {}: {cause}", path.display())]
    Read {
        /// The data file.
        path: PathBuf,
        /// What is wrong with it, or what the system says.
        cause: String,
    },
    /// The file is a database of something else.
    #[error("read {}: it is a database, but not one of cov-trace's ({cause})", path.display())]
    Foreign {
        /// Path of the database.
        path: PathBuf,
        /// What is missing.
        cause: String,
    },
    /// A later version of cov-trace wrote it.
    #[error(
        "read {}: its schema version is {found} and this cov-trace reads up to {ours}; update cov-trace, or measure again",
        path.display()
    )]
    NewerSchema {
        /// The data file.
        path: PathBuf,
        /// Version of the schema of the file.
        found: i64,
        /// The newest version that this build reads.
        ours: i64,
    },
    /// The database opens, but what is in it cannot be right.
    #[error("read {}: the data is damaged: {cause}", path.display())]
    Damaged {
        /// The data file.
        path: PathBuf,
        /// Which table, and what is wrong with it.
        cause: String,
    },
    /// There is no data directory.
    #[error("no measurements: {} does not exist; measure a program first: cov-trace -- PROGRAM", path.display())]
    NoDirectory {
        /// The data directory.
        path: PathBuf,
    },
    /// The data directory cannot be made.
    #[error("create the data directory {}: {source}; name another with --data DIR or COV_TRACE_DATA", path.display())]
    CreateDirectory {
        /// The data directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A data directory, or a run in it, is another user's.
    #[error(
        "use {}: it belongs to {}, who may have put anything in it; run cov-trace as that user, or give --trust-owner \
         (COV_TRACE_TRUST_OWNER=1) if that user is trusted", path.display(), platform::user_in_words(*owner)
    )]
    OfAnotherUser {
        /// Path of the directory.
        path: PathBuf,
        /// Uid of the owner.
        owner: u32,
    },
    /// Something in the data directory cannot be listed, locked or removed.
    #[error("{operation} {}: {source}", path.display())]
    Directory {
        /// What was tried.
        operation: &'static str,
        /// Path of the file or directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}
