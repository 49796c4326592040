//! What reports show, whatever they look like: the union of what ran, by source, with what is excluded and left out.

pub(crate) mod builds;
pub(crate) mod changes;
pub(crate) mod colour;
pub(crate) mod contexts;
pub(crate) mod coverage;
pub(crate) mod exclusion;
pub(crate) mod functions;
pub(crate) mod growth;
pub(crate) mod language;
pub(crate) mod latest;
pub(crate) mod merge;
pub(crate) mod missing;
pub(crate) mod notes;
pub(crate) mod paths;
pub(crate) mod percent;
pub(crate) mod prepared;
pub(crate) mod processes;
mod ran_sets;
pub(crate) mod reading;
pub(crate) mod scopes;
pub(crate) mod select;
pub(crate) mod shared_sets;
pub(crate) mod smallest;
pub(crate) mod snapshots;
pub(crate) mod source;
pub(crate) mod stability;
pub(crate) mod withheld;
