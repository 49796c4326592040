//! The SQLite files, one per process: schema, writer, reader. Nothing else speaks SQL.

mod numbits;
mod record;

pub use numbits::Numbits;
pub use record::{
    End, EndReason, Exec, FileFacts, Flush, FunctionFacts, Hits, ImageFacts, Parent, ProcessRecord, UnixMillis, Warning,
};
