//! The guard and the supervisor, as the front sees them, and the rescue of what both left.
//!
//! Invariant: the supervisor counts as ended only once all that it traced was rescued, as far as that is up to us.

use crate::guard::WatchedGuard;
use crate::link::Port;
use platform::affinity::CpuMask;
use platform::process::ChildNews;
use platform::{GuardTable, OnTracerDeath, Pid, affinity, is_hung_up};
use std::os::fd::AsFd;

/// Guard and supervisor.
#[derive(Debug)]
pub(super) struct Guarded {
    guard: WatchedGuard,
    /// The end of the guard, once there is no other.
    guard_ended: Option<ChildNews>,
    supervisor_ended: Option<ChildNews>,
    /// The CPUs that this process was started with: the supervisor keeps it beside itself.
    cpus: Option<CpuMask>,
}

impl Guarded {
    /// The guard, a child of this process, has the supervisor in `table`. The process must have one thread only, then and
    /// whenever it looks.
    pub fn new(guard: Pid, table: GuardTable, on_death: OnTracerDeath) -> Self {
        let guard = WatchedGuard::new(guard, table, on_death);
        Guarded { guard, guard_ended: None, supervisor_ended: None, cpus: CpuMask::of_this_thread() }
    }

    /// The guard, which makes the supervisor.
    pub fn guard(&self) -> Pid {
        self.guard.pid()
    }

    /// What the supervisor leaves to those who survive it.
    pub fn table(&self) -> &GuardTable {
        self.guard.table()
    }

    /// Looks what became of both; `link` leads to the supervisor.
    pub fn look(&mut self, link: &Port) {
        if self.guard_ended.is_none() {
            self.guard_ended = Some(self.guard.look()).filter(|news| news.is_end());
        }
        // While the guard is there it does the rescue.
        let Some(end) = self.guard_ended.filter(|_| self.supervisor_ended.is_none() && is_hung_up(link.as_fd())) else {
            return;
        };
        if self.guard.finish() {
            self.supervisor_ended = Some(end);
        }
    }

    /// Waits for the end of a supervisor whose link has ended, and gives how it was.
    pub fn await_supervisor(&mut self, link: &Port) -> ChildNews {
        let end = *self.guard_ended.get_or_insert_with(|| self.guard.await_end());
        self.look(link);
        end
    }

    /// How the supervisor ended: as its guard did, which was killed with it or ended after it.
    pub fn supervisor_ended(&self) -> Option<ChildNews> {
        self.supervisor_ended
    }

    /// Whether the supervisor's end shows in its link only.
    pub fn has_no_guard(&self) -> bool {
        self.guard_ended.is_some() && self.supervisor_ended.is_none()
    }

    /// Whether the supervisor has ended, or is just ending, and what it traced may be stopped for its rescue.
    pub fn may_be_rescuing(&self, link: &Port) -> bool {
        self.supervisor_ended.is_none() && is_hung_up(link.as_fd())
    }

    /// Lets this process run as it was started: there is nothing left to rescue.
    pub fn rank_as_usual(&self) {
        affinity::rank_as_usual();
        if let Some(cpus) = &self.cpus {
            cpus.keep_this_thread();
        }
    }

    /// Waits until the guard, and with it the supervisor, has ended.
    pub fn await_end(&mut self) {
        let _seen_already = self.guard.await_end();
    }
}
