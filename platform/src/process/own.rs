//! This process: what it is, and what it asks of the kernel for itself.

use crate::{Pid, Signal};
use std::fs::File;
use std::time::Duration;

/// Ends this process by `signal`, without a core dump of its own; returns only if the signal does not kill.
pub fn die_of(signal: Signal) {
    let _no_core = nix::sys::resource::setrlimit(nix::sys::resource::Resource::RLIMIT_CORE, 0, 0);
    // SAFETY: the default action needs no handler; raise and sigprocmask take plain values.
    unsafe {
        libc::signal(signal.0, libc::SIG_DFL);
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, signal.0);
        libc::raise(signal.0);
        libc::sigprocmask(libc::SIG_UNBLOCK, &raw const set, std::ptr::null_mut());
    }
}

/// Stops this process as Ctrl-Z does, if a shell with job control can continue it (setpgid(2), orphaned groups).
pub fn stop_like_a_job() {
    if File::open("/dev/tty").is_ok() {
        // SAFETY: raise takes a number.
        unsafe { libc::raise(libc::SIGTSTP) };
    }
}

/// The pid of this process.
pub fn own_pid() -> Pid {
    Pid(std::process::id() as i32)
}

/// Lets `tracer` and its descendants trace this process also where Yama allows ancestors only (prctl(2)).
pub fn be_traceable_by(tracer: Pid) {
    // SAFETY: prctl(PR_SET_PTRACER) takes a pid; without Yama it fails and nothing changes.
    unsafe { libc::prctl(libc::PR_SET_PTRACER, tracer.0 as libc::c_ulong, 0, 0, 0) };
}

/// The user whose rights this process has (geteuid(2)).
pub fn effective_user() -> u32 {
    nix::unistd::geteuid().as_raw()
}

/// Whether this process has the rights of root.
pub fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// The name of this machine (gethostname(2)); `None` where the kernel does not tell it.
pub fn host_name() -> Option<String> {
    Some(nix::unistd::gethostname().ok()?.to_string_lossy().into_owned())
}

/// Keeps this process in memory, as far as that is allowed: it must not wait for the disk when it is needed. That takes
/// some milliseconds, so a process that ends before `time` has passed is spared it.
pub fn stay_in_memory_after(time: Duration) {
    use nix::sys::mman::{MlockAllFlags, mlockall};
    let stay = move || {
        std::thread::sleep(time);
        let _as_far_as_allowed = mlockall(MlockAllFlags::MCL_CURRENT | MlockAllFlags::MCL_FUTURE);
    };
    let _without_then = std::thread::Builder::new().name("stay".to_owned()).spawn(stay);
}

/// Has the kernel look for another process when memory runs out, where that is allowed; forked children inherit it.
pub fn be_spared_by_the_oom_killer() {
    const NEVER: &str = "-1000";
    let _as_far_as_allowed = std::fs::write("/proc/self/oom_score_adj", NEVER);
}
