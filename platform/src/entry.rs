//! The state in which this program was started, noted before Rust's runtime changes it, so that the measured program
//! gets it as it was: SIGPIPE's disposition, and which of the three standard descriptors were open.

use crate::OsError;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

static SIGPIPE: AtomicUsize = AtomicUsize::new(libc::SIG_DFL);
static CLOSED: [AtomicBool; 3] = [const { AtomicBool::new(false) }; 3];

extern "C" fn note() {
    // SAFETY: sigaction with a null new action only reads; fcntl(F_GETFD) only reads; nothing here allocates.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        if libc::sigaction(libc::SIGPIPE, std::ptr::null(), &raw mut action) == 0 {
            SIGPIPE.store(action.sa_sigaction, Ordering::Relaxed);
        }
        for (fd, closed) in CLOSED.iter().enumerate() {
            closed.store(libc::fcntl(fd as i32, libc::F_GETFD) == -1, Ordering::Relaxed);
        }
    }
}

// SAFETY: the loader calls the functions of .init_array before main; `note` has that signature and needs no runtime.
#[used]
#[unsafe(link_section = ".init_array")]
static NOTE_AT_START: extern "C" fn() = note;

/// Gives the calling process back what it was started with. Async-signal-safe.
pub(crate) fn restore() {
    // SAFETY: sigaction with a valid action; closing a descriptor that Rust's runtime opened and nobody here uses.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = SIGPIPE.load(Ordering::Relaxed);
        libc::sigaction(libc::SIGPIPE, &raw const action, std::ptr::null_mut());
        for (fd, closed) in CLOSED.iter().enumerate() {
            if closed.load(Ordering::Relaxed) {
                libc::close(fd as i32);
            }
        }
    }
}

/// Lets a closed pipe end this process as it ends other programs, as it was when the process was started.
pub fn restore_sigpipe() -> Result<(), OsError> {
    // SAFETY: sigaction with a valid action that is the default or ignore.
    let answer = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = SIGPIPE.load(Ordering::Relaxed);
        libc::sigaction(libc::SIGPIPE, &raw const action, std::ptr::null_mut())
    };
    if answer == 0 { Ok(()) } else { Err(OsError::last("handle", "SIGPIPE")) }
}
