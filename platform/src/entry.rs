//! The state in which this program was started, noted before Rust's runtime changes it, so that the measured program
//! gets it as it was: the dispositions of SIGPIPE and of the signals of limits, and which of the three standard descriptors were open.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

static SIGPIPE: AtomicUsize = AtomicUsize::new(libc::SIG_DFL);
static OF_LIMITS: [AtomicUsize; 2] = [const { AtomicUsize::new(libc::SIG_DFL) }; 2];

/// The signals by which limits end a process.
pub(crate) const LIMIT_SIGNALS: [libc::c_int; 2] = [libc::SIGXFSZ, libc::SIGXCPU];
static CLOSED: [AtomicBool; 3] = [const { AtomicBool::new(false) }; 3];

extern "C" fn note() {
    // SAFETY: sigaction with a null new action only reads; fcntl(F_GETFD) only reads; nothing here allocates.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        let signals = LIMIT_SIGNALS.iter().zip(&OF_LIMITS).chain([(&libc::SIGPIPE, &SIGPIPE)]);
        for (&signal, noted) in signals {
            if libc::sigaction(signal, std::ptr::null(), &raw mut action) == 0 {
                noted.store(action.sa_sigaction, Ordering::Relaxed);
            }
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
        let signals = LIMIT_SIGNALS.iter().zip(&OF_LIMITS).chain([(&libc::SIGPIPE, &SIGPIPE)]);
        for (&signal, noted) in signals {
            action.sa_sigaction = noted.load(Ordering::Relaxed);
            libc::sigaction(signal, &raw const action, std::ptr::null_mut());
        }
        for (fd, closed) in CLOSED.iter().enumerate() {
            if closed.load(Ordering::Relaxed) {
                libc::close(fd as i32);
            }
        }
    }
}
