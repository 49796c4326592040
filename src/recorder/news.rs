//! What the recorder and the front say to each other.

use serde::{Deserialize, Serialize};

/// What the front asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FrontRequest {
    /// Which processes are being measured; answered by [`News::Running`].
    WhoRuns,
    /// Let go of everybody.
    LetGo,
}

/// What the recorder tells the front.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum News {
    /// The pids of the processes that are being measured.
    Running(Vec<i32>),
    /// Everything is in its file.
    Finished(Summary),
    /// Recording failed; what was marked stays in the run's directory.
    Failed(String),
}

/// What a run came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// How many processes were measured.
    pub processes: u64,
    /// How many lines ran in all of them together.
    pub ran: u64,
    /// Out of how many.
    pub lines: u64,
    /// How many processes are incomplete, since the supervisor ended before they did.
    pub incomplete: u64,
    /// How many processes could not be written to their files.
    pub unwritten: u64,
    /// Why.
    pub cause: Option<String>,
    /// Whether what is not written is still in the run's directory.
    pub recoverable: bool,
}
