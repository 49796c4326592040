//! The integration tests: real programs under real ptrace, grouped by behaviour. `harness` is what they stand on.
//!
//! Invariant: no test is ignored, sleeps to synchronise, asserts a time, or waits without a limit.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used)]

mod command;
mod followers;
mod harness;
mod loss;
mod samples;
mod terminal;
