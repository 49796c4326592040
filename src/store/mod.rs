//! The SQLite files, one per process and one per image, and the directory that holds them: schema, writer, reader, erasing;
//! and those of coverage.py.
//!
//! Invariant: nothing else speaks SQL, and a data file is only ever replaced as a whole.

mod btree;
mod by_image;
mod code_files;
mod combine;
mod coveragepy;
mod datadir;
mod erase;
mod error;
mod fact_files;
mod facts_rows;
mod gathered;
mod keys;
mod legacy;
mod many;
mod numbits;
mod open;
mod packed;
mod process_file;
mod process_rows;
mod quick;
mod read_files;
mod reader;
mod record;
#[cfg(test)]
mod round_trip_tests;
mod rows;
mod run_entry;
mod run_labels;
#[cfg(test)]
pub(crate) mod sample;
mod schema;
mod staged;
mod whole;
mod writer;

pub(crate) use by_image::ByImage;
pub(crate) use combine::{FlatUnion, ProcessUnion, Union};
pub(crate) use coveragepy::{DataKind, Snapshot, merged_snapshot_name, snapshot_name};
pub use datadir::DataDir;
pub(crate) use erase::Erased;
pub use error::StoreError;
pub(crate) use keys::ContentKey;
pub use numbits::Numbits;
pub(crate) use process_file::run_began;
pub use process_file::{ProcessFile, run_name};
pub(crate) use read_files::{ReadFiles, file_digest};
pub(crate) use reader::{Contents, Opened, ProcessImages};
pub use reader::{Reader, read};
pub use record::{
    Digest, End, EndReason, Exec, FileFacts, Flush, FunctionFacts, Hits, ImageFacts, OpenedFile, OpenedFor, Parent,
    ProcessHead, ProcessRecord, SourceOrigin, Span, UnixMillis,
};
pub use run_entry::RunEntry;
pub(crate) use run_entry::RunState;
pub(crate) use run_labels::is_label_key;
pub use run_labels::{LabelValues, RunLabels};
pub use schema::VERSION as SCHEMA_VERSION;
pub(crate) use staged::Staged;
pub use writer::Writer;

pub use crate::contexts::ContextKind;
pub use crate::warning::Warning;
