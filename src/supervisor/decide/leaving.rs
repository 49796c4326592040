//! Deciding about letting go: every text is restored, traps on the way are served, and nobody who sleeps is woken.
//!
//! Invariant: the end of the tracer detaches only from threads that are in a group-stop, or that were seen after their
//! text was restored with no trap on the way; all others are detached from in a stop of theirs.

use super::action::{Action, SystemCalls};
use super::ids::SpaceId;
use super::state::{Doing, State};
use super::text_change::TextChange;
use crate::link::EndOfProcess;
use platform::Tid;
use platform::threads::Activity;

impl State {
    pub(crate) fn let_go(&mut self) {
        self.leaving = true;
        self.switching = None;
        self.processes.values_mut().for_each(|process| process.awaits = None);
        let inhabited = self.users_of_spaces();
        let mut changes = Vec::new();
        for space in self.spaces.values_mut() {
            let user = inhabited.get(&space.id).copied();
            changes.extend(space.restore(None).into_iter().map(|change| TextChange { user, ..change }));
        }
        self.change_text(changes);
        let sources = self.all_sources();
        for (id, tid) in inhabited {
            self.out.extend(self.restore_copies(id, tid, &sources, SystemCalls::Avoided));
        }
        let tracees: Vec<(Tid, Doing)> =
            self.tracees.iter().map(|(tid, tracee)| (*tid, tracee.doing.clone())).collect();
        for (tid, doing) in tracees {
            match doing {
                Doing::Parked(_) | Doing::Switching(_) => self.release(tid, None),
                Doing::Running => self.out.push(Action::Look { tid }),
                Doing::Listening if self.end_kills => self.interrupt(tid),
                // Whoever has met a breakpoint is about to be served.
                Doing::Listening | Doing::Starting | Doing::Settled | Doing::Met => {}
            }
        }
    }

    /// What a thread does now that its text is restored.
    pub(crate) fn looked_last(&mut self, tid: Tid, activity: Activity) {
        if self.tracees.get(&tid).is_none_or(|tracee| tracee.doing != Doing::Running) {
            return;
        }
        let space = self.space_of(tid).and_then(|id| self.spaces.get(&id));
        let needs_a_stop = self.end_kills || space.is_some_and(|space| space.unrestored);
        match activity {
            Activity::Asleep if !needs_a_stop => self.set_doing(tid, Doing::Settled),
            Activity::Asleep | Activity::Busy => self.interrupt(tid),
            // Its stop, or its end, is reported.
            Activity::Stopped | Activity::Gone => {}
        }
    }

    /// Breakpoints are left in a space, which its next stopped thread takes out.
    pub(crate) fn unrestored(&mut self, id: SpaceId) {
        if let Some(space) = self.spaces.get_mut(&id) {
            space.unrestored = true;
        }
        if self.is_switching() {
            self.not_armed_again(id);
        }
    }

    /// A thread of a space is stopped: what is left in the space is taken out through it.
    pub(crate) fn restore_what_is_left(&mut self, tid: Tid) {
        let space = self.space_of(tid).and_then(|id| self.spaces.get_mut(&id));
        if space.is_some_and(|space| std::mem::take(&mut space.unrestored)) {
            self.restore_text(tid, SystemCalls::Allowed);
        }
    }

    /// The tracer ends, and what is still traced goes on without it.
    pub(crate) fn leave(&mut self) {
        for number in self.processes.keys().copied().collect::<Vec<_>>() {
            self.end_process(number, EndOfProcess::LetGo);
        }
        self.tracees.clear();
    }
}
