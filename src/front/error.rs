//! Why a program could not be run or measured, with the way out and the exit status that tells.

use crate::link::PortError;
use crate::store::StoreError;
use platform::{Errno, OsError, Pid, procfs};
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// The least that files must be allowed to grow to: the first part of the marks.
pub(super) const SMALLEST_LIMIT: u64 = platform::CHUNK;

/// The fewest descriptors with which a program of few images is measured.
pub(super) const FEWEST_DESCRIPTORS: u64 = 20;

/// Why there was no run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// There is no such program.
    #[error("{}: program not found; is it spelled right and, if it has no '/', in PATH?", .0.display())]
    NotFound(OsString),
    /// It cannot be executed.
    #[error("{}: cannot be executed: {}", .program.display(), .errno.desc())]
    NotExecutable {
        /// The program as it was named on the command line.
        program: OsString,
        /// What execve(2) answered.
        errno: Errno,
    },
    /// The kernel does not let it be traced.
    #[error("{text}; {way_out}")]
    Refused {
        /// Operation, subject and cause.
        text: String,
        /// What to do.
        way_out: String,
    },
    /// The supervisor ended before it could trace.
    #[error("the supervisor ended before it could trace")]
    NoSupervisor,
    /// The run's directory cannot be made.
    #[error("{source}; the data directory {} must be writable, or name another one with --data DIR", .data.display())]
    RunDirectory {
        /// The data directory.
        data: PathBuf,
        /// What the kernel refused.
        source: OsError,
    },
    /// Files may not become large enough.
    #[error(
        "files may not become larger than {most} bytes here (ulimit -f), and cov-trace's need at least {}",
        SMALLEST_LIMIT
    )]
    SmallFiles {
        /// How large they may become.
        most: u64,
    },
    /// Too few descriptors may be open.
    #[error("only {most} descriptors may be open here (ulimit -n), and cov-trace needs {FEWEST_DESCRIPTORS}")]
    FewDescriptors {
        /// How many may be open (RLIMIT_NOFILE).
        most: u64,
    },
    /// The data directory cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The kernel refused something else.
    #[error(transparent)]
    Os(#[from] OsError),
    /// Talking to supervisor or recorder failed.
    #[error("talk to the supervisor: {0}")]
    Port(#[from] PortError),
}

impl RunError {
    /// Whether the program itself cannot be executed.
    pub(super) fn is_of_program(&self) -> bool {
        matches!(self, RunError::NotFound(_) | RunError::NotExecutable { .. })
    }

    /// The exit status that tells it: 127 and 126 as a shell gives them, 125 for what is our own failure.
    pub fn status(&self) -> u8 {
        match self {
            RunError::NotFound(_) => 127,
            RunError::NotExecutable { .. } => 126,
            RunError::Refused { .. }
            | RunError::NoSupervisor
            | RunError::RunDirectory { .. }
            | RunError::SmallFiles { .. }
            | RunError::FewDescriptors { .. }
            | RunError::Store(_)
            | RunError::Os(_)
            | RunError::Port(_) => 125,
        }
    }

    pub(super) fn exec(program: &OsStr, errno: Errno) -> Self {
        match errno {
            Errno::ENOENT => RunError::NotFound(program.to_owned()),
            // execvp(3) says so too if it merely could not look into a directory of PATH.
            Errno::EACCES if !is_somewhere(program) => RunError::NotFound(program.to_owned()),
            errno => RunError::NotExecutable { program: program.to_owned(), errno },
        }
    }

    pub(super) fn refused(pid: Pid, errno: i32, text: String) -> Self {
        let tracer = procfs::membership(pid.leader()).ok().and_then(|of| of.tracer);
        let way_out = if let Some(tracer) = tracer {
            let name = procfs::command_name(tracer).unwrap_or_default();
            format!("it is traced already, by {name} (pid {tracer}): end that first")
        } else if Errno::from_raw(errno) == Errno::EPERM {
            match procfs::yama_scope() {
                Some(3) => "tracing is forbidden on this machine (kernel.yama.ptrace_scope is 3)".to_owned(),
                Some(2) => "only root may trace here (kernel.yama.ptrace_scope is 2): run cov-trace as root, or set it to 1".to_owned(),
                Some(_) | None => {
                    "tracing is refused here: in a container allow ptrace (docker run --cap-add SYS_PTRACE, or a seccomp \
                     profile that has it)"
                        .to_owned()
                }
            }
        } else {
            "is ptrace allowed here (container, seccomp profile, security module)?".to_owned()
        };
        RunError::Refused { text, way_out }
    }
}

fn is_somewhere(program: &OsStr) -> bool {
    use std::os::unix::ffi::OsStrExt;
    if program.as_bytes().contains(&b'/') {
        return true;
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| directory.join(program).exists())
}
