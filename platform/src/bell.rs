//! Getting a thread that sits in waitpid to look at its messages.
//!
//! waitpid cannot also wait for a descriptor, and a signal that comes just before the wait starts is lost, so the
//! signal is repeated until it was heard.

use crate::OsError;
use nix::errno::Errno;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Interrupts the system call of one thread until that thread says it has heard.
#[derive(Clone, Debug)]
pub struct Bell {
    tid: i32,
    state: Arc<BellState>,
}

#[derive(Debug, Default)]
struct BellState {
    /// The same as `ringing`, to be looked at cheaply.
    rings: AtomicBool,
    ringing: Mutex<bool>,
    changed: Condvar,
}

extern "C" fn heard(_signal: libc::c_int) {}

impl Bell {
    /// A bell for the calling thread.
    pub fn for_this_thread() -> Result<Bell, OsError> {
        // SAFETY: sigaction is plain data for which zeroes are valid; the handler does nothing and is never removed.
        let answer = unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = heard as extern "C" fn(libc::c_int) as usize;
            libc::sigaction(libc::SIGUSR1, &raw const action, std::ptr::null_mut())
        };
        if answer != 0 {
            return Err(OsError::last("handle", "SIGUSR1"));
        }
        // SAFETY: gettid takes nothing.
        let tid = unsafe { libc::gettid() };
        Ok(Bell { tid, state: Arc::default() })
    }

    /// Rings until [`Bell::hear`] was called; from another thread.
    pub fn ring(&self) {
        let mut ringing = self.state.ringing.lock().unwrap_or_else(PoisonError::into_inner);
        *ringing = true;
        self.state.rings.store(true, Ordering::Release);
        while *ringing {
            // SAFETY: tgkill and tkill take plain numbers; the thread is one of this process as long as it rings.
            let sent = unsafe {
                let sent = libc::syscall(libc::SYS_tgkill, libc::getpid(), self.tid, libc::SIGUSR1);
                let refused = sent != 0 && Errno::last() != Errno::ESRCH;
                if refused { libc::syscall(libc::SYS_tkill, self.tid, libc::SIGUSR1) } else { sent }
            };
            if sent != 0 && Errno::last() == Errno::ESRCH {
                return;
            }
            let waited = self.state.changed.wait_timeout(ringing, Duration::from_millis(1));
            ringing = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Answers the bell, if it rings: the messages that came before it are about to be read.
    pub fn hear(&self) {
        if !self.state.rings.swap(false, Ordering::AcqRel) {
            return;
        }
        *self.state.ringing.lock().unwrap_or_else(PoisonError::into_inner) = false;
        self.state.changed.notify_all();
    }
}
