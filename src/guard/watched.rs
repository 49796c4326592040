//! The guard as the front watches it. A guard that is killed is held at its end, and holds its supervisor at that one's end
//! with it: if both were killed the front rescues then, before a thread meets another breakpoint; otherwise the guard is
//! let end once another one is ready to take its place.
//!
//! ```text
//! front ── ptrace ─► guard ── ptrace ─► supervisor ── ptrace ─► tracees
//!          (its end only)    (its end only)
//! ```
//! Invariant: a guard that is held is let end, whatever became of the supervisor.

use super::rescue::Rescue;
use super::{MOMENT, PATIENCE, stops, takeover};
use platform::affinity::{self, Rank};
use platform::process::{self, ChildNews};
use platform::standing::{self, Life, ThreadState};
use platform::{Event, GuardTable, OnTracerDeath, Pid, Signal, Tid, Tracer, Wait, kill};
use std::time::{Duration, Instant};

/// A supervisor that was killed together with its guard is killed within this time.
const TOGETHER: Duration = Duration::from_millis(5);

/// A guard that is a child of this process, and the one that is to follow it.
#[derive(Debug)]
pub struct WatchedGuard {
    guard: Pid,
    table: GuardTable,
    on_death: OnTracerDeath,
    tracer: Tracer,
    next: Option<Pid>,
}

impl WatchedGuard {
    /// Watches a guard from the calling thread, the only one of its process, which must be the one that looks.
    pub fn new(guard: Pid, table: GuardTable, on_death: OnTracerDeath) -> Self {
        let tracer = Tracer::for_this_thread(OnTracerDeath::LetGo);
        let watched = WatchedGuard { guard, table, on_death, tracer, next: None };
        watched.hold(guard);
        watched
    }

    fn hold(&self, guard: Pid) {
        // Where that is refused the rescue begins once both have ended.
        let _as_far_as_allowed = self.tracer.seize_for_its_end(guard.leader());
    }

    /// The guard that is there, or was the last.
    pub fn pid(&self) -> Pid {
        self.guard
    }

    /// What the supervisor leaves to those who survive it.
    pub fn table(&self) -> &GuardTable {
        &self.table
    }

    /// Finishes what is left of the rescue, as [`takeover::finish`]; the supervisor must be gone.
    pub fn finish(&self) -> bool {
        self.on_death == OnTracerDeath::Kill || takeover::finish(&self.table)
    }

    /// Looks, without waiting, whether the last guard has ended. Before it gives that, what guard and supervisor left is
    /// rescued if both were killed, or else the next guard is there.
    pub fn look(&mut self) -> ChildNews {
        self.follow(Tracer::report_of)
    }

    /// Waits until it has ended, and gives how; nothing, at once, if that was seen already.
    pub fn await_end(&mut self) -> ChildNews {
        self.follow(|tracer, tid| tracer.wait_for(tid).ok())
    }

    /// Takes reports until there is none, or no guard any more.
    fn follow(&mut self, next: impl Fn(&Tracer, Tid) -> Option<Wait>) -> ChildNews {
        while let Some(report) = next(&self.tracer, self.guard.leader()) {
            let news = self.take(report);
            if news.is_end() {
                return news;
            }
        }
        ChildNews::Nothing
    }

    fn take(&mut self, report: Wait) -> ChildNews {
        let tid = self.guard.leader();
        // It may have been killed meanwhile: the next report tells.
        let _killed = match report {
            Wait::Exited { status, .. } => return self.ended(ChildNews::Exited(status)),
            Wait::Killed { signal, .. } => return self.ended(ChildNews::Killed(signal)),
            Wait::Event { event: Event::Exit, .. } => {
                self.at_its_end();
                Ok(())
            }
            Wait::Signal { signal, .. } => self.tracer.resume(tid, Some(signal)),
            Wait::Event { event: Event::GroupStop(_), .. } => self.tracer.listen(tid),
            Wait::Event { .. } | Wait::Call { .. } => self.tracer.resume(tid, None),
            Wait::Continued { .. } => Ok(()),
        };
        ChildNews::Nothing
    }

    /// The guard has ended: its end is news unless there is another, which one that could not be held gets only now.
    fn ended(&mut self, news: ChildNews) -> ChildNews {
        if let (ChildNews::Killed(_), None, Some(supervisor)) = (news, self.next, self.table.supervisor()) {
            let _seen_in_its_link = self.is_killed_too(supervisor);
        }
        match self.next.take() {
            Some(next) => {
                self.guard = next;
                ChildNews::Nothing
            }
            None => news,
        }
    }

    fn at_its_end(&mut self) {
        let tid = self.guard.leader();
        let is_killed = matches!(self.tracer.coming_end(tid), Ok(Wait::Killed { .. }));
        let supervisor = self.table.supervisor().filter(|_| is_killed);
        let rescue = match supervisor {
            Some(supervisor) if self.is_killed_too(supervisor) && self.on_death == OnTracerDeath::LetGo => {
                stops::stop_all(&self.table.processes().collect::<Vec<_>>());
                await_life(supervisor, |life| matches!(life, Life::Held | Life::Over));
                // What is left of one that has ended already is no longer traced.
                let held = Some(supervisor).filter(|supervisor| standing::life(*supervisor) == Life::Held);
                held.and_then(|supervisor| Some((supervisor, Rescue::take_over(&self.table, supervisor, self.guard)?)))
            }
            Some(_) | None => None,
        };
        let _killed_again = self.tracer.resume(tid, None::<Signal>);
        if let Some((supervisor, rescue)) = rescue {
            await_life(supervisor, |life| life == Life::Over);
            rescue.finish(&self.tracer, &self.table);
        }
    }

    /// Whether the supervisor of a guard that was killed is killed too, until another guard is ready. It has this CPU
    /// meanwhile, where it has one of its own; the threads that it traces have it not.
    fn is_killed_too(&mut self, supervisor: Pid) -> bool {
        let keeps_ahead = affinity::rank_beside(supervisor.leader());
        let since = Instant::now();
        let found = loop {
            match standing::life(supervisor) {
                Life::Killed | Life::Held => break true,
                Life::Over => break false,
                Life::Goes if since.elapsed() >= TOGETHER && self.is_next_ready(since) => break false,
                Life::Goes if keeps_ahead && self.next.is_none() => std::thread::yield_now(),
                Life::Goes => std::thread::sleep(MOMENT),
            }
        };
        if keeps_ahead {
            let _was_allowed_before = Rank::Front.take();
        }
        found
    }

    /// Has another guard made; true once that is ready, or none can be had.
    fn is_next_ready(&mut self, since: Instant) -> bool {
        if self.next.is_none() {
            let (table, on_death) = (self.table.clone(), self.on_death);
            // Without memory for another process the supervisor goes on without a guard, and nobody sees how it ends.
            self.next = process::fork_helper("cov-guard", move || super::replace(&table, on_death)).ok();
            self.next.into_iter().for_each(|next| self.hold(next));
        }
        let is_there = |next| self.table.guard() == Some(next) || standing::life(next) != Life::Goes;
        self.next.is_none_or(is_there) || since.elapsed() > PATIENCE
    }
}

/// Continues a front that is stopped (Ctrl-Z, SIGSTOP) while it holds a guard that was killed: neither the supervisor nor
/// what that traces could end or go on.
pub fn continue_front(table: &GuardTable, front: Pid) {
    let is_held = table.guard().is_some_and(|guard| standing::life(guard) == Life::Held);
    if is_held && standing::standing(front, front.leader()) == Some(ThreadState::Stopped) {
        let _ended = kill(front, Signal::CONT);
    }
}

fn await_life(pid: Pid, is_so: impl Fn(Life) -> bool) {
    let since = Instant::now();
    while !is_so(standing::life(pid)) && since.elapsed() < PATIENCE {
        std::thread::sleep(MOMENT);
    }
}
