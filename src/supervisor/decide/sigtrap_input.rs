//! What the decisions about SIGTRAP learn and are asked, as plain data, and their answers.
//!
//! Invariant: an input holds all that its answer needs beside the inputs before it, also the time, so a stop log replays
//! to the same answers.

use super::masks::Evidence;
use super::turns::Blocking;
use crate::link::ProcessNo;
use platform::procfs::SignalState;
use platform::{Signal, SignalAction, Tid};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Something that `Sigtrap` learns or is asked. `at` is the time since the measurement began, `found` the
/// mask that a breakpoint left the thread that executed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum SigtrapInput {
    /// A process runs a new image; `state` is what /proc says of it, if it can be read.
    Execed { process: ProcessNo, tid: Tid, state: Option<SignalState> },
    /// A thread of a process that ran before us.
    Met { process: ProcessNo, tid: Tid, state: SignalState },
    /// A tracee was made, as a thread of `thread_of` or as a process.
    ThreadBorn {
        thread_of: Option<ProcessNo>,
        child: Tid,
        maker: Tid,
        /// The mask that the C library is going to give it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        starts_with: Option<u64>,
        at: Duration,
    },
    /// A process was made.
    ProcessBorn { process: ProcessNo, maker: ProcessNo },
    /// A thread ended.
    ThreadGone { tid: Tid },
    /// A process ended.
    ProcessGone { process: ProcessNo },
    /// Does all that is known of a thread say that it does not block SIGTRAP, nor has its process a use for it?
    IsOutOfUse { process: ProcessNo, tid: Tid },
    /// Is a process known to handle SIGTRAP?
    HasHandler { process: ProcessNo },
    /// May a thread enter its process's handler of SIGTRAP already, of whose other threads these are in it, or may
    /// be? It does then.
    TakesTurn {
        process: ProcessNo,
        tid: Tid,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        blocking: Vec<Blocking>,
        at: Duration,
    },
    /// Is the action of a process to be read at its first breakpoint, which this is then?
    TakesUnread { process: ProcessNo },
    /// That action.
    WasRead { process: ProcessNo, action: SignalAction },
    /// What does a thread need that gets SIGTRAP while its process's handler is reset?
    Delivery { process: ProcessNo, tid: Tid, found: u64 },
    /// Does the mask that a breakpoint left fit none that is known of the thread?
    IsStrange { tid: Tid, found: u64 },
    /// These are the threads of the process of such a thread.
    LearnFrom { siblings: Vec<Tid>, tid: Tid, found: u64 },
    /// What did a breakpoint take from the thread that executed it?
    AfterBreakpoint {
        process: ProcessNo,
        tid: Tid,
        found: u64,
        /// What became of the handler, if the process has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        evidence: Option<Evidence>,
    },
    /// A process has its action back, which a breakpoint had reset.
    WasGivenBack { process: ProcessNo, tid: Tid, at: Duration },
    /// Is a handler of the program known for a signal that is about to be delivered?
    HandlesSignal { process: ProcessNo, signal: Signal },
    /// A thread that blocks `mask` enters that handler.
    EntersHandler { process: ProcessNo, tid: Tid, signal: Signal, mask: u64 },
    /// A thread is about to change its mask; is that anything new?
    MaskCall { tid: Tid, mask: u64 },
    /// A process is about to change a signal's action; is that anything new?
    ActionCall { process: ProcessNo, signal: Signal, action: SignalAction },
}

/// What a breakpoint took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Taken {
    /// The mask to give back to the thread that executed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask: Option<u64>,
    /// The action of SIGTRAP to give back to its process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<SignalAction>,
}

/// What is decided at a [`SigtrapInput`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum SigtrapAnswer {
    /// Nothing was asked.
    #[default]
    Noted,
    Yes,
    No,
    GiveBack(Taken),
}

impl SigtrapAnswer {
    pub fn is_noted(&self) -> bool {
        *self == SigtrapAnswer::Noted
    }

    pub fn is_yes(self) -> bool {
        self == SigtrapAnswer::Yes
    }

    /// What is to be given back, nothing if something else was asked.
    pub fn taken(self) -> Taken {
        match self {
            SigtrapAnswer::GiveBack(taken) => taken,
            SigtrapAnswer::Noted | SigtrapAnswer::Yes | SigtrapAnswer::No => Taken::default(),
        }
    }
}

impl From<bool> for SigtrapAnswer {
    fn from(yes: bool) -> Self {
        if yes { SigtrapAnswer::Yes } else { SigtrapAnswer::No }
    }
}

impl From<Taken> for SigtrapAnswer {
    fn from(taken: Taken) -> Self {
        SigtrapAnswer::GiveBack(taken)
    }
}

/// The line of a stop log that holds an input and what was decided at it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SigtrapLine<I> {
    pub sigtrap: I,
    #[serde(default, skip_serializing_if = "SigtrapAnswer::is_noted")]
    pub answer: SigtrapAnswer,
}
