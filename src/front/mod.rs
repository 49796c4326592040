//! The process that the user starts: it makes supervisor and recorder, is the measured program's parent or has running
//! processes attached to, passes signals on, tells what is to tell, and ends as the program ended. And the commands'
//! way to a measurement under way (`control`).
//!
//! ```text
//! shell ── front ──┬── program ── its children...
//!                  ├── guard ── supervisor (sessions of their own)
//!                  └── recorder            (own session)
//! ```
//! Invariant: it opens nothing that the program inherits, and holds no pipe of the program once that has started.

mod attach;
mod control;
mod error;
mod guarded;
mod refusal;
mod stderr;
mod verify;
mod watch;

pub use attach::{Attach, AttachError, attach};
pub use control::{Control, ControlError};
pub use error::RunError;
pub use refusal::refusal;
pub use stderr::{summary, unwritten};
pub use watch::Outcome;

use crate::guard;
use crate::link::{FromSupervisor, Port, RunDir, ToSupervisor};
use crate::recorder::{self, Selection};
use crate::store::{self, DataDir, UnixMillis, run_name};
use crate::supervisor::{self, Forks};
use guarded::Guarded;
use platform::process::{self, HeldProgram, SignalInbox, SignalMask};
use platform::{Channel, GuardTable, Listener, OnTracerDeath, Pid, Signal, Trust};
use std::ffi::OsString;
use std::fs::File;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::time::Duration;
use stderr::Stderr;
use watch::{Subject, Watch};

/// How to measure.
#[derive(Clone, Debug)]
pub struct Options {
    /// The data directory.
    pub data: PathBuf,
    /// Whose data directory is used.
    pub trust: Trust,
    /// What is to be measured.
    pub selection: Selection,
    /// The folder that keeps what was read of images, for later measurements; none to do without.
    pub cache: Option<PathBuf>,
    /// How long, if not until the end.
    pub limit: Option<Duration>,
    /// Whether to print nothing but errors.
    pub quiet: bool,
    /// What becomes of what is measured when the supervisor is killed.
    pub on_supervisor_death: OnTracerDeath,
    /// What a forked child starts with.
    pub forks: Forks,
    /// Where the supervisor logs what it hears, for tests.
    pub stop_log: Option<PathBuf>,
}

/// A program to run.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The program, looked up in PATH if it has no slash.
    pub program: OsString,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Whether to wait for its descendants too.
    pub wait: bool,
}

/// A run's directory, with all in it that could fail for want of rights or space.
struct Prepared {
    data: DataDir,
    run: RunDir,
    lock: File,
    control: Option<Listener>,
}

/// The signals that the front reads as messages.
const SIGNALS: [Signal; 6] = [Signal::INT, Signal::QUIT, Signal::TERM, Signal::HUP, Signal::USR1, Signal::CHLD];

/// The processes behind a run, as the front holds them.
struct Helpers {
    guarded: Guarded,
    recorder: Pid,
    to_supervisor: Port,
    to_recorder: Port,
}

/// Runs a program and measures it with all its descendants. Where the data directory cannot be written the program
/// runs all the same, unmeasured, and that is said.
pub fn run(options: &Options, launch: &Launch) -> Result<Outcome, RunError> {
    let prepared = match prepare(options) {
        Ok(prepared) => prepared,
        Err(error) => {
            Stderr::new(options.quiet).insist(&format!("{error}; the program runs unmeasured"));
            let failed = process::become_unmeasured(&launch.program, &launch.args);
            return Err(RunError::exec(&launch.program, failed.errno));
        }
    };
    let (inbox, mask) = SignalInbox::collect(&SIGNALS)?;
    let helpers = start_helpers(options, &prepared)?;
    let Prepared { data, run, lock, control } = prepared;
    drop((run, lock, control));
    match start_program(launch, &helpers, &mask) {
        Ok(program) => {
            helpers.keep_only_what_is_needed(&inbox, &data);
            let on_supervisor_death = options.on_supervisor_death;
            let subject = Subject::Program { pid: program, wait: launch.wait, on_supervisor_death };
            let watch = Watch::new(subject, inbox, helpers, options.quiet);
            Ok(watch.until_the_end(&data).outcome)
        }
        Err(error) => {
            helpers.leave();
            Err(error)
        }
    }
}

impl Helpers {
    /// Closes every descriptor of this process but what it goes on with.
    fn keep_only_what_is_needed(&self, inbox: &SignalInbox, data: &DataDir) {
        let mut kept = vec![inbox.as_fd(), self.to_recorder.as_fd(), self.to_supervisor.as_fd(), data.as_fd()];
        kept.extend(self.guarded.table().descriptor());
        process::keep_only(&kept, &[2]);
    }

    /// Has them leave before anything was measured. They do so as their links end, and the recorder takes the run's
    /// directory.
    fn leave(self) {
        let Helpers { guarded, recorder, to_supervisor, to_recorder } = self;
        drop((to_supervisor, to_recorder));
        guarded.await_end();
        process::await_end(recorder);
    }
}

/// Makes the run's directory.
fn prepare(options: &Options) -> Result<Prepared, RunError> {
    let data = DataDir::create_trusting(&options.data, options.trust)?;
    for run in recorder::recover(&data)? {
        // A run that cannot be picked up is no reason not to measure this one.
        match run {
            Ok(recovered) => Stderr::new(options.quiet).say(&recovered.to_string()),
            Err(error) => Stderr::new(options.quiet).insist(&format!("warning: {error}")),
        }
    }
    let found = store::RunDir::new(&data, &run_name(UnixMillis(platform::unix_millis()), std::process::id()));
    let (folder, lock) = found.create()?;
    let run = RunDir::of(found.run, folder, data.folder());
    run.begin().map_err(|source| RunError::RunDirectory { data: options.data.clone(), source })?;
    let control = run
        .listen()
        .inspect_err(|error| {
            let lost = "`cov-trace status`, `flush` and `detach` cannot reach this measurement";
            Stderr::new(options.quiet).insist(&format!("warning: {error}; {lost}"));
        })
        .ok();
    Ok(Prepared { data, run, lock, control })
}

fn start_helpers(options: &Options, prepared: &Prepared) -> Result<Helpers, RunError> {
    let Prepared { data, run, lock, control } = prepared;
    let (front_supervisor, supervisor_front) = Channel::pair()?;
    let (front_recorder, recorder_front) = Channel::pair()?;
    let (recorder_supervisor, supervisor_recorder) = Channel::pair()?;
    let front_pid = process::own_pid();
    let table = GuardTable::new()?;
    let on_death = options.on_supervisor_death;
    let guard = process::fork_helper("cov-guard", || {
        let mut kept = vec![supervisor_front.as_fd(), supervisor_recorder.as_fd(), lock.as_fd()];
        kept.extend(run.descriptors());
        kept.extend(table.descriptor());
        process::keep_only(&kept, &[]);
        let (Ok(front), Ok(recorder)) = (supervisor_front.try_clone(), supervisor_recorder.try_clone()) else {
            return 1;
        };
        let (front, recorder) = (Port::new(front), Port::new(recorder));
        let (run, stop_log) = (run.clone(), options.stop_log.clone());
        let forks = options.forks;
        guard::run(&table, on_death, |guard| supervisor::Options {
            run,
            recorder,
            front,
            front_pid,
            on_death,
            guard,
            forks,
            stop_log,
        })
    })?;
    let recorder = process::fork_helper("cov-recorder", || {
        let mut kept = vec![recorder_front.as_fd(), recorder_supervisor.as_fd(), lock.as_fd()];
        kept.extend(run.descriptors());
        kept.extend(control.as_ref().map(AsFd::as_fd));
        kept.extend(table.descriptor());
        process::keep_only(&kept, &[]);
        let (Ok(front), Ok(supervisor)) = (recorder_front.try_clone(), recorder_supervisor.try_clone()) else {
            return 1;
        };
        let (front, supervisor) = (Port::new(front), Port::new(supervisor));
        let selection = options.selection.clone();
        recorder::run(recorder::Options {
            run: run.clone(),
            data: data.clone(),
            supervisor,
            front,
            control: control.as_ref().and_then(|control| control.try_clone().ok()),
            selection,
            cache: options.cache.clone(),
            limit: options.limit,
            front_pid,
            guarded: table.clone(),
            on_supervisor_death: on_death,
        })
    })?;
    let (to_supervisor, to_recorder) = (Port::new(front_supervisor), Port::new(front_recorder));
    let guarded = Guarded::new(guard, table, on_death);
    Ok(Helpers { guarded, recorder, to_supervisor, to_recorder })
}

/// Forks the program, has it traced, and lets it exec.
fn start_program(launch: &Launch, helpers: &Helpers, mask: &SignalMask) -> Result<Pid, RunError> {
    let program = HeldProgram::fork(&launch.program, &launch.args, mask, helpers.guarded.guard())?;
    let mut port = helpers.to_supervisor.try_clone()?;
    port.send(&ToSupervisor::Launch(program.pid()), None)?;
    match port.receive(true)? {
        Some((FromSupervisor::Seized, _)) => {}
        Some((FromSupervisor::Refused { errno, text }, _)) => {
            return Err(RunError::refused(program.pid(), errno, text));
        }
        Some((_, _)) | None => {
            return Err(RunError::NoSupervisor);
        }
    }
    program.release().map_err(|error| RunError::exec(&launch.program, error.errno))
}
