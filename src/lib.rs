//! cov-trace: line coverage of native Linux programs, measured from outside the process.
#![forbid(unsafe_code)]

pub mod cli;
pub mod debuginfo;
pub mod filter;
pub mod front;
pub mod link;
pub mod recorder;
pub mod report;
pub mod store;
pub mod supervisor;
