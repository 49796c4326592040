//! The guard and the supervisor, as the front sees them: a supervisor that lost its guard gets another one, and what both
//! left is rescued.
//!
//! Invariant: the supervisor counts as ended only once all that it traced was rescued, as far as that is up to us.

use crate::guard;
use crate::link::Port;
use platform::process::{self, ChildNews, child_news};
use platform::{GuardTable, OnTracerDeath, Pid, hangs_up_within, is_hung_up};
use std::os::fd::AsFd;

/// Who was killed together with the guard ends within this time, in milliseconds.
const TOGETHER: u16 = 5;

/// Guard and supervisor.
#[derive(Debug)]
pub(super) struct Guarded {
    guard: Pid,
    table: GuardTable,
    on_death: OnTracerDeath,
    /// The end of the guard, while there is no other.
    guard_ended: Option<ChildNews>,
    supervisor_ended: Option<ChildNews>,
}

impl Guarded {
    /// The guard, a child of this process, has the supervisor in `table`.
    pub fn new(guard: Pid, table: GuardTable, on_death: OnTracerDeath) -> Self {
        Guarded { guard, table, on_death, guard_ended: None, supervisor_ended: None }
    }

    /// The guard, which makes the supervisor.
    pub fn guard(&self) -> Pid {
        self.guard
    }

    /// What the supervisor leaves to those who survive it.
    pub fn table(&self) -> &GuardTable {
        &self.table
    }

    /// Looks what became of both; `link` leads to the supervisor. This process must have one thread only.
    pub fn look(&mut self, link: &Port) {
        if self.guard_ended.is_none() {
            self.guard_ended = Some(child_news(self.guard)).filter(|news| news.is_end());
            match self.guard_ended {
                Some(ChildNews::Killed(_)) if !hangs_up_within(link.as_fd(), TOGETHER) => self.replace(),
                Some(_) | None => {}
            }
        }
        // While the guard is there it does the rescue.
        let Some(end) = self.guard_ended.filter(|_| self.supervisor_ended.is_none() && is_hung_up(link.as_fd())) else {
            return;
        };
        if self.on_death == OnTracerDeath::Kill || guard::finish(&self.table) {
            self.supervisor_ended = Some(end);
        }
    }

    /// Puts another guard behind the supervisor.
    fn replace(&mut self) {
        let (table, on_death) = (self.table.clone(), self.on_death);
        match process::fork_helper("cov-guard", move || guard::replace(&table, on_death)) {
            Ok(guard) => (self.guard, self.guard_ended) = (guard, None),
            // Without memory for another process the supervisor goes on without a guard, and nobody sees how it ends.
            Err(_) => self.guard_ended = Some(ChildNews::Exited(0)),
        }
    }

    /// Waits for the end of a supervisor whose link has ended, and tells how it was.
    pub fn await_supervisor(&mut self, link: &Port) -> ChildNews {
        let end = *self.guard_ended.get_or_insert_with(|| process::await_end(self.guard));
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

    /// Waits until the guard, and with it the supervisor, has ended.
    pub fn await_end(&self) {
        let _seen_already = process::await_end(self.guard);
    }
}
