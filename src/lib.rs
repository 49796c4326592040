//! cov-trace: line coverage of native Linux programs, measured from outside the process.
#![forbid(unsafe_code)]

pub mod debuginfo;
pub mod link;
pub mod store;
pub mod supervisor;
