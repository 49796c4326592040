//! What the suite and the benches share: running programs under a mark, `cov-trace attach`, comparing the text of a process
//! with its files, and services under load.
//!
//! Invariant: it knows cov-trace only as a command. The path of that command and the folder to write to come from the caller,
//! as Cargo names them to tests and benches only.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

pub mod attached;
pub mod bench;
pub mod peaks;
pub mod rows;
pub mod run;
pub mod service;
pub mod text;
