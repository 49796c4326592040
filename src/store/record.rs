//! What one process's file holds, as plain data: the writer takes it, the reader gives it back unchanged.
//!
//! Invariants: every index into another vector is in range; hits are sorted by image, file and context, once each. What
//! comes from a file has images in the order of their keys, the labels of contexts that have hits in their order, and
//! no hits of nothing.

use super::Numbits;
use crate::contexts::ContextKind;
use crate::warning::Warning;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct UnixMillis(pub i64);

/// One process of a measurement, from its start (or the attach) to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessRecord {
    /// Whether everything up to the end of the process (or the detach) is in here.
    pub complete: bool,
    /// Which process it is, and how it ended.
    pub head: ProcessHead,
    /// The program images that it ran, in order. A forked child starts with the one it shares with its parent.
    pub execs: Vec<Exec>,
    /// The files mapped into it that have line information.
    pub images: Vec<Arc<ImageFacts>>,
    /// Labels of contexts; the first is the empty one.
    pub contexts: Vec<String>,
    /// What ran, by image, file and context.
    pub hits: Vec<Hits>,
    /// The contexts that it was in, one after the other; none where it was in the empty one all the time.
    pub spans: Vec<Span>,
    /// The files that it opened; `None` where not all of them are known.
    pub files: Option<Vec<OpenedFile>>,
    /// When how many new lines were seen.
    pub flushes: Vec<Flush>,
    /// What lowers the truth of this process's data.
    pub warnings: Vec<Warning>,
}

/// A process without what it ran.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ProcessHead {
    /// Name of the run that measured it.
    pub run: String,
    /// What was to be measured: `all`, `chosen` by filters, or the folder of a project; `None` where that is unknown.
    pub scope: Option<String>,
    /// Position in the run's order of appearance; 0 is the program that was launched.
    pub sequence: u32,
    /// Pid (thread group id) as the tracer sees it.
    pub pid: i32,
    /// Start time in clock ticks since boot (field 22 of `/proc/PID/stat`): with the pid, the process's identity.
    pub start_ticks: u64,
    /// The same on the wall clock.
    pub started: UnixMillis,
    /// When it was attached to; `None` where it was measured from its start.
    pub attached: Option<UnixMillis>,
    /// The process that created it, where that is known.
    pub parent: Option<Parent>,
    /// How it ended; `None` while it runs, or where nobody saw the end.
    pub end: Option<End>,
}

/// Identity of a parent process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Parent {
    /// Pid of the parent.
    pub pid: i32,
    /// Its start time in clock ticks since boot, where that is known.
    pub start_ticks: Option<u64>,
}

/// End of a process, or of its measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct End {
    /// When that was.
    pub at: UnixMillis,
    /// How it ended.
    pub reason: EndReason,
}

/// How a process, or its measurement, ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum EndReason {
    /// It ended by itself, with this status.
    Exited(i32),
    /// Killed by a signal.
    Signaled {
        /// The signal's number.
        signal: i32,
        /// Whether it left a core dump.
        core: bool,
    },
    /// It was let go and ran on.
    Detached,
}

/// One program image that a pid ran.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Exec {
    /// When it started, or when the process was forked or attached with it.
    pub at: UnixMillis,
    /// Path of the executable; bytes that are not UTF-8 are replaced.
    pub exe: String,
    /// Arguments, `argv[0]` included.
    pub argv: Vec<String>,
    /// Working directory at that time.
    pub cwd: String,
}

/// What a report needs of an image, so that it needs no binary.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct ImageFacts {
    /// Path under which it was mapped.
    pub path: String,
    /// GNU build-id in lower-case hexadecimal.
    pub build_id: Option<String>,
    /// Its source files, sorted by path.
    pub files: Vec<FileFacts>,
    /// What lowers the truth of this image's data.
    pub warnings: Vec<Warning>,
}

/// A source file as one image knows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct FileFacts {
    /// Path as the debug info gives it: absolute, unless prefixes were mapped away.
    pub path: String,
    /// What the source was when it was measured.
    pub origin: SourceOrigin,
    /// Lines that have code.
    pub executable: Numbits,
    /// Functions that start in it.
    pub functions: Vec<FunctionFacts>,
}

/// What tells a source from others, and from other states of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SourceOrigin {
    /// MD5 of its text.
    pub digest: Digest,
    /// Its path without symbolic links, where it was found when it was measured.
    pub real: Option<String>,
    /// Device and inode that it had there.
    pub inode: Option<(u64, u64)>,
}

/// MD5 of the text of a source, and how far it is known to be what the image was built from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Digest {
    /// The source was not there, or could not be read.
    #[default]
    Unknown,
    /// Of the source as it was when measured, but it was changed after the image was made.
    Changed([u8; 16]),
    /// Of what the image was built from: by the debug info, or because the source is older than the image.
    Built([u8; 16]),
}

impl Digest {
    /// The digest of what the image was built from.
    pub fn built(self) -> Option<[u8; 16]> {
        match self {
            Digest::Built(digest) => Some(digest),
            Digest::Changed(_) | Digest::Unknown => None,
        }
    }
}

impl FileFacts {
    /// Its functions at these positions.
    pub fn entered(&self, positions: &Numbits) -> impl Iterator<Item = &FunctionFacts> {
        positions.iter().filter_map(|position| self.functions.get(position as usize))
    }

    /// What makes two sources the same within a measurement: where they really are, and their text.
    pub fn identity(&self) -> (&str, Digest) {
        (self.origin.real.as_deref().unwrap_or(&self.path), self.origin.digest)
    }

    /// Whether a path ends like those that compilers give to what is in no file, as `<built-in>`.
    pub fn is_no_name(path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        name.len() > 2 && name.starts_with('<') && name.ends_with('>')
    }
}

/// A function of a source file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct FunctionFacts {
    /// Line of its declaration.
    pub start: u32,
    /// Last line of its body that has code.
    pub end: u32,
    /// Name of the function, demangled.
    pub name: String,
    /// Whether a probe of its own tells that it ran; of others only their lines may tell.
    pub told: bool,
}

/// Lines and functions of one file of one image that ran under one context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hits {
    /// Index into `ProcessRecord::images`.
    pub image: usize,
    /// Index into `ImageFacts::files`.
    pub file: usize,
    /// Index into `ProcessRecord::contexts`.
    pub context: usize,
    /// The lines that ran.
    pub lines: Numbits,
    /// The functions that ran, by their positions among those of the file.
    pub functions: Numbits,
}

/// A file that a process opened in a context, or tried to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OpenedFile {
    /// The label of the context.
    pub label: String,
    /// The absolute path, without `.` and `..`; bytes that are not UTF-8 are replaced.
    pub path: String,
    /// To what end.
    pub opened_for: OpenedFor,
    /// A digest of what it had (XXH3); `None` if it was no regular file, or could not be read, or was only written to.
    pub digest: Option<u64>,
}

/// To what end a file was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum OpenedFor {
    /// To read it.
    Reading,
    /// To write to it.
    Writing,
    /// To read it and to write to it.
    Both,
}

impl OpenedFor {
    /// Of what it is opened for.
    pub fn of(reads: bool, writes: bool) -> Self {
        match (reads, writes) {
            (_, false) => OpenedFor::Reading,
            (false, true) => OpenedFor::Writing,
            (true, true) => OpenedFor::Both,
        }
    }

    /// As a data file has it.
    pub(super) fn number(self) -> i64 {
        match self {
            OpenedFor::Reading => 1,
            OpenedFor::Writing => 2,
            OpenedFor::Both => 3,
        }
    }

    /// What a data file has.
    pub(super) fn from_number(number: i64) -> Option<Self> {
        [OpenedFor::Reading, OpenedFor::Writing, OpenedFor::Both].into_iter().find(|known| known.number() == number)
    }
}

/// A process is in a context, until the next of its spans or its end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    /// From when on.
    pub at: UnixMillis,
    /// The label of the context.
    pub label: String,
    /// What opened the context; nothing if it is that of its parent.
    pub opened: Option<ContextKind>,
}

/// One flush that brought something new.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Flush {
    /// When that was.
    pub at: UnixMillis,
    /// How many lines were seen for the first time in this process.
    pub new_lines: u64,
    /// How many of them no process of the run had run before.
    pub new_in_run: u64,
}
