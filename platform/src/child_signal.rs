//! SIGCHLD as a hint at who has something to report, so that not every tracee must be looked at.
//!
//! Invariant: a report that came before the signal was taken is there to be found then; of several that come together the
//! signal names the first one only.

use crate::Tid;
use std::time::Duration;

/// Takes the SIGCHLD that is pending, which the calling thread must have blocked (see
/// [`crate::process::block_child_signals`]), and gives who sent it; waits at most `patience` for one, `None` for as long as
/// it takes or until another signal is handled.
pub fn take_child_signal(patience: Option<Duration>) -> Option<Tid> {
    let time = patience.map(|time| libc::timespec {
        tv_sec: time.as_secs() as libc::time_t,
        tv_nsec: libc::c_long::from(time.subsec_nanos() as i32),
    });
    let time = time.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: set and siginfo are plain data for which zeroes are valid; all pointers are of live values or null.
    let (signal, tid) = unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, libc::SIGCHLD);
        let mut info: libc::siginfo_t = std::mem::zeroed();
        (libc::sigtimedwait(&raw const set, &raw mut info, time), Tid(info.si_pid()))
    };
    (signal == libc::SIGCHLD).then_some(tid)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Blocks SIGCHLD, has a child end, and gives 0 if the signal names it.
    fn status_of_one_thread() -> i32 {
        crate::process::block_child_signals();
        // SAFETY: the process has one thread; the child ends at once.
        let child = unsafe { libc::fork() };
        if child == 0 {
            // SAFETY: it ends this process.
            unsafe { libc::_exit(0) }
        }
        i32::from(take_child_signal(Some(Duration::from_secs(10))) != Some(Tid(child)))
    }

    #[test]
    fn names_the_child_that_ended() {
        // A thread of the test program that has not blocked the signal would take it away.
        // SAFETY: the child calls nothing that another thread may have locked, and ends.
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            let status = status_of_one_thread();
            // SAFETY: it ends this process.
            unsafe { libc::_exit(status) }
        }
        let mut status = -1;
        // SAFETY: `status` is a live i32.
        assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
        assert_eq!(status, 0);
    }
}
