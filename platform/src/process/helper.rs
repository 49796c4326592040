//! Our own helper processes, apart from the terminal and the descriptors of the measured program.

use crate::{OsError, Pid, descriptors, limits};
use nix::sys::signal::{SigSet, SigmaskHow, sigprocmask};
use nix::unistd::{ForkResult, fork};
use std::ffi::CString;
use std::fs::File;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Forks a helper of our own: a session of its own, a name of its own (at most 15 bytes), signals as at start.
/// `body` runs in the child, whose exit status it gives.
///
/// The calling process must have one thread only.
pub fn fork_helper(name: &str, body: impl FnOnce() -> i32) -> Result<Pid, OsError> {
    // SAFETY: by contract this process has one thread, so the child may use everything the parent could.
    match unsafe { fork() }.map_err(|errno| OsError::new("fork", name, errno))? {
        ForkResult::Parent { child } => Ok(Pid(child.as_raw())),
        ForkResult::Child => {
            if nix::unistd::setsid().is_err() {
                // What stops the program's job must not stop us.
                let _own_job = nix::unistd::setpgid(nix::unistd::Pid::from_raw(0), nix::unistd::Pid::from_raw(0));
            }
            limits::outgrow();
            limits::survive();
            if let Ok(name) = CString::new(name) {
                let _named = nix::sys::prctl::set_name(&name);
            }
            let _unblocked = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None);
            for signal in [libc::SIGINT, libc::SIGQUIT, libc::SIGHUP, libc::SIGTERM, libc::SIGPIPE] {
                // SAFETY: ignoring a signal installs no handler.
                unsafe { libc::signal(signal, libc::SIG_IGN) };
            }
            let status = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body)).unwrap_or(101);
            // SAFETY: _exit runs no handlers of the parent's copy.
            unsafe { libc::_exit(status) }
        }
    }
}

/// Closes every descriptor of this process but those of `keep` and the standard ones given in `standard`; the other
/// standard ones lead to /dev/null from then on, so that no pipe of the measured program stays open here.
///
/// The owner of a closed descriptor in this process must not use or drop it any more.
pub fn keep_only(keep: &[BorrowedFd<'_>], standard: &[i32]) {
    let mut kept: Vec<i32> = keep.iter().map(AsRawFd::as_raw_fd).filter(|&fd| fd > 2).collect();
    kept.sort_unstable();
    descriptors::close_all_but(&kept);
    // SAFETY: open and dup2 on plain descriptors; the standard ones stay open throughout.
    unsafe {
        let null = libc::open(c"/dev/null".as_ptr(), libc::O_RDWR | libc::O_CLOEXEC);
        if null >= 0 {
            for fd in (0..3).filter(|fd| !standard.contains(fd)) {
                libc::dup2(null, fd);
            }
            if null > 2 {
                libc::close(null);
            }
        }
    }
}

/// Whether a descriptor is among the first quarter of those that this process may have.
pub fn leaves_descriptors(file: &File) -> bool {
    use nix::sys::resource::{Resource, getrlimit};
    getrlimit(Resource::RLIMIT_NOFILE).is_ok_and(|(soft, _)| (file.as_raw_fd() as u64) < soft / 4)
}
