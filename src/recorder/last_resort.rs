//! The recorder as the last one left: should supervisor, guard and front be killed, it has what they traced run on.
//!
//! Invariant: a thread of its own waits for that, so that neither a large image nor a slow disk is in the way.

use super::RecorderOptions;
use crate::guard;
use crate::link::Port;
use platform::{OnTracerDeath, hangs_up_within};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::thread::JoinHandle;

/// How often it is looked whether a stopped front keeps the guard from ending, in milliseconds.
const LOOK_EVERY: u16 = 1000;

/// The thread that waits for the supervisor's end, and the link by which it sees that.
pub(super) struct LastResort(Option<(Arc<Port>, JoinHandle<()>)>);

impl LastResort {
    /// Begins to wait. Without a thread or a descriptor for it the front has to do.
    pub fn wait(options: &RecorderOptions) -> LastResort {
        let (table, front) = (options.guarded.clone(), options.front_pid);
        let link = options.supervisor.try_clone().ok().filter(|_| options.on_supervisor_death == OnTracerDeath::LetGo);
        let watch = |link: Arc<Port>| {
            move || {
                while !hangs_up_within(link.as_fd(), LOOK_EVERY) {
                    guard::continue_front(&table, front);
                }
                guard::finish_after(&table, front);
            }
        };
        let thread = std::thread::Builder::new().name("last resort".to_owned()).stack_size(256 * 1024);
        LastResort(link.map(Arc::new).and_then(|link| Some((link.clone(), thread.spawn(watch(link)).ok()?))))
    }

    /// Waits until it has done what is to do. A supervisor that is still there, since its link failed, leaves now.
    pub fn end(self) {
        if let Some((link, thread)) = self.0 {
            link.end_sending();
            let _never_panics = thread.join();
        }
    }
}
