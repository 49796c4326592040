//! Deciding about letting go: every text is restored, traps on the way are served, and nobody who sleeps is woken.
//!
//! Invariant: the end of the tracer detaches only from threads that are in a group-stop, or that were seen after their
//! text was restored with no trap on the way; all others are detached from in a stop of theirs.

use super::action::Action;
use super::space::{SpaceId, TextChange};
use super::state::{Doing, State};
use crate::link::EndOfProcess;
use platform::Tid;
use platform::threads::Activity;
use std::collections::BTreeMap;

impl State {
    pub(crate) fn let_go(&mut self, out: &mut Vec<Action>) {
        self.leaving = true;
        self.waiting.clear();
        let inhabited: BTreeMap<SpaceId, Tid> =
            self.tracees.keys().filter_map(|&tid| Some((self.space_of(tid)?, tid))).collect();
        for (&id, space) in &mut self.spaces {
            let user = inhabited.get(&id).copied();
            let changes = space.restore(id, None).into_iter().map(|sync| TextChange { user, ..sync });
            out.extend(changes.map(|sync| Action::TextChange(Box::new(sync))));
        }
        let sources = self.all_sources();
        for (id, tid) in inhabited {
            out.extend(self.restore_copies(id, tid, &sources, false));
        }
        let tracees: Vec<(Tid, Doing)> =
            self.tracees.iter().map(|(tid, tracee)| (*tid, tracee.doing.clone())).collect();
        for (tid, doing) in tracees {
            match doing {
                Doing::Parked { .. } => self.release(tid, None, out),
                Doing::Running => out.push(Action::Look { tid }),
                Doing::Listening if self.end_kills => self.interrupt(tid, out),
                Doing::Listening | Doing::Starting | Doing::Settled => {}
            }
        }
    }

    /// What a thread does now that its text is restored.
    pub(crate) fn looked_last(&mut self, tid: Tid, activity: Activity, out: &mut Vec<Action>) {
        if self.tracees.get(&tid).is_none_or(|tracee| tracee.doing != Doing::Running) {
            return;
        }
        let space = self.space_of(tid).and_then(|id| self.spaces.get(&id));
        let needs_a_stop = self.end_kills || space.is_some_and(|space| space.unrestored);
        match activity {
            Activity::Asleep if !needs_a_stop => self.set_doing(tid, Doing::Settled),
            Activity::Asleep | Activity::Busy => self.interrupt(tid, out),
            // Its stop, or its end, is reported.
            Activity::Stopped | Activity::Gone => {}
        }
    }

    /// Breakpoints are left in a space, which its next stopped thread takes out.
    pub(crate) fn unrestored(&mut self, id: SpaceId) {
        if let Some(space) = self.spaces.get_mut(&id) {
            space.unrestored = true;
        }
    }

    /// A thread of a space is stopped: what is left in the space is taken out through it.
    pub(crate) fn restore_what_is_left(&mut self, tid: Tid, out: &mut Vec<Action>) {
        let space = self.space_of(tid).and_then(|id| self.spaces.get_mut(&id));
        if space.is_some_and(|space| std::mem::take(&mut space.unrestored)) {
            self.restore_text(tid, true, out);
        }
    }

    /// The tracer ends, and what is still traced goes on without it.
    pub(crate) fn leave(&mut self, out: &mut Vec<Action>) {
        for number in self.processes.keys().copied().collect::<Vec<_>>() {
            self.end_process(number, EndOfProcess::LetGo, out);
        }
        self.tracees.clear();
    }
}
