//! The process that reads images and writes files: it answers the supervisor's requests, and turns journal and marks
//! into one SQLite file per process while the run lives.
//!
//! Invariants: it may be killed at any moment, for all it knows is in the run's directory; in its loop it waits for
//! nobody but the file system's memory: not for the disk, a command, or a large image.

mod control;
mod disk;
mod facts;
mod images;
mod keeping;
mod known;
mod last_resort;
mod ledger;
mod lines;
mod news;
mod origins;
mod real_folders;
mod recovery;
mod replay;
mod round;
mod scope;
mod serve;
mod sources;
mod status;

pub(crate) use crate::link::Summary;
pub use ledger::LedgerError;
pub use news::Trouble;
pub(crate) use news::{FrontRequest, News};
pub(crate) use recovery::recover;
pub(crate) use scope::{Probing, Scope};

use crate::cache::Cache;
use crate::link::{ContextId, LetGoBy, Port, RunDir, ToSupervisor};
use crate::store::{DataDir, LabelValues, UnixMillis};
use control::ControlSocket;
use disk::{Disk, Job};
use images::ImageReaders;
use keeping::Keeping;
use known::KnownLines;
use last_resort::LastResort;
use ledger::{Completeness, Ledger};
use platform::{GuardTable, Listener, OnTracerDeath, Pid};
use round::{Asker, Round};
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often the files of living processes are brought up to date.
const FLUSH_EVERY: Duration = Duration::from_millis(500);

/// What the recorder starts with.
pub(crate) struct RecorderOptions {
    /// The run's directory.
    pub run: RunDir,
    /// The data directory.
    pub data: DataDir,
    /// The link to the supervisor.
    pub supervisor: Port,
    /// The link to the front.
    pub front: Port,
    /// Where commands ask, if they can.
    pub control: Option<Listener>,
    /// What is to be measured.
    pub selection: Scope,
    /// The labels of the run.
    pub labels: LabelValues,
    /// The folder that keeps what was read of images, if any is to.
    pub cache: Option<PathBuf>,
    /// How long, if not until the end.
    pub limit: Option<Duration>,
    /// The process that the user started.
    pub front_pid: Pid,
    /// Guard, supervisor and what that traces.
    pub guarded: GuardTable,
    /// What becomes of that when the supervisor is killed.
    pub on_supervisor_death: OnTracerDeath,
}

/// Records until the supervisor is gone; gives the exit status.
pub(crate) fn run(options: RecorderOptions) -> i32 {
    let Ok(mut front) = options.front.try_clone() else { return 1 };
    platform::return_large_blocks();
    let last_resort = LastResort::wait(&options);
    match Recorder::start(options).and_then(Recorder::record) {
        Ok(files_on_disk) => {
            last_resort.end();
            i32::from(!files_on_disk)
        }
        Err(error) => {
            let _front_gone = front.send_waiting(&News::Failed(error.to_string()));
            1
        }
    }
}

struct Recorder {
    run: RunDir,
    data: DataDir,
    keeping: Keeping,
    ledger: Ledger,
    supervisor: Port,
    front: Option<Port>,
    control: Option<ControlSocket>,
    front_pid: Pid,
    guarded: GuardTable,
    readers: ImageReaders,
    images_wanted: u64,
    images_ready: u64,
    disk: Disk,
    round: Option<Round>,
    last_round: Instant,
    /// Who asked since the round under way began.
    askers: Vec<Asker>,
    limit: Option<Duration>,
    /// Whether only what the data does not have is measured.
    only_new: bool,
    /// Whether functions are contexts.
    by_function: bool,
    let_go_by: Option<LetGoBy>,
    /// The commands that wait for the end.
    detaching: Vec<control::ClientId>,
    /// Those that wait for a switch of the context, in the order in which they asked.
    switching: VecDeque<control::ClientId>,
}

impl Recorder {
    fn start(options: RecorderOptions) -> Result<Self, LedgerError> {
        let RecorderOptions {
            run,
            data,
            supervisor,
            front,
            control,
            selection,
            labels,
            cache,
            limit,
            front_pid,
            guarded,
            ..
        } = options;
        let known = if selection.only_new { Some(Arc::new(KnownLines::of(&data)?)) } else { None };
        let cache = cache.and_then(|folder| Cache::open(&folder));
        let mut ledger = Ledger::open(&run, &data)?;
        let scope = selection.in_words();
        // Without them on disk, a recovery does not know them.
        let (_disk_full, _full_too) = (run.keep_scope(&scope), run.keep_labels(&labels));
        (ledger.replay.scope, ledger.labels) = (Some(scope), labels);
        Ok(Recorder {
            ledger,
            readers: ImageReaders::start(&run, &data, &selection, known, cache.as_ref(), &supervisor)?,
            run,
            data,
            keeping: Keeping::default(),
            supervisor,
            front: Some(front),
            control: control.map(ControlSocket::new),
            front_pid,
            guarded,
            images_wanted: 0,
            images_ready: 0,
            disk: Disk::start()?,
            round: None,
            last_round: Instant::now(),
            askers: Vec::new(),
            limit,
            only_new: selection.only_new,
            by_function: selection.functions.is_some(),
            let_go_by: None,
            detaching: Vec::new(),
            switching: VecDeque::new(),
        })
    }

    /// Records to the end; false if the files may not all be on disk.
    fn record(mut self) -> Result<bool, LedgerError> {
        while self.listen() {
            for (image, facts) in self.readers.ready() {
                self.images_ready += 1;
                self.ledger.add_facts(image, facts);
            }
            self.go_on_writing();
            if self.until().is_some_and(|until| until.0 <= platform::unix_millis()) {
                self.let_go(LetGoBy::Limit);
            }
        }
        self.close()
    }

    /// When the time to measure is over, once measuring has begun.
    fn until(&self) -> Option<UnixMillis> {
        let (begun, _) = self.ledger.replay.begun?;
        let limit = i64::try_from(self.limit?.as_millis()).ok()?;
        begun.0.checked_add(limit).map(UnixMillis)
    }

    fn let_go(&mut self, by: LetGoBy) {
        if self.let_go_by.is_none() {
            self.let_go_by = Some(by);
            let _supervisor_gone = self.supervisor.send_waiting(&ToSupervisor::LetGo);
        }
    }

    /// Begins a round when it is time to, and writes what fits into a moment.
    fn go_on_writing(&mut self) {
        for process in self.disk.freed() {
            let _supervisor_gone = self.supervisor.send_waiting(&ToSupervisor::Free(process));
        }
        if self.round.is_none() && (self.last_round.elapsed() >= FLUSH_EVERY || !self.askers.is_empty()) {
            self.last_round = Instant::now();
            self.keep_directory();
            self.round = Some(Round::begin(&mut self.ledger, std::mem::take(&mut self.askers)));
        }
        let Some(mut round) = self.round.take() else { return };
        if !round.go_on(&mut self.ledger) {
            self.round = Some(round);
            return;
        }
        if round.anything_new || !round.finished.is_empty() {
            let files = match round.anything_new {
                true => self.ledger.unsynced_with_run(),
                false => self.ledger.unsynced(),
            };
            let checkpoint = if round.failure.is_none() { self.ledger.checkpoint() } else { None };
            self.disk.sync(Job { files, freed: round.finished, checkpoint });
        }
        // What cannot be written now is tried again.
        self.note_failure(round.failure.as_deref());
        self.answer_round(&round.askers, round.failure.as_deref());
    }

    /// The supervisor is gone: everything goes into its files, and the run's directory goes.
    fn close(mut self) -> Result<bool, LedgerError> {
        self.keep_directory();
        let (rest, in_project) = self.readers.finish();
        for (image, facts) in rest {
            self.ledger.add_facts(image, facts);
        }
        self.ledger.catch_up()?;
        self.ledger.collect(UnixMillis(platform::unix_millis()));
        let (mut incomplete, mut unwritten, mut cause) = (0, 0, None);
        let living = self.ledger.living().into_iter().map(|(process, _)| (process, Completeness::Incomplete));
        let ended = self.ledger.ended().into_iter().map(|process| (process, Completeness::Complete));
        for (process, completeness) in ended.chain(living).collect::<Vec<_>>() {
            incomplete += u64::from(completeness == Completeness::Incomplete);
            if let Err(error) = self.ledger.finish(process, completeness) {
                unwritten += 1;
                cause.get_or_insert(error.to_string());
            }
        }
        if let Err(error) = self.ledger.write_shared() {
            // Even if that was the labels alone.
            unwritten += self.ledger.unwritten().max(1);
            cause.get_or_insert(error.to_string());
        }
        if let Err(error) = self.ledger.restore_images() {
            unwritten += 1;
            cause.get_or_insert(error.to_string());
        }
        let recoverable = self.ledger.is_recoverable();
        if unwritten == 0 || !recoverable {
            self.run.remove()?;
        }
        let (ran, lines) = self.ledger.lines.totals();
        let processes = self.ledger.finished;
        let (let_go, let_go_by) = (self.ledger.let_go.len() as u64, self.let_go_by);
        let advice = self.ledger.replay.advice.clone();
        let advice = advice.or_else(|| without_functions(&self.ledger).filter(|_| self.by_function));
        let summary = Summary {
            processes,
            ran,
            lines,
            let_go,
            let_go_by,
            incomplete,
            unwritten,
            cause,
            recoverable,
            advice,
            in_project,
            repeats: self.ledger.repeats,
        };
        serve::tell_the_end(self.front, self.control, &self.detaching, &self.ledger.let_go, summary);
        // Nobody has to wait for the disk.
        Ok(self.disk.finish(Job { files: self.ledger.unsynced(), ..Job::default() }))
    }
}

/// What is said where functions were to be contexts, and none was.
fn without_functions(ledger: &Ledger) -> Option<String> {
    let has_context = ledger.replay.contexts.keys().any(|context| *context != ContextId::default());
    let text = "none of the functions was called that are contexts, or the programs have no symbols (stripped), so \
                nothing has a context";
    (!has_context && ledger.finished > 0).then(|| text.to_owned())
}
