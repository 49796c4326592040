//! Seizing threads of a process that may be executing another program.
//!
//! An exec holds a lock while it waits for the ends of the other threads to be taken, and PTRACE_SEIZE waits for that
//! lock (cred_guard_mutex): a tracer that has seized some threads of the process and seizes another would wait for
//! itself, and the program with it, for ever. A thread beside it takes the ends meanwhile.
//!
//! Invariant: whatever is taken, a stop among it, is given back to the tracer as the report that it is.

use crate::{OsError, Tid, Tracer, Wait};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long a seize may take before reports are taken: it takes some microseconds.
const TICK: Duration = Duration::from_millis(1);

/// What tracer and helper share.
#[derive(Debug, Default)]
struct ReaperShared {
    /// Number of the seize that is going on, odd; even between two.
    seize: AtomicU64,
    over: AtomicBool,
    reaped: Mutex<Vec<Wait>>,
}

/// Takes the reports of tracees while the tracer is held up in a seize.
#[derive(Debug)]
pub struct Reaper {
    shared: Arc<ReaperShared>,
    helper: Option<JoinHandle<()>>,
}

impl Reaper {
    /// Begins. Without memory for another thread it seizes all the same.
    pub fn start() -> Self {
        let shared = Arc::new(ReaperShared::default());
        let of_helper = Arc::clone(&shared);
        let helper = std::thread::Builder::new().name("reaper".to_owned()).spawn(move || help(&of_helper)).ok();
        Reaper { shared, helper }
    }

    /// `Tracer::seize_running`, however long an exec holds it up.
    pub fn seize(&self, tracer: &Tracer, tid: Tid) -> Result<(), OsError> {
        self.shared.seize.fetch_add(1, Ordering::SeqCst);
        let seized = tracer.seize_running(tid);
        self.shared.seize.fetch_add(1, Ordering::SeqCst);
        if let Ok(mut reaped) = self.shared.reaped.lock() {
            reaped.drain(..).for_each(|report| tracer.give_back(report));
        }
        seized
    }
}

impl Drop for Reaper {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        if let Some(helper) = self.helper.take() {
            helper.thread().unpark();
            let _never_panics = helper.join();
        }
    }
}

fn help(shared: &ReaperShared) {
    let mut before = 0;
    while !shared.over.load(Ordering::SeqCst) {
        std::thread::park_timeout(TICK);
        let now = shared.seize.load(Ordering::SeqCst);
        if now % 2 == 1 && now == before {
            // Nobody reads it before the seize is over, and the lock is held no longer than that takes.
            if let Ok(mut reaped) = shared.reaped.lock() {
                reaped.extend(std::iter::from_fn(|| Wait::next_of_all_threads(None)));
            }
        }
        before = now;
    }
}
