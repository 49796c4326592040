//! Messages over the sockets between front, recorder and supervisor, as JSON.
//!
//! Invariant: the supervisor's sends never block; what does not fit waits in the port.

use super::{ImageId, ProcessNo};
use platform::{Channel, OsError, Pid, Received, WhenNone};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};

/// What the recorder sends to the supervisor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToSupervisor {
    /// Trace this process, which waits before its exec. Answered by `Seized` or `Refused`.
    Launch(Pid),
    /// Trace these running processes, with their descendants if `children`. Answered by `Attached` or `Refused`, once
    /// everything is planted.
    Attach {
        /// The processes to attach to.
        pids: Vec<Pid>,
        /// Whether the descendants that they have already are meant too.
        children: bool,
    },
    /// The plan of an image is in the run's directory, or in the memory file that comes along where the disk takes no more.
    Plan(ImageId),
    /// A process that ended is in its file; its marks may be used again.
    Free(ProcessNo),
    /// A signal came to the front from a process: the launched program is to have it too, unless that process sent it
    /// there itself.
    Forward {
        /// The number of the signal.
        signal: i32,
        /// Who sent it.
        sender: Pid,
    },
    /// Switch the context of processes; answered by `Switched`, in the order in which it was asked.
    Switch(SwitchRequest),
    /// Restore everything, detach from every tracee and leave.
    LetGo,
}

/// Which processes are to be in which context from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwitchRequest {
    /// To which context.
    pub change: ContextChange,
    /// Only these, as far as they are measured; all if there is none.
    pub pids: Vec<Pid>,
}

/// How a context is switched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ContextChange {
    /// To the one of this label.
    To(String),
    /// To the one before the last switch.
    Back,
}

/// What the supervisor says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromSupervisor {
    /// The program to launch is traced.
    Seized,
    /// It cannot be traced.
    Refused {
        /// The errno of the call that failed.
        errno: i32,
        /// Operation, subject and cause.
        text: String,
    },
    /// The processes to attach to are traced and planted, those named in `AttachReport::failures` excepted.
    Attached(AttachReport),
    /// A file with text was mapped; it comes along, opened. No file: it could not be opened.
    WantImage(ImageId),
    /// What ran until the request is in the old context, what runs from this answer on in the new one: so many processes are
    /// in another one; or why none is.
    Switched(Result<u64, String>),
    /// Marks are kept in memory from here on; the memory file comes along.
    MarksInMemory,
    /// The journal goes on in memory; the memory file comes along.
    JournalInMemory,
}

/// What attaching came to. Times are in microseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachReport {
    /// The processes that are traced now.
    pub pids: Vec<Pid>,
    /// How many threads they have.
    pub threads: u64,
    /// How many breakpoints were planted.
    pub breakpoints: u64,
    /// From the request until all images were read; nothing is traced yet.
    pub reading: u64,
    /// From then until all was planted.
    pub attaching: u64,
    /// The longest that a thread can have been held in a stop meanwhile.
    pub longest_hold: u64,
    /// Why a process is not traced, one sentence each.
    pub failures: Vec<String>,
}

/// A message that could not be carried.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// The socket failed.
    #[error(transparent)]
    Os(#[from] OsError),
    /// The other side is gone.
    #[error("the other process has ended")]
    Closed,
    /// The other side speaks another language.
    #[error("message not understood: {0}")]
    Malformed(#[from] serde_json::Error),
}

/// One end of a link.
#[derive(Debug)]
pub struct Port {
    channel: Channel,
    waiting: VecDeque<(Vec<u8>, Option<File>)>,
}

impl Port {
    /// Speaks over `channel`.
    pub fn new(channel: Channel) -> Self {
        Port { channel, waiting: VecDeque::new() }
    }

    /// Another handle of the same end, with nothing waiting.
    pub fn try_clone(&self) -> Result<Port, OsError> {
        self.channel.try_clone().map(Port::new)
    }

    /// Tells the other side that nothing more comes.
    pub fn end_sending(&self) {
        self.channel.end_sending();
    }

    /// Sends a message, or keeps it until the other side has room.
    pub fn send(&mut self, message: &impl Serialize, file: Option<File>) -> Result<(), PortError> {
        self.waiting.push_back((serde_json::to_vec(message)?, file));
        self.flush().map(drop)
    }

    /// Sends what is waiting; false where some still is.
    pub fn flush(&mut self) -> Result<bool, PortError> {
        while let Some((bytes, file)) = self.waiting.front() {
            if !self.channel.send(bytes, file.as_ref().map(AsFd::as_fd))? {
                return Ok(false);
            }
            self.waiting.pop_front();
        }
        Ok(true)
    }

    /// Sends a message and waits until the other side has room for it.
    pub fn send_waiting(&mut self, message: &impl Serialize) -> Result<(), PortError> {
        self.send_file_waiting(message, None)
    }

    /// The same, with a file.
    pub fn send_file_waiting(&mut self, message: &impl Serialize, file: Option<File>) -> Result<(), PortError> {
        const MILLIS: u16 = 1000;
        self.send(message, file)?;
        while !self.flush()? {
            self.channel.wait_writable(MILLIS);
        }
        Ok(())
    }

    /// Waits for the next message, and takes it.
    pub fn receive<M: DeserializeOwned>(&self) -> Result<(M, Option<File>), PortError> {
        loop {
            if let Some(message) = decoded(self.channel.receive(WhenNone::Wait)?)? {
                return Ok(message);
            }
        }
    }

    /// Takes the next message, if there is one.
    pub fn try_receive<M: DeserializeOwned>(&self) -> Result<Option<(M, Option<File>)>, PortError> {
        decoded(self.channel.receive(WhenNone::Return)?)
    }
}

fn decoded<M: DeserializeOwned>(received: Received) -> Result<Option<(M, Option<File>)>, PortError> {
    match received {
        Received::Message(bytes, file) => Ok(Some((serde_json::from_slice(&bytes)?, file))),
        Received::Closed => Err(PortError::Closed),
        Received::Nothing => Ok(None),
    }
}

impl AsFd for Port {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.channel.as_fd()
    }
}
