//! A command's link to the recorder of a measurement under way.
//!
//! Invariant: a recorder that does not answer is reported after a while; only what takes its time by nature is awaited
//! without a limit.

use crate::link::{ControlAnswer, ControlRequest, Port, PortError, ProcessStatus, RunStatus, Summary};
use crate::store::{RunEntry, StoreError};
use platform::{Errno, OsError, wait_readable};
use std::os::fd::AsFd;

/// How long the next part of a status is awaited, in milliseconds.
const PATIENCE: u32 = 10_000;

/// Why a measurement did not do what a command asked for.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Nobody is there.
    #[error(
        "run {run}: its recorder has ended (it was killed, or is just ending); the next command recovers what it left"
    )]
    NoRecorder {
        /// The run.
        run: String,
    },
    /// The socket is not for us.
    #[error("run {run}: {source}; only the user who measures, and root, may ask")]
    Forbidden {
        /// The run.
        run: String,
        /// The cause.
        source: OsError,
    },
    /// The measurement has no socket, or it cannot be reached.
    #[error("run {run}: {source}; can sockets be made in the data directory?")]
    Unreachable {
        /// The run.
        run: String,
        /// The cause.
        source: OsError,
    },
    /// It takes too long.
    #[error("run {run}: its recorder does not answer; is it stopped?")]
    Silent {
        /// The run.
        run: String,
    },
    /// Another version, or no recorder of ours.
    #[error("run {run}: the answer is not understood ({what}); is it measured by another version of cov-trace?")]
    Strange {
        /// The run.
        run: String,
        /// What came.
        what: String,
    },
    /// It could not be done.
    #[error("run {run}: {cause}")]
    Failed {
        /// The run.
        run: String,
        /// Why.
        cause: String,
    },
}

/// A link to one recorder.
#[derive(Debug)]
pub struct ControlLink {
    run: String,
    port: Port,
}

impl ControlLink {
    /// Connects to the recorder of a run.
    pub fn connect(found: RunEntry) -> Result<Self, ControlError> {
        let (run, path, trust) = (found.run.clone(), found.path.clone(), found.trust());
        let opened = match found.open() {
            Ok(opened) => opened,
            Err(StoreError::Directory { .. }) => return Err(ControlError::NoRecorder { run }),
            Err(error) => return Err(ControlError::Failed { run, cause: error.to_string() }),
        };
        match opened.connect(trust) {
            Ok(channel) => Ok(ControlLink { run, port: Port::new(channel) }),
            Err(source) => Err(match source.errno {
                Errno::ENOENT if !path.exists() => ControlError::NoRecorder { run },
                Errno::ECONNREFUSED => ControlError::NoRecorder { run },
                Errno::EACCES | Errno::EPERM => ControlError::Forbidden { run, source },
                Errno::EAGAIN => ControlError::Silent { run },
                _ => ControlError::Unreachable { run, source },
            }),
        }
    }

    /// The run's name.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// What is being measured.
    pub fn status(&mut self) -> Result<(RunStatus, Vec<ProcessStatus>), ControlError> {
        self.ask(ControlRequest::Status)?;
        let run = match self.answer(Some(PATIENCE))? {
            ControlAnswer::Run(run) => run,
            other => return Err(self.strange(&other)),
        };
        let mut processes = Vec::new();
        loop {
            match self.answer(Some(PATIENCE))? {
                ControlAnswer::Process(process) => processes.push(process),
                ControlAnswer::NoMore => return Ok((run, processes)),
                other => return Err(self.strange(&other)),
            }
        }
    }

    /// Has everything that ran until now in the files.
    pub fn flush(&mut self) -> Result<(), ControlError> {
        self.ask(ControlRequest::Flush)?;
        match self.answer(None)? {
            ControlAnswer::Flushed => Ok(()),
            other => Err(self.strange(&other)),
        }
    }

    /// Asks to detach from every tracee.
    pub fn detach(&mut self) -> Result<(), ControlError> {
        self.ask(ControlRequest::Detach)
    }

    /// Waits until everybody was let go and everything is in the files.
    pub fn detached(&mut self) -> Result<Summary, ControlError> {
        match self.answer(None)? {
            ControlAnswer::Detached(summary) => Ok(summary),
            other => Err(self.strange(&other)),
        }
    }

    fn ask(&mut self, request: ControlRequest) -> Result<(), ControlError> {
        let sent = self.port.send(&request, None);
        sent.map_err(|error| self.lost(error))
    }

    fn answer(&mut self, patience: Option<u32>) -> Result<ControlAnswer, ControlError> {
        loop {
            match self.port.try_receive().map_err(|error| self.lost(error))? {
                Some((ControlAnswer::Failed(cause), _)) => {
                    return Err(ControlError::Failed { run: self.run.clone(), cause });
                }
                Some((answer, _)) => return Ok(answer),
                None if wait_readable(&[self.port.as_fd()], patience) == [true] => {}
                None if patience.is_none() => {}
                None => return Err(ControlError::Silent { run: self.run.clone() }),
            }
        }
    }

    fn lost(&self, error: PortError) -> ControlError {
        let run = self.run.clone();
        match error {
            PortError::Closed | PortError::Os(_) => ControlError::NoRecorder { run },
            PortError::Malformed(error) => ControlError::Strange { run, what: error.to_string() },
        }
    }

    fn strange(&self, answer: &ControlAnswer) -> ControlError {
        ControlError::Strange { run: self.run.clone(), what: format!("{answer:?}").chars().take(80).collect() }
    }
}
