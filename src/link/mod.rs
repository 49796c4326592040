//! What supervisor and recorder say to each other: messages and a journal that outlives both.
//!
//! ```text
//! recorder ── Plan, Free, LetGo ──► supervisor ──► journal, marks (files of the run) ──► recorder, or recovery
//!          ◄── WantImage + file ──
//! commands ◄── control socket ──► recorder
//! ```
//! Invariant: facts travel by the journal and hits by the marks, so a kill of either side loses none of them.

mod control;
mod ids;
mod journal;
mod message;
mod run_dir;

pub use control::{ControlAnswer, ControlRequest, Helper, LetGoBy, ProcessStatus, RunStatus, Summary};
pub use ids::{ContextId, ImageId, ProcessNo};
pub use journal::{EndOfProcess, JournalReader, JournalWriter, NewRecords, Record};
pub use message::{AttachReport, FromSupervisor, Port, PortError, ToSupervisor};
pub use run_dir::RunDir;
