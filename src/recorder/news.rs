//! What the recorder and the front say to each other.

use crate::link::Summary;
use platform::Pid;
use serde::{Deserialize, Serialize};

/// How many processes a message tells of at most: a message has a largest size, a run has not.
pub(super) const MOST_IN_ONE: usize = 500;

/// What the front asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FrontRequest {
    /// Which processes are being measured; answered by [`News::Running`] when all that has ended is in its files.
    WhoRuns,
    /// How many images were read; answered by [`News::Reading`].
    HowFar,
    /// Have everything that ran until now in the files.
    Flush,
    /// Let go of everybody.
    LetGo,
}

/// What the recorder tells the front.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum News {
    /// The processes that are being measured.
    Running {
        /// How many.
        count: u64,
        /// The pids of the first of them.
        first: Vec<i32>,
    },
    /// How far reading is.
    Reading {
        /// Images that were read.
        ready: u64,
        /// Out of how many.
        wanted: u64,
    },
    /// Some of the processes that were let go: pid and start in clock ticks since boot.
    LetGo(Vec<(Pid, u64)>),
    /// Everything is in its file.
    Finished(Summary),
    /// Recording failed; what was marked stays in the run's directory.
    Failed(String),
}
