//! The process that reads images and writes files: it answers the supervisor's requests, and turns journal and marks
//! into one SQLite file per process while the run lives.
//!
//! Invariant: it may be killed at any moment; all it knows is in the run's directory.

mod facts;
mod images;
mod ledger;
mod lines;
mod news;
mod recovery;
mod replay;

pub use images::Selection;
pub use ledger::LedgerError;
pub use news::{FrontRequest, News, Summary};
pub use recovery::{Recovered, RecoveryError, recover};

use crate::link::{FromSupervisor, Port, PortError, RunDir, ToSupervisor};
use crate::store::{DataDir, UnixMillis};
use images::ImageReaders;
use ledger::Ledger;
use platform::wait_readable;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// How often the files of living processes are brought up to date.
const FLUSH_EVERY: Duration = Duration::from_millis(500);

/// What the recorder starts with.
pub struct Options {
    /// The run's directory.
    pub run: RunDir,
    /// The data directory.
    pub data: DataDir,
    /// The link to the supervisor.
    pub supervisor: Port,
    /// The link to the front.
    pub front: Port,
    /// What is to be measured.
    pub selection: Selection,
}

/// Records until the supervisor is gone; gives the exit status.
pub fn run(options: Options) -> i32 {
    let Options { run, data, supervisor, mut front, selection } = options;
    let started = Recorder::start(run, data, supervisor, front.try_clone(), &selection);
    match started.and_then(|recorder| recorder.record()) {
        Ok((summary, mut ledger)) => {
            let _front_gone = front.send_waiting(&News::Finished(summary));
            // Nobody has to wait for the disk.
            i32::from(ledger.sync_finished().is_err())
        }
        Err(error) => {
            let _front_gone = front.send_waiting(&News::Failed(error.to_string()));
            1
        }
    }
}

struct Recorder {
    run: RunDir,
    ledger: Ledger,
    supervisor: Port,
    front: Option<Port>,
    readers: ImageReaders,
    last_flush: Instant,
}

impl Recorder {
    fn start(
        run: RunDir,
        data: DataDir,
        supervisor: Port,
        front: Result<Port, platform::OsError>,
        selection: &Selection,
    ) -> Result<Self, LedgerError> {
        let ledger = Ledger::open(&run, &data)?;
        let readers = ImageReaders::start(&run, selection, &supervisor)?;
        let last_flush = Instant::now();
        Ok(Recorder { run, ledger, supervisor, front: front.ok(), readers, last_flush })
    }

    fn record(mut self) -> Result<(Summary, Ledger), LedgerError> {
        while self.listen() {
            for (image, facts) in self.readers.ready() {
                self.ledger.add_facts(image, facts);
            }
            if self.last_flush.elapsed() >= FLUSH_EVERY {
                self.last_flush = Instant::now();
                // What cannot be written now is tried again, and told at the end if it never can.
                let _later = self.flush();
            }
        }
        self.close()
    }

    /// Waits for messages; false when the supervisor is gone.
    fn listen(&mut self) -> bool {
        let wait = FLUSH_EVERY.saturating_sub(self.last_flush.elapsed()).as_millis() as u32;
        let fds = std::iter::once(self.supervisor.as_fd()).chain(self.front.as_ref().map(AsFd::as_fd));
        let ready = wait_readable(&fds.collect::<Vec<_>>(), Some(wait.max(1)));
        if ready.get(1) == Some(&true) {
            self.hear_front();
        }
        ready.first() != Some(&true) || self.hear_supervisor()
    }

    fn hear_supervisor(&mut self) -> bool {
        loop {
            match self.supervisor.receive(false) {
                Ok(Some((FromSupervisor::WantImage(image), file))) => {
                    let _later = self.ledger.catch_up();
                    let path = self.ledger.replay.images.get(&image).cloned().unwrap_or_default();
                    self.readers.request(image, path, file);
                }
                Ok(Some((FromSupervisor::MarksInMemory, file))) => {
                    if let Some(file) = file {
                        self.ledger.add_memory_marks(file);
                    }
                }
                Ok(Some((FromSupervisor::JournalInMemory, file))) => {
                    if let Some(file) = file {
                        self.ledger.add_memory_journal(file);
                    }
                }
                Ok(Some((
                    FromSupervisor::Seized | FromSupervisor::Attached(_) | FromSupervisor::Refused { .. },
                    _,
                )))
                | Err(PortError::Malformed(_)) => {}
                Ok(None) => return true,
                Err(PortError::Closed | PortError::Os(_)) => return false,
            }
        }
    }

    fn hear_front(&mut self) {
        let Some(front) = &self.front else { return };
        match front.receive(false) {
            Ok(Some((FrontRequest::WhoRuns, _))) => {
                // What cannot be written now is tried again, and told at the end if it never can.
                let _later = self.flush();
                let pids = self.ledger.living().into_iter().map(|(_, pid)| pid).collect();
                let _front_gone = self.front.as_mut().map(|front| front.send(&News::Running(pids), None));
            }
            Ok(Some((FrontRequest::LetGo, _))) => {
                let _supervisor_gone = self.supervisor.send_waiting(&ToSupervisor::LetGo);
            }
            Ok(None) | Err(PortError::Malformed(_)) => {}
            Err(PortError::Closed | PortError::Os(_)) => self.front = None,
        }
    }

    /// Brings every file up to date: of processes that have ended for good, of the others for now.
    fn flush(&mut self) -> Result<(), LedgerError> {
        self.ledger.catch_up()?;
        self.ledger.collect(UnixMillis(platform::unix_millis()));
        let ended = self.ledger.ended_and_known();
        for process in &ended {
            self.ledger.finish(*process, true)?;
        }
        // Only what is on disk may lose its marks.
        self.ledger.sync_finished()?;
        for process in ended {
            let _supervisor_gone = self.supervisor.send_waiting(&ToSupervisor::Free(process));
        }
        let mut anything_new = false;
        for (process, _) in self.ledger.living() {
            anything_new |= self.ledger.flush(process)?;
        }
        if anything_new { self.ledger.sync_run() } else { Ok(()) }
    }

    /// The supervisor is gone: everything goes into its files, and the run's directory goes.
    fn close(mut self) -> Result<(Summary, Ledger), LedgerError> {
        for (image, facts) in self.readers.finish() {
            self.ledger.add_facts(image, facts);
        }
        self.ledger.catch_up()?;
        self.ledger.collect(UnixMillis(platform::unix_millis()));
        let (mut incomplete, mut unwritten, mut cause) = (0, 0, None);
        let living = self.ledger.living().into_iter().map(|(process, _)| (process, false));
        let ended = self.ledger.ended().into_iter().map(|process| (process, true));
        for (process, complete) in ended.chain(living).collect::<Vec<_>>() {
            incomplete += u64::from(!complete);
            if let Err(error) = self.ledger.finish(process, complete) {
                unwritten += 1;
                cause.get_or_insert(error.to_string());
            }
        }
        let recoverable = self.ledger.is_recoverable();
        if unwritten == 0 || !recoverable {
            self.run.remove()?;
        }
        let (ran, lines) = self.ledger.lines.totals();
        let processes = self.ledger.finished;
        let summary = Summary { processes, ran, lines, incomplete, unwritten, cause, recoverable };
        Ok((summary, self.ledger))
    }
}
