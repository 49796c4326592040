//! A command's link to the recorder of a measurement under way.
//!
//! Invariant: a recorder that does not answer is reported after a while; only what takes its time by nature is awaited
//! without a limit.

use crate::link::{ControlAnswer, ControlRequest, Port, PortError, ProcessStatus, RunStatus, Summary, SwitchRequest};
use crate::store::{RunEntry, StoreError};
use platform::{Errno, OsError, wait_readable};
use std::os::fd::AsFd;

/// How long the next part of a status is awaited, in milliseconds.
const PATIENCE: u32 = 10_000;

/// Why the measurement of a run did not do what a command asked for.
#[derive(Debug, thiserror::Error)]
#[error("run {run}: {failure}")]
pub struct ControlError {
    /// The run by its name.
    pub run: String,
    /// What went wrong, and the way out.
    pub failure: ControlFailure,
}

/// What went wrong between a command and the recorder of a run.
#[derive(Debug, thiserror::Error)]
pub enum ControlFailure {
    /// Nobody listens at the run's socket.
    #[error("its recorder has ended (it was killed, or is just ending); the next command recovers what it left")]
    NoRecorder,
    /// The socket is another user's.
    #[error("{0}; only the user who measures, and root, may ask")]
    Forbidden(OsError),
    /// The measurement has no socket, or it cannot be reached.
    #[error("{0}; can sockets be made in the data directory?")]
    Unreachable(OsError),
    /// The recorder takes too long to answer.
    #[error("its recorder does not answer; is it stopped?")]
    Silent,
    /// What came is no answer of this version's recorder.
    #[error("the answer is not understood ({0}); is it measured by another version of cov-trace?")]
    Strange(String),
    /// The recorder answered that it could not do it, or the run's directory cannot be opened.
    #[error("{0}")]
    Failed(String),
}

/// A link to one recorder.
#[derive(Debug)]
pub(crate) struct ControlLink {
    run: String,
    port: Port,
}

impl ControlLink {
    /// Connects to the recorder of a run.
    pub fn connect(found: RunEntry) -> Result<Self, ControlError> {
        let (run, path, trust) = (found.run.clone(), found.path.clone(), found.trust());
        let opened = match found.open() {
            Ok(opened) => opened,
            Err(error) => {
                let failure = match error {
                    StoreError::Directory { .. } => ControlFailure::NoRecorder,
                    error => ControlFailure::Failed(error.to_string()),
                };
                return Err(ControlError { run, failure });
            }
        };
        match opened.connect(trust) {
            Ok(channel) => Ok(ControlLink { run, port: Port::new(channel) }),
            Err(source) => {
                let failure = match source.errno {
                    Errno::ENOENT if !path.exists() => ControlFailure::NoRecorder,
                    Errno::ECONNREFUSED => ControlFailure::NoRecorder,
                    Errno::EACCES | Errno::EPERM => ControlFailure::Forbidden(source),
                    Errno::EAGAIN => ControlFailure::Silent,
                    _ => ControlFailure::Unreachable(source),
                };
                Err(ControlError { run, failure })
            }
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

    /// Switches the context of processes; gives of how many.
    pub fn switch(&mut self, request: SwitchRequest) -> Result<u64, ControlError> {
        self.ask(ControlRequest::Switch(request))?;
        match self.answer(None)? {
            ControlAnswer::Switched(count) => Ok(count),
            other => Err(self.strange(&other)),
        }
    }

    /// Asks to detach from every tracee.
    pub fn detach(&mut self) -> Result<(), ControlError> {
        self.ask(ControlRequest::Detach)
    }

    /// Waits until the supervisor has detached from every process and everything is in the files.
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
                    return Err(self.failed(ControlFailure::Failed(cause)));
                }
                Some((answer, _)) => return Ok(answer),
                None if wait_readable(&[self.port.as_fd()], patience) == [true] => {}
                None if patience.is_none() => {}
                None => return Err(self.failed(ControlFailure::Silent)),
            }
        }
    }

    fn lost(&self, error: PortError) -> ControlError {
        self.failed(match error {
            PortError::Closed | PortError::Os(_) => ControlFailure::NoRecorder,
            PortError::Malformed(error) => ControlFailure::Strange(error.to_string()),
        })
    }

    fn strange(&self, answer: &ControlAnswer) -> ControlError {
        self.failed(ControlFailure::Strange(format!("{answer:?}").chars().take(80).collect()))
    }

    fn failed(&self, failure: ControlFailure) -> ControlError {
        ControlError { run: self.run.clone(), failure }
    }
}
