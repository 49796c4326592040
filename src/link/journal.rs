//! The journal: what happened, one JSON object a line, appended by the supervisor and read by any later process.
//!
//! Invariants: a record is written with one append, so a kill tears at most the last line; a reader never takes a
//! line that has no end yet; what does not parse is counted and left out.

use super::{ContextId, ImageId, ProcessNo};
use crate::contexts::ContextKind;
use platform::{Errno, Pid};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;

/// One fact. Times are milliseconds since the Unix epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Record {
    /// A process is being measured from here on.
    Process {
        /// The number of the process in this run.
        process: ProcessNo,
        /// The pid that the process has.
        pid: Pid,
        /// Its start time in clock ticks since boot.
        start_ticks: u64,
        /// Who made it, if that one is measured too.
        maker: Option<ProcessNo>,
        /// Its parent's pid.
        parent: Pid,
        /// When it started.
        started: i64,
        /// When it was attached to, if it ran already.
        attached: Option<i64>,
    },
    /// A process runs a new program image.
    Exec {
        /// The process that executed it.
        process: ProcessNo,
        /// When that was, in milliseconds since 1970.
        at: i64,
        /// Path of the executable.
        exe: String,
        /// The arguments it was given.
        argv: Vec<String>,
        /// Its working directory.
        cwd: String,
    },
    /// A file was seen for the first time.
    Image {
        /// The number of the image in this run.
        image: ImageId,
        /// The path by which it was mapped.
        path: String,
    },
    /// A process has a file mapped.
    Mapped {
        /// The process that mapped it.
        process: ProcessNo,
        /// The image that is mapped.
        image: ImageId,
    },
    /// A context that processes are in from here on has this label.
    Context {
        /// Its number in this run.
        context: ContextId,
        /// Its label.
        label: String,
    },
    /// A process is in a context from here on.
    Entered {
        /// The process.
        process: ProcessNo,
        /// The context.
        context: ContextId,
        /// When that was, in milliseconds since 1970.
        at: i64,
        /// What opened it; nothing if it is that of its parent.
        opened: Option<ContextKind>,
    },
    /// Where a process's hits in a file are marked: bit n is the file's probe n.
    Section {
        /// The process that the marks are of.
        process: ProcessNo,
        /// The image that the marks are in.
        image: ImageId,
        /// In which context.
        context: ContextId,
        /// Whether it is in the marks kept in memory, since the disk took no more.
        in_memory: bool,
        /// First byte in the marks.
        base: u64,
        /// Number of bits.
        bits: u32,
        /// Whether a bit tells of its probe only, and not of those that were executed before.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        exact: bool,
    },
    /// A process ended or was let go.
    End {
        /// The process that ended.
        process: ProcessNo,
        /// When that was, in milliseconds since 1970.
        at: i64,
        /// How it ended.
        how: EndOfProcess,
    },
    /// A process opened a file, or tried to, in the context that it is in.
    Opened {
        /// The process.
        process: ProcessNo,
        /// The absolute path.
        path: String,
        /// Whether it was opened to read.
        reads: bool,
        /// Whether it was opened to write.
        writes: bool,
    },
    /// Something lowers the truth of the result.
    Warning {
        /// Of one process, or of the run.
        process: Option<ProcessNo>,
        /// Its stable name.
        slug: String,
        /// What it means.
        text: String,
        /// How many places it concerns.
        count: u64,
    },
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EndOfProcess {
    /// By itself, with this status.
    Exited(i32),
    /// By a signal.
    Killed {
        /// The number of the signal.
        signal: i32,
        /// Whether a core dump was made.
        core: bool,
    },
    /// It goes on without us.
    LetGo,
}

/// Appends records. What the file does not take is kept, and tried again with the next record or in another file.
#[derive(Debug)]
pub struct JournalWriter {
    file: File,
    waiting: VecDeque<Vec<u8>>,
    /// How much of the first waiting line is in the file.
    written: usize,
}

impl JournalWriter {
    /// Appends to `file`, which must have been opened for appending.
    pub fn new(file: File) -> Self {
        JournalWriter { file, waiting: VecDeque::new(), written: 0 }
    }

    /// Appends one record; the error is why some of the journal is not in the file yet.
    pub fn append(&mut self, record: &Record) -> Result<(), Errno> {
        let mut line = serde_json::to_vec(record).expect("invariant: a record has only strings and numbers");
        line.push(b'\n');
        self.waiting.push_back(line);
        self.flush()
    }

    /// Goes on in another file with the first record that is not whole in this one.
    pub fn go_on_in(&mut self, file: File) -> Result<(), Errno> {
        self.file = file;
        self.written = 0;
        self.flush()
    }

    /// Tries again to write what is waiting.
    pub fn flush(&mut self) -> Result<(), Errno> {
        while let Some(line) = self.waiting.front() {
            match self.file.write(&line[self.written..]) {
                Ok(0) => return Err(Errno::ENOSPC),
                Ok(written) => self.written += written,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Errno::from_raw(error.raw_os_error().unwrap_or(0))),
            }
            if self.written == line.len() {
                self.waiting.pop_front();
                self.written = 0;
            }
        }
        Ok(())
    }
}

/// Reads records as they come.
#[derive(Debug)]
pub struct JournalReader {
    file: File,
    position: u64,
}

/// What is new in a journal.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct NewRecords {
    /// The records, in the order in which they were written.
    pub records: Vec<Record>,
    /// How many lines are no records.
    pub damaged: u64,
}

impl JournalReader {
    /// Reads `file` from its start.
    pub fn new(file: File) -> Self {
        JournalReader { file, position: 0 }
    }

    /// How much was read, in bytes.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Goes on from a place up to which nothing is to be read.
    pub fn go_to(&mut self, position: u64) {
        self.position = position;
    }

    /// The records that are complete by now and were not read yet.
    pub fn read_new(&mut self) -> std::io::Result<NewRecords> {
        let mut text = Vec::new();
        let mut chunk = vec![0; 64 * 1024];
        loop {
            let got = self.file.read_at(&mut chunk, self.position + text.len() as u64)?;
            if got == 0 {
                break;
            }
            text.extend_from_slice(&chunk[..got]);
        }
        let complete = text.iter().rposition(|&b| b == b'\n').map_or(0, |last| last + 1);
        self.position += complete as u64;
        let mut new = NewRecords::default();
        for line in text[..complete].split(|&b| b == b'\n').filter(|line| !line.is_empty()) {
            match serde_json::from_slice(line) {
                Ok(record) => new.records.push(record),
                Err(_) => new.damaged += 1,
            }
        }
        Ok(new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::OpenOptions;

    fn image(number: u32) -> Record {
        Record::Image { image: ImageId(number), path: format!("/bin/\"{number}\n") }
    }

    #[test]
    fn a_torn_last_line_waits_for_its_end() {
        let dir = tempfile::tempdir().expect("tempdir");
        let path = dir.path().join("journal");
        let open = || OpenOptions::new().create(true).append(true).open(&path).expect("open");
        let mut writer = JournalWriter::new(open());
        let mut reader = JournalReader::new(File::open(&path).expect("open"));
        writer.append(&image(1)).expect("append");
        open().write_all(b"{\"Ima").expect("write");
        assert_eq!(reader.read_new().expect("read").records, [image(1)]);
        assert_eq!(reader.read_new().expect("read"), NewRecords::default());
        open().write_all(b"ge\":7}\n").expect("write");
        writer.append(&image(2)).expect("append");
        assert_eq!(reader.read_new().expect("read"), NewRecords { records: vec![image(2)], damaged: 1 });
    }

    #[test]
    fn a_full_disk_keeps_records_for_later() {
        let full = OpenOptions::new().append(true).open("/dev/full").expect("open");
        let mut writer = JournalWriter::new(full);
        assert_eq!(writer.append(&image(1)), Err(Errno::ENOSPC));
        let dir = tempfile::tempdir().expect("tempdir");
        let path = dir.path().join("journal");
        writer.go_on_in(OpenOptions::new().create(true).append(true).open(&path).expect("open")).expect("write");
        writer.append(&image(2)).expect("append");
        let mut reader = JournalReader::new(File::open(&path).expect("open"));
        assert_eq!(reader.read_new().expect("read").records, [image(1), image(2)]);
    }
}
