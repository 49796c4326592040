//! cov-trace: line coverage of native Linux programs, measured from outside the process.
//!
//! ```text
//! cli ─► front ──┬── the program, traced ◄── ptrace ── supervisor ──► marks, journal ──┐
//!                └── recorder ◄────── link: images wanted, plans made ────┘             │
//!                        │ debuginfo: ELF, DWARF ─► probes, lines ◄─► cache             │
//!                        └──────────► store: one SQLite file per process ◄──────────────┘
//! cli ─► front::ControlLink ──► recorder, over the run's control socket: status, flush, detach
//! cli ─► report, fleet ─► store
//! cli ─► affected ─► debuginfo, cache, store
//! ```
//! A guard, asleep between front and supervisor, rescues the program should the supervisor be killed.
//! The program is never our child's child: the front is its parent, as a shell would be. What is measured and reported
//! is chosen by `filter`.
#![forbid(unsafe_code)]

pub mod affected;
pub mod cache;
pub mod cli;
mod contexts;
pub mod debuginfo;
pub mod filter;
pub mod fleet;
pub mod front;
mod guard;
pub mod link;
pub mod plan;
pub mod recorder;
pub mod report;
pub mod store;
mod supervisor;
pub mod warning;
