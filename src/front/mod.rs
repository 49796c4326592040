//! The process that the user starts: it makes supervisor and recorder, is the measured program's parent, passes
//! signals on, tells what is to tell, and ends as the program ended.
//!
//! ```text
//! shell ── front ──┬── program ── its children...
//!                  ├── guard ── supervisor (sessions of their own)
//!                  └── recorder            (own session)
//! ```
//! Invariant: it opens nothing that the program inherits, and holds no pipe of the program once that has started.

mod error;
mod stderr;
mod watch;

pub use error::RunError;
pub use watch::Outcome;

use crate::guard;
use crate::link::{FromSupervisor, Port, RunDir, ToSupervisor};
use crate::recorder::{self, Selection};
use crate::store::{self, DataDir, UnixMillis, run_name};
use crate::supervisor;
use platform::process::{self, HeldProgram, SignalInbox, SignalMask};
use platform::{Channel, OnTracerDeath, Pid, Signal};
use std::ffi::OsString;
use std::fs::File;
use std::os::fd::AsFd;
use std::path::PathBuf;
use stderr::Stderr;
use watch::Watch;

/// A program to run and how to measure it.
#[derive(Clone, Debug)]
pub struct Options {
    /// The data directory.
    pub data: PathBuf,
    /// What is to be measured.
    pub selection: Selection,
    /// The program, looked up in PATH if it has no slash.
    pub program: OsString,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Whether to wait for its descendants too.
    pub wait: bool,
    /// Whether to print nothing but errors.
    pub quiet: bool,
    /// What becomes of it and its descendants when the supervisor is killed.
    pub on_supervisor_death: OnTracerDeath,
    /// Where the supervisor logs what it hears, for tests.
    pub stop_log: Option<PathBuf>,
}

/// The processes behind a run, as the front holds them.
struct Helpers {
    guard: Pid,
    recorder: Pid,
    to_supervisor: Port,
    to_recorder: Port,
}

/// Runs a program and measures it with all its descendants. Where the data directory cannot be written the program
/// runs all the same, unmeasured, and that is said.
pub fn run(options: &Options) -> Result<Outcome, RunError> {
    let (data, run, lock) = match prepare(options) {
        Ok(prepared) => prepared,
        Err(error) => {
            Stderr::new(options.quiet).insist(&format!("{error}; the program runs unmeasured"));
            let failed = process::become_unmeasured(&options.program, &options.args);
            return Err(RunError::exec(&options.program, failed.errno));
        }
    };
    let signals = [Signal::INT, Signal::QUIT, Signal::TERM, Signal::HUP, Signal::CHLD];
    let (inbox, mask) = SignalInbox::collect(&signals)?;
    let helpers = start_helpers(options, &data, &run, &lock)?;
    drop(lock);
    match start_program(options, &helpers, &mask) {
        Ok(program) => {
            let fds = [inbox.as_fd(), helpers.to_recorder.as_fd(), helpers.to_supervisor.as_fd()];
            process::keep_only(&fds, &[2]);
            let watch = Watch::new(program, inbox, helpers, options);
            Ok(watch.until_the_end(&data))
        }
        Err(error) => {
            // Supervisor and recorder leave by themselves as their links end; the recorder takes the run's directory.
            let (guard, recorder) = (helpers.guard, helpers.recorder);
            drop(helpers);
            process::await_end(guard);
            process::await_end(recorder);
            Err(error)
        }
    }
}

/// Makes the run's directory, with everything in it that could fail for want of rights or space.
fn prepare(options: &Options) -> Result<(DataDir, RunDir, File), RunError> {
    let data = DataDir::create(&options.data)?;
    for run in recorder::recover(&data)? {
        // A run that cannot be picked up is no reason not to measure this one.
        match run {
            Ok(recovered) => Stderr::new(options.quiet).say(&recovered.to_string()),
            Err(error) => Stderr::new(options.quiet).insist(&format!("warning: {error}")),
        }
    }
    let found = store::RunDir::new(&data, &run_name(UnixMillis(platform::unix_millis()), std::process::id()));
    let lock = found.create()?;
    let run = RunDir::at(found.run, found.path);
    run.journal_to_write()
        .and_then(|_| run.marks())
        .map_err(|source| RunError::RunDirectory { data: options.data.clone(), source })?;
    Ok((data, run, lock))
}

fn start_helpers(options: &Options, data: &DataDir, run: &RunDir, lock: &File) -> Result<Helpers, RunError> {
    let (front_supervisor, supervisor_front) = Channel::pair()?;
    let (front_recorder, recorder_front) = Channel::pair()?;
    let (recorder_supervisor, supervisor_recorder) = Channel::pair()?;
    let front_pid = Pid(std::process::id() as i32);
    let guard = process::fork_helper("cov-guard", || {
        process::keep_only(&[supervisor_front.as_fd(), supervisor_recorder.as_fd(), lock.as_fd()], &[]);
        let (Ok(front), Ok(recorder)) = (supervisor_front.try_clone(), supervisor_recorder.try_clone()) else {
            return 1;
        };
        let (front, recorder) = (Port::new(front), Port::new(recorder));
        let (run, stop_log, on_death) = (run.clone(), options.stop_log.clone(), options.on_supervisor_death);
        guard::run(on_death, |guard| supervisor::Options { run, recorder, front, front_pid, on_death, guard, stop_log })
    })?;
    let recorder = process::fork_helper("cov-recorder", || {
        process::keep_only(&[recorder_front.as_fd(), recorder_supervisor.as_fd(), lock.as_fd()], &[]);
        let (Ok(front), Ok(supervisor)) = (recorder_front.try_clone(), recorder_supervisor.try_clone()) else {
            return 1;
        };
        let (front, supervisor) = (Port::new(front), Port::new(supervisor));
        let selection = options.selection.clone();
        recorder::run(recorder::Options { run: run.clone(), data: data.clone(), supervisor, front, selection })
    })?;
    let (to_supervisor, to_recorder) = (Port::new(front_supervisor), Port::new(front_recorder));
    Ok(Helpers { guard, recorder, to_supervisor, to_recorder })
}

/// Forks the program, has it traced, and lets it exec.
fn start_program(options: &Options, helpers: &Helpers, mask: &SignalMask) -> Result<Pid, RunError> {
    let program = HeldProgram::fork(&options.program, &options.args, mask, helpers.guard)?;
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
    program.release().map_err(|error| RunError::exec(&options.program, error.errno))
}
