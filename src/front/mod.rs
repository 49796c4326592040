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
mod labels;
mod refusal;
mod stderr;
mod verify;
mod watch;

pub use attach::AttachError;
pub(crate) use attach::{Attach, attach};
pub(crate) use control::ControlLink;
pub use control::{ControlError, ControlFailure};
pub use error::RunError;
use error::{FEWEST_DESCRIPTORS, SMALLEST_LIMIT};
pub(crate) use refusal::refusal;
pub use stderr::{measured_whole, summary, unwritten};
pub use watch::Ending;

use crate::contexts::ContextRule;
use crate::guard;
use crate::link::{FromSupervisor, Port, PortError, RunDir, ToSupervisor};
use crate::recorder::{self, Scope};
use crate::store::{DataDir, LabelValues, RunEntry, UnixMillis, run_name};
use crate::supervisor::{self, Forks};
use guarded::Guarded;
use platform::limits;
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
pub(crate) struct FrontOptions {
    /// The data directory.
    pub data: PathBuf,
    /// Whose data directory is used.
    pub trust: Trust,
    /// What is to be measured.
    pub selection: Scope,
    /// Labels that the user gave the run; they win over those that are found.
    pub labels: LabelValues,
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
    /// What contexts there are.
    pub contexts: ContextRule,
    /// Where the supervisor logs what it hears, for tests.
    pub stop_log: Option<PathBuf>,
}

/// A program to run.
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    /// The program, looked up in PATH if it has no slash.
    pub program: OsString,
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

/// Runs a program and measures it with all its descendants. Where that is not possible, since the data directory cannot be
/// written or the kernel refuses something, the program runs all the same, unmeasured, and that is said.
pub(crate) fn run(options: &FrontOptions, launch: &Launch) -> Result<Ending, RunError> {
    let prepared = match prepare(options) {
        Ok(prepared) => prepared,
        Err(error) => return Err(unmeasured(launch, None, error)),
    };
    let (inbox, mask) = match SignalInbox::collect(&SIGNALS) {
        Ok(collected) => collected,
        Err(error) => {
            prepared.give_up();
            return Err(unmeasured(launch, None, error.into()));
        }
    };
    let labels = labels::labels(&options.labels, &[process::own_pid()]);
    let helpers = match start_helpers(options, &prepared, &labels) {
        Ok(helpers) => helpers,
        Err(error) => {
            prepared.give_up();
            return Err(unmeasured(launch, Some(&mask), error));
        }
    };
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
            Err(if error.is_of_program() { error } else { unmeasured(launch, Some(&mask), error) })
        }
    }
}

/// Says why the program cannot be measured, and becomes it; returns why it cannot be executed either.
fn unmeasured(launch: &Launch, mask: Option<&SignalMask>, error: RunError) -> RunError {
    // Even `--quiet` does not keep quiet about that.
    Stderr::new(true).insist(&format!("{error}; the program runs unmeasured"));
    let failed = process::become_unmeasured(&launch.program, &launch.args, mask);
    RunError::exec(&launch.program, failed.errno)
}

impl Prepared {
    /// Removes what was made for a run that does not begin.
    fn give_up(self) {
        // What cannot be removed is a run without processes, which the next command removes.
        let _for_the_next_command = self.run.remove();
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
        let Helpers { mut guarded, recorder, to_supervisor, to_recorder } = self;
        drop((to_supervisor, to_recorder));
        guarded.await_end();
        process::await_end(recorder);
    }
}

/// Makes the run's directory.
fn prepare(options: &FrontOptions) -> Result<Prepared, RunError> {
    let most = limits::largest_file();
    if most < SMALLEST_LIMIT {
        return Err(RunError::SmallFiles { most });
    }
    let most = limits::most_descriptors();
    if most < FEWEST_DESCRIPTORS {
        return Err(RunError::FewDescriptors { most });
    }
    let data = DataDir::create_trusting(&options.data, options.trust)?;
    for run in recorder::recover(&data)? {
        // A run that cannot be picked up is no reason not to measure this one.
        match run {
            Ok(recovered) => Stderr::new(options.quiet).say(&recovered.to_string()),
            Err(error) => Stderr::new(options.quiet).insist(&format!("warning: {error}")),
        }
    }
    let name = run_name(UnixMillis(platform::unix_millis()), platform::random() as u32);
    let (run, lock) = RunEntry::new(&data, &name).create()?;
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

fn start_helpers(options: &FrontOptions, prepared: &Prepared, labels: &LabelValues) -> Result<Helpers, RunError> {
    let Prepared { data, run, lock, control } = prepared;
    let (front_supervisor, supervisor_front) = Channel::pair()?;
    let (front_recorder, recorder_front) = Channel::pair()?;
    let (recorder_supervisor, supervisor_recorder) = Channel::pair()?;
    let front_pid = process::own_pid();
    let table = GuardTable::new()?;
    let on_death = options.on_supervisor_death;
    let guard = process::fork_helper("cov-guard", || {
        // Handles of its own, for which the others make room: there may be few (RLIMIT_NOFILE).
        let (Ok(front), Ok(recorder)) = (supervisor_front.try_clone(), supervisor_recorder.try_clone()) else {
            return 1;
        };
        let mut kept = vec![front.as_fd(), recorder.as_fd(), lock.as_fd()];
        kept.extend(run.descriptors());
        kept.extend(table.descriptor());
        process::keep_only(&kept, &[]);
        let (front, recorder) = (Port::new(front), Port::new(recorder));
        let (run, stop_log) = (run.clone(), options.stop_log.clone());
        let (forks, contexts) = (options.forks, options.contexts.clone());
        guard::run(&table, on_death, |guard| supervisor::SupervisorOptions {
            run,
            recorder,
            front,
            front_pid,
            on_death,
            guard,
            forks,
            contexts: contexts.clone(),
            stop_log,
        })
    })?;
    let recorder = process::fork_helper("cov-recorder", || {
        let (Ok(front), Ok(supervisor)) = (recorder_front.try_clone(), recorder_supervisor.try_clone()) else {
            return 1;
        };
        let control = control.as_ref().and_then(|control| control.try_clone().ok());
        let mut kept = vec![front.as_fd(), supervisor.as_fd(), lock.as_fd()];
        kept.extend(run.descriptors());
        kept.extend(table.descriptor());
        kept.extend(control.as_ref().map(AsFd::as_fd));
        process::keep_only(&kept, &[]);
        let (front, supervisor) = (Port::new(front), Port::new(supervisor));
        let selection = options.selection.clone();
        recorder::run(recorder::RecorderOptions {
            run: run.clone(),
            data: data.clone(),
            supervisor,
            front,
            control,
            selection,
            labels: labels.clone(),
            cache: options.cache.clone(),
            limit: options.limit,
            front_pid,
            guarded: table.clone(),
            on_supervisor_death: on_death,
        })
    });
    let recorder = match recorder {
        Ok(recorder) => recorder,
        Err(error) => {
            drop((front_supervisor, recorder_supervisor, recorder_front));
            process::await_end(guard);
            return Err(error.into());
        }
    };
    let (to_supervisor, to_recorder) = (Port::new(front_supervisor), Port::new(front_recorder));
    let guarded = Guarded::new(guard, table, on_death);
    Ok(Helpers { guarded, recorder, to_supervisor, to_recorder })
}

/// Forks the program, has it traced, and lets it exec.
fn start_program(launch: &Launch, helpers: &Helpers, mask: &SignalMask) -> Result<Pid, RunError> {
    let program = HeldProgram::fork(&launch.program, &launch.args, mask, helpers.guarded.guard())?;
    if let Err(error) = have_traced(program.pid(), helpers) {
        program.abandon();
        return Err(error);
    }
    program.release().map_err(|error| RunError::exec(&launch.program, error.errno))
}

/// Has the supervisor trace the process that will be the program.
fn have_traced(program: Pid, helpers: &Helpers) -> Result<(), RunError> {
    let mut port = helpers.to_supervisor.try_clone()?;
    let answer = port.send(&ToSupervisor::Launch(program), None).and_then(|()| port.receive());
    match answer {
        Ok((FromSupervisor::Seized, _)) => Ok(()),
        Ok((FromSupervisor::Refused { errno, text }, _)) => Err(RunError::refused(program, errno, text)),
        Ok((_, _)) | Err(PortError::Closed | PortError::Os(_)) => Err(RunError::NoSupervisor),
        Err(error @ PortError::Malformed(_)) => Err(error.into()),
    }
}
