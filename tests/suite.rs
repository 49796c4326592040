//! The integration tests: real programs under real ptrace, grouped by behaviour. They are built on `harness`.
//!
//! Invariant: no test is ignored, sleeps to synchronise, asserts a time, or waits without a limit.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod attach;
mod command;
mod control;
mod debuginfo;
mod followers;
mod formats;
mod functions;
mod harness;
mod house;
mod html;
mod loss;
mod pytest;
mod random;
mod report;
mod samples;
mod store;
mod terminal;
mod users;
