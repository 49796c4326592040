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

pub(crate) use control::{ControlAnswer, ControlRequest, Helper, ProcessStatus, RunStatus};
pub use control::{InProject, LetGoBy, Repeats, Summary};
pub(crate) use ids::{ContextId, ImageId, ProcessNo};
pub(crate) use journal::{EndOfProcess, JournalReader, JournalWriter, Record};
pub use message::PortError;
pub(crate) use message::{AttachReport, ContextChange, FromSupervisor, Port, SwitchRequest, ToSupervisor};
pub(crate) use run_dir::RunDir;
