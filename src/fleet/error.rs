//! Why measurements cannot be written as Parquet files.

use crate::store::StoreError;
use platform::user_in_words;
use std::io;
use std::path::PathBuf;

/// A folder or a file that cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum FleetError {
    /// There is something else in the folder.
    #[error(
        "write {}: it is there already and was not written by cov-trace export --parquet; name another folder", path.display()
    )]
    NotOurs {
        /// Path of the folder.
        path: PathBuf,
    },
    /// Another version of cov-trace wrote tables of another kind there.
    #[error(
        "write {}: its tables have version {found:?} and this cov-trace writes version {ours}; name another folder",
        path.display()
    )]
    OtherVersion {
        /// Path of the folder.
        path: PathBuf,
        /// What it says of itself.
        found: String,
        /// The version that this build writes.
        ours: u32,
    },
    /// The folder is another user's.
    #[error("write {}: it is there already and belongs to {}; name another folder", path.display(), user_in_words(*owner))]
    OfAnotherUser {
        /// Path of the folder.
        path: PathBuf,
        /// Uid of the owner.
        owner: u32,
    },
    /// The system refuses.
    #[error("write {}: {source}; another folder can be named with --parquet", path.display())]
    Write {
        /// What it was about.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file cannot be begun or put into its place.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A table cannot be written.
    #[error("write {}: {cause}", path.display())]
    Table {
        /// Path of the file.
        path: PathBuf,
        /// What is wrong.
        cause: String,
    },
}
