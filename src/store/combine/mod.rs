//! Many data files as one.

mod compact;
mod flat;
mod keys;
mod processes;

pub(crate) use flat::FlatUnion;
pub(crate) use processes::ProcessUnion;

use super::{FileFacts, ImageFacts, ProcessRecord};
use std::sync::Arc;

/// What records are added up to.
///
/// Their order does not matter, nor how they are grouped.
pub(crate) trait Union: Default + Send {
    /// Adds what a process ran; `locate` says where the sources are that its debug info names.
    fn add(&mut self, record: ProcessRecord, locate: impl Fn(&FileFacts) -> String);

    /// Adds what others were added up to.
    fn merge(&mut self, other: Self);

    /// How many processes were added.
    fn processes(&self) -> u64;

    /// The images and the records to be written; `run` names the one that was never measured, if there is one.
    fn into_records(self, run: &str) -> (Vec<Arc<ImageFacts>>, impl ExactSizeIterator<Item = ProcessRecord>);
}
