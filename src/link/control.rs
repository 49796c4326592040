//! What commands say to the recorder of a measurement under way, over the socket `control` in the run's directory.
//!
//! Invariant: no message of ours is larger than a channel carries; whatever else comes is no message.

use super::SwitchRequest;
use platform::Pid;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a command asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ControlRequest {
    /// What is being measured; answered by `Run`, a `Process` for each, and `NoMore`.
    Status,
    /// Have everything that ran until now in the files; answered by `Flushed`.
    Flush,
    /// Switch the context of processes; answered by `Switched` once what runs is in the new one.
    Switch(SwitchRequest),
    /// Detach from every tracee; answered by `Detached` when everything is in its file.
    Detach,
}

/// What the recorder answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ControlAnswer {
    /// How far the measurement is.
    Run(RunStatus),
    /// One of its processes.
    Process(ProcessStatus),
    /// That was all.
    NoMore,
    /// Everything is in the files.
    Flushed,
    /// So many processes are in another context.
    Switched(u64),
    /// Everybody was let go.
    Detached(Summary),
    /// It could not be done.
    Failed(String),
}

/// A measurement under way. Times are milliseconds since the Unix epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunStatus {
    /// What is to be measured, as a data file says it.
    pub scope: Option<String>,
    /// Its labels, by key.
    pub labels: BTreeMap<String, String>,
    /// When its first process was attached to or launched.
    pub since: Option<i64>,
    /// Whether it was attached to.
    pub attached: bool,
    /// When it ends by itself, if it was given a time.
    pub until: Option<i64>,
    /// The processes of cov-trace behind it.
    pub helpers: Vec<Helper>,
    /// Size of the map of marks, in bytes.
    pub marks: u64,
    /// What happened to the data directory, if it is not as it should be.
    pub trouble: Option<String>,
    /// How often processes ran the same.
    pub repeats: Repeats,
}

/// How often processes ran what others had run before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repeats {
    /// Processes that ran a line.
    pub processes: u64,
    /// The lines that each of them ran, summed up.
    pub lines: u64,
    /// How many lines these are.
    pub distinct: u64,
}

impl Repeats {
    /// A way to pay less, where that is what a measurement consists of.
    pub fn hint(self) -> Option<String> {
        const MANY: u64 = 100;
        const OFTEN: u64 = 10;
        let Repeats { processes, lines, distinct } = self;
        (processes >= MANY && lines / OFTEN >= distinct).then(|| {
            format!(
                "{processes} processes ran the same {distinct} lines; if it does not matter which of them ran a line, \
                 `--once` has a breakpoint there until the first one did"
            )
        })
    }
}

/// A process of cov-trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Helper {
    /// What it does.
    pub name: String,
    /// The pid of the process.
    pub pid: Pid,
}

/// A process that is being measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessStatus {
    /// The pid of the process.
    pub pid: Pid,
    /// Its program and arguments, the beginning of them.
    pub program: Vec<String>,
    /// How many lines it ran.
    pub ran: u64,
    /// How many lines its images have.
    pub lines: u64,
    /// How many of those that it ran were new in the last minute.
    pub new: u64,
    /// Since when it is measured.
    pub since: i64,
    /// Whether it was attached to.
    pub attached: bool,
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
    /// How many processes were let go and went on.
    pub let_go: u64,
    /// Who had them let go; `None` where nobody asked for it.
    pub let_go_by: Option<LetGoBy>,
    /// How many processes are incomplete, since the supervisor ended before they did.
    pub incomplete: u64,
    /// How many processes could not be written to their files.
    pub unwritten: u64,
    /// Why they could not be written.
    pub cause: Option<String>,
    /// Whether what is not written is still in the run's directory.
    pub recoverable: bool,
    /// What the program did that works under no tracer, and the way out.
    pub advice: Option<String>,
    /// What was chosen of the sources, where measuring kept to a project.
    pub in_project: Option<InProject>,
    /// How often processes ran the same.
    pub repeats: Repeats,
}

/// What was chosen of the sources of images, by where the project is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InProject {
    /// The project's folder.
    pub project: String,
    /// Images of which everything was measured, since none was known that has sources in the project: the first of them.
    pub whole: Vec<String>,
    /// How many there were.
    pub whole_images: u64,
    /// How many sources were left out.
    pub left_out: u64,
}

/// Who had the processes let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LetGoBy {
    /// The user, by a signal to cov-trace.
    Front,
    /// The user, by `cov-trace detach`.
    Command,
    /// The time given with `--for` was over.
    Limit,
}
