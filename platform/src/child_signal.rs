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

    #[test]
    fn names_the_child_that_ended() {
        // The mask is this thread's own.
        crate::process::block_child_signals();
        let patience = Some(Duration::from_secs(10));
        let mut child = std::process::Command::new("true").spawn().expect("true");
        // Children of other tests may be named before; their ends are theirs to collect.
        let mut named = take_child_signal(patience);
        while named.is_some_and(|tid| tid.0 != child.id() as i32) && child.try_wait().expect("wait").is_none() {
            named = take_child_signal(patience);
        }
        child.wait().expect("wait");
        assert!(named.is_some());
    }
}
