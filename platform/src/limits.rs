//! Resource limits that the user's shell has set for the program (getrlimit(2)): they hold for the program, and must not
//! end those who measure it.
//!
//! Invariant: the measured program gets every limit as the user's shell has set it; only our helpers' own change.

use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit, setrlimit};

/// The limits that our helpers raise for themselves.
const OURS: [Resource; 6] = [
    Resource::RLIMIT_FSIZE,
    Resource::RLIMIT_NOFILE,
    Resource::RLIMIT_AS,
    Resource::RLIMIT_DATA,
    Resource::RLIMIT_STACK,
    Resource::RLIMIT_CPU,
];

/// As good as no limit of descriptors, which there is none of (sysctl fs.nr_open).
const MANY: u64 = 1 << 20;

/// Raises this process's limits as far as it may: to nothing at all with CAP_SYS_RESOURCE, to the hard limit without.
pub(crate) fn outgrow() {
    for resource in OURS {
        let Ok((soft, hard)) = getrlimit(resource) else { continue };
        let most = if matches!(resource, Resource::RLIMIT_NOFILE) { hard.max(MANY) } else { RLIM_INFINITY };
        if soft < most && setrlimit(resource, most, most).is_err() {
            let _as_it_is = setrlimit(resource, hard, hard);
        }
    }
}

/// Has limits end no process by a signal: what is too large is an error (EFBIG), and time that is used up is none yet.
pub fn survive() {
    for signal in crate::entry::LIMIT_SIGNALS {
        // SAFETY: ignoring a signal installs no handler.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
}

/// How large a file of a helper of ours may become, in bytes. The calling process must have one thread only.
pub fn largest_file() -> u64 {
    within_reach(Resource::RLIMIT_FSIZE, RLIM_INFINITY)
}

/// How many descriptors a helper of ours may have. The calling process must have one thread only.
pub fn most_descriptors() -> u64 {
    within_reach(Resource::RLIMIT_NOFILE, MANY)
}

/// What a helper may raise a limit to, `most` at the most. That is known by trying; it goes back at once.
fn within_reach(resource: Resource, most: u64) -> u64 {
    let Ok((soft, hard)) = getrlimit(resource) else { return most };
    if hard >= most {
        return most;
    }
    if setrlimit(resource, most, most).is_ok() {
        let _always_allowed = setrlimit(resource, soft, hard);
        return most;
    }
    hard
}
