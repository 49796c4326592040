//! What the recorder and the front say to each other.

use crate::link::Summary;
use platform::Pid;
use serde::{Deserialize, Serialize};
use std::fmt;

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
    /// Detach from every tracee.
    LetGo,
}

/// What happens to the data directory of a measurement under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Trouble {
    /// Files cannot be written; why.
    Unwritable(String),
    /// They can be again.
    Over,
    /// The directory, or the run's in it, was removed and was made again.
    Removed,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Unwritable(cause) => write!(
                f,
                "what ran cannot be written: {cause}; it is kept in memory, and written as soon as that is possible"
            ),
            Trouble::Over => f.write_str("what ran can be written again; nothing of it is lost"),
            Trouble::Removed => f.write_str(
                "the data directory was removed while it is written to; it was made again, and what is being measured is in \
                 it, but a killed recorder could not be recovered",
            ),
        }
    }
}

/// What the recorder tells the front.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum News {
    /// The processes that are being measured.
    Running {
        /// How many processes there are.
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
    /// What is written of what ran is not as it should be, or is again.
    Trouble(Trouble),
    /// Some of the processes that were let go: pid and start in clock ticks since boot.
    LetGo(Vec<(Pid, u64)>),
    /// Everything is in its file.
    Finished(Summary),
    /// Recording failed; what was marked stays in the run's directory.
    Failed(String),
}
