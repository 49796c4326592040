//! The recorder as the last one left: should supervisor, guard and front be killed, it has what they traced run on.
//!
//! Invariant: a thread of its own waits for that, so that neither a large image nor a slow disk is in the way.

use super::Options;
use crate::guard;
use platform::{OnTracerDeath, hangs_up};
use std::os::fd::AsFd;
use std::thread::JoinHandle;

/// The thread that waits for the supervisor's end.
pub(super) struct LastResort(Option<JoinHandle<()>>);

impl LastResort {
    /// Begins to wait. Without a thread or a descriptor for it the front has to do.
    pub fn wait(options: &Options) -> LastResort {
        let (table, front) = (options.guarded.clone(), options.front_pid);
        let link = options.supervisor.try_clone().ok().filter(|_| options.on_supervisor_death == OnTracerDeath::LetGo);
        let watch = |link: crate::link::Port| {
            move || {
                hangs_up(link.as_fd());
                guard::finish_after(&table, front);
            }
        };
        let thread = std::thread::Builder::new().name("last resort".to_owned()).stack_size(256 * 1024);
        LastResort(link.and_then(|link| thread.spawn(watch(link)).ok()))
    }

    /// Waits until it has done what is to do; the supervisor must be gone.
    pub fn end(self) {
        if let Some(thread) = self.0 {
            let _never_panics = thread.join();
        }
    }
}
