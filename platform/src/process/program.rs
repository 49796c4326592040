//! The measured program: held after its fork until it is traced, then executed.
//!
//! Invariant: it starts with the descriptors, signal mask, dispositions and parent that it would have had without us.

use super::{SignalMask, await_end, be_traceable_by};
use crate::{OsError, Pid, entry};
use nix::errno::Errno;
use nix::unistd::{ForkResult, fork, pipe2};
use std::ffi::{CString, OsStr, OsString};
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;

/// A program that is forked and waits, before its exec, until it is released.
#[derive(Debug)]
pub struct HeldProgram {
    pid: Pid,
    release: File,
    failure: File,
}

impl HeldProgram {
    /// Forks the process that will run `program`. `mask` is the signal mask to start it with; `tracer` may trace it
    /// also where Yama allows ancestors only. The calling process must have one thread only.
    pub fn fork(program: &OsStr, args: &[OsString], mask: &SignalMask, tracer: Pid) -> Result<Self, OsError> {
        let pipe = || pipe2(nix::fcntl::OFlag::O_CLOEXEC).map_err(|errno| OsError::new("make", "pipe", errno));
        let (go, release) = pipe()?;
        let (failure, report) = pipe()?;
        let argv = arguments(program, args)?;
        // SAFETY: by contract this process has one thread, so the child may use everything the parent could.
        match unsafe { fork() }.map_err(|errno| OsError::new("fork", program.display(), errno))? {
            ForkResult::Parent { child } => {
                Ok(HeldProgram { pid: Pid(child.as_raw()), release: File::from(release), failure: File::from(failure) })
            }
            ForkResult::Child => {
                drop((release, failure));
                become_program(&argv, mask, tracer, File::from(go), File::from(report))
            }
        }
    }

    /// Its pid, which it keeps as the program.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Has it end without having become the program.
    pub fn abandon(self) {
        let pid = self.pid;
        drop(self);
        await_end(pid);
    }

    /// Lets it exec; an error is the exec's own.
    pub fn release(mut self) -> Result<Pid, OsError> {
        let subject = self.pid;
        self.release.write_all(b"g").map_err(|e| OsError::io("release", subject, &e))?;
        let mut errno = Vec::new();
        self.failure.read_to_end(&mut errno).map_err(|e| OsError::io("read exec result of", subject, &e))?;
        match <[u8; 4]>::try_from(errno) {
            Ok(bytes) => Err(OsError::new("exec", subject, Errno::from_raw(i32::from_ne_bytes(bytes)))),
            Err(_) => Ok(self.pid),
        }
    }
}

fn become_program(argv: &[CString], mask: &SignalMask, tracer: Pid, mut go: File, mut report: File) -> ! {
    be_traceable_by(tracer);
    let mut word = [0];
    let released = go.read_exact(&mut word).is_ok();
    entry::restore();
    mask.set();
    if released {
        let Err(errno) = nix::unistd::execvp(&argv[0], argv);
        let _told = report.write_all(&(errno as i32).to_ne_bytes());
    }
    // SAFETY: _exit runs no handlers of the parent's copy.
    unsafe { libc::_exit(127) }
}

/// Becomes `program`, with everything as it was when this process was started; `mask` is its signal mask, if that was
/// changed. Returns only what stood in the way.
pub fn become_unmeasured(program: &OsStr, args: &[OsString], mask: Option<&SignalMask>) -> OsError {
    match arguments(program, args) {
        Ok(argv) => {
            entry::restore();
            if let Some(mask) = mask {
                mask.set();
            }
            let Err(errno) = nix::unistd::execvp(&argv[0], &argv);
            OsError::new("exec", program.display(), errno)
        }
        Err(error) => error,
    }
}

fn arguments(program: &OsStr, args: &[OsString]) -> Result<Vec<CString>, OsError> {
    std::iter::once(program)
        .chain(args.iter().map(OsString::as_os_str))
        .map(|arg| {
            CString::new(arg.as_bytes()).map_err(|_| OsError::new("exec", "argument with a NUL byte", Errno::EINVAL))
        })
        .collect()
}
