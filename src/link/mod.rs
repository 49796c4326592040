//! What supervisor and recorder say to each other: messages, plans, and a journal that outlives both.
//!
//! ```text
//! recorder ── Plan, Free, LetGo ──► supervisor ──► journal, marks (files of the run) ──► recorder, or recovery
//!          ◄── WantImage + file ──
//! commands ◄── control socket ──► recorder
//! ```
//! Invariant: facts travel by the journal and hits by the marks, so a kill of either side loses none of them.

mod by_function;
mod control;
mod ids;
mod journal;
mod message;
mod plan;
mod run_dir;

pub use by_function::ByFunction;
pub use control::{ControlAnswer, ControlRequest, Helper, LetGoBy, ProcessStatus, RunStatus, Summary};
pub use ids::{ContextId, ImageId, ProcessNo};
pub use journal::{EndOfProcess, JournalReader, JournalWriter, Record, UNTRACED_CHILD};
pub use message::{AttachReport, FromSupervisor, Port, PortError, ToSupervisor};
pub use plan::{ByLine, Landmark, LandmarkKind, Plan, PlanError};
pub use run_dir::RunDir;
