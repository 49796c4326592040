//! Deciding about a switch of the context while programs run: what ran before it is told of in the old context, what runs
//! after it in the new one.
//!
//! 1. Where one breakpoint told of several stretches, from the first switch on each gets its own.
//! 2. Every thread that runs is seen once: what it has executed of the stretch that it is in is told of, and that is cut
//!    there.
//! 3. The new context is entered, and everything is armed again.
//! 4. Every thread is seen again: who was in the midst of a fork then has left it.
//!
//! Invariant: no thread is stopped for it but those that run, or sleep within a stretch, and these only to be let run on at
//! once.

use super::action::Action;
use super::covered::Planned;
use super::ids::SpaceId;
use super::instance::{Instance, Known};
use super::space::Space;
use super::state::{Doing, Process, State, Tracee, Whence};
use super::text_change::{LandmarkChange, TextChange};
use crate::link::{ImageId, ProcessNo};
use crate::plan::{Landmark, LandmarkKind, Progress};
use crate::warning::WarningKind;
use platform::threads::Activity;
use platform::{Avma, Pid, Tid};
use std::collections::{BTreeMap, BTreeSet};

/// On which side of the change a thread is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Before,
    After,
}

/// A switch under way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Switching {
    /// The processes that are to be in another context.
    processes: BTreeSet<ProcessNo>,
}

impl State {
    /// The measured processes with these pids, all if there is none.
    pub fn numbers_of(&self, pids: &[Pid]) -> Vec<ProcessNo> {
        let is_meant = |process: &Process| pids.is_empty() || pids.contains(&process.pid);
        self.processes.iter().filter(|(_, process)| is_meant(process)).map(|(number, _)| *number).collect()
    }

    /// Whether a context is being switched.
    pub fn is_switching(&self) -> bool {
        self.switching.is_some()
    }

    /// The context of these processes is to be switched; its threads are looked at.
    pub(crate) fn switch(&mut self, processes: &[ProcessNo]) {
        self.switching = Some(Switching { processes: processes.iter().copied().collect() });
        self.be_exact();
        self.look_at_all(Side::Before);
    }

    /// A child of a process that is being switched is, too.
    pub(crate) fn born_while_switching(&mut self, maker: ProcessNo, child: ProcessNo) {
        if let Some(switching) = &mut self.switching
            && switching.processes.contains(&maker)
        {
            switching.processes.insert(child);
        }
    }

    /// From here on each breakpoint tells of its own stretch only.
    fn be_exact(&mut self) {
        if std::mem::replace(&mut self.exact, true) {
            return;
        }
        for (image, planned) in &mut self.plans {
            *planned = Planned::exactly(planned.clone());
            self.out.push(Action::LeaveOriginals { image: *image, plan: planned.plan.clone() });
        }
        let users = self.users_of_spaces();
        let mut changes = Vec::new();
        for space in self.spaces.values_mut() {
            let user = users.get(&space.id).copied();
            changes.extend(space.be_exact(&self.plans).into_iter().map(|change| TextChange { user, ..change }));
        }
        self.change_text(changes);
    }

    /// The spaces that processes live in whose context is being switched.
    fn spaces_to_switch(&self) -> BTreeSet<SpaceId> {
        let processes = self.switching.iter().flat_map(|switching| &switching.processes);
        processes.filter_map(|number| Some(self.processes.get(number)?.space)).collect()
    }

    /// Has every thread of these spaces seen that may run.
    fn look_at_all(&mut self, side: Side) {
        let spaces = self.spaces_to_switch();
        let is_meant = |tid: &Tid| self.space_of(*tid).is_some_and(|space| spaces.contains(&space));
        let mut meant: Vec<Tid> = self.tracees.keys().copied().filter(is_meant).collect();
        meant.sort_unstable();
        for tid in meant {
            match self.tracees.get(&tid).map(|tracee| &tracee.doing) {
                Some(Doing::Running) => self.out.push(Action::Look { tid }),
                Some(Doing::Switching(Whence::Edge)) if side == Side::After => {}
                Some(Doing::Parked(_) | Doing::Switching(Whence::Within | Whence::Edge)) => {
                    self.out.push(Action::TellPosition { tid });
                }
                // Where a stop of the group holds one was noted as that began.
                Some(
                    Doing::Switching(Whence::Elsewhere)
                    | Doing::Met
                    | Doing::Starting
                    | Doing::Listening
                    | Doing::Settled,
                )
                | None => {}
            }
        }
    }

    /// What a thread does whose context is being switched.
    pub(crate) fn looked_for_switch(&mut self, tid: Tid, activity: Activity) {
        match activity {
            // The stop that it was seen in may have been served since.
            Activity::Busy | Activity::Stopped => self.have_seen(tid),
            Activity::Asleep => self.out.push(Action::TellSleeper { tid }),
            Activity::Gone => {}
        }
    }

    /// Where a thread sleeps; `None` if that cannot be read, or it has woken.
    pub(crate) fn sleeps_at(&mut self, tid: Tid, at: Option<Avma>) {
        let space = self.space_of(tid).and_then(|id| self.spaces.get(&id));
        if at.is_none_or(|at| space.is_some_and(|space| space.within_stretch(at, Progress::Next).is_some())) {
            self.have_seen(tid);
        }
    }

    fn have_seen(&mut self, tid: Tid) {
        if let Some(tracee) = self.tracees.get_mut(&tid).filter(|tracee| tracee.doing == Doing::Running) {
            tracee.unseen = true;
            self.interrupt(tid);
        }
    }

    /// Every thread was seen: the new context begins.
    pub(crate) fn enter_context(&mut self) {
        let Some(Switching { processes }) = self.switching.clone() else { return };
        for number in &processes {
            if let Some(process) = self.processes.get_mut(number) {
                process.exact = true;
            }
        }
        let living = processes.into_iter().filter(|number| self.processes.contains_key(number)).collect();
        self.out.push(Action::EnterContext { processes: living });
        let users = self.users_of_spaces();
        let mut changes = Vec::new();
        for id in self.spaces_to_switch() {
            let Some(space) = self.spaces.get_mut(&id) else { continue };
            space.rearming = true;
            let user = users.get(&id).copied();
            changes.extend(space.forget_all().into_iter().map(|change| TextChange { user, ..change }));
            self.out.push(Action::PutBack { space: id, places: space.landmarks_of_probes() });
        }
        self.change_text(changes);
        self.look_at_all(Side::After);
    }

    /// Every thread was seen since: the switch is over.
    pub(crate) fn context_entered(&mut self) {
        self.switching = None;
        self.spaces.values_mut().for_each(|space| space.rearming = false);
    }

    /// The context is switched, or cannot be, as a thread asked for, which goes on.
    pub(crate) fn switched(&mut self, tid: Tid) {
        if self.tracees.get(&tid).is_some_and(|tracee| matches!(tracee.doing, Doing::Switching(_))) {
            self.release(tid, None);
        }
    }

    /// Text could not be changed as it was to be, for want of a thread that is stopped.
    pub(crate) fn not_armed_again(&mut self, id: SpaceId) {
        let lives = |(tid, tracee): (&Tid, &Tracee)| !tracee.ends && self.space_of(*tid) == Some(id);
        if !self.tracees.iter().any(lives) {
            return;
        }
        self.out.push(Action::Warn {
            process: self.process_in(id),
            kind: WarningKind::ContextIncomplete,
            text:
                "its memory could not be written to as the context was switched, so lines that had run before may be \
                   missing in the new context"
                    .to_owned(),
            count: 1,
        });
    }
}

impl Space {
    /// From here on each breakpoint tells of its own stretch only; gives the text to change.
    fn be_exact(&mut self, plans: &BTreeMap<ImageId, Planned>) -> Vec<TextChange> {
        let mut changes = Vec::new();
        for (id, instance) in &mut self.instances {
            let Some(planned) = plans.get(&id.image) else { continue };
            let added = instance.be_exact(planned);
            if let Some(known) = self.lent.as_mut().and_then(|lent| lent.known.get_mut(id)) {
                known.armed = known.armed.with(&added);
            }
            if !added.is_empty() {
                changes.push(instance.text_change(self.id, None, added, LandmarkChange::Keep));
            }
        }
        changes
    }

    /// Takes it that nothing has run; gives the text to change.
    fn forget_all(&mut self) -> Vec<TextChange> {
        let mut changes = Vec::new();
        for (id, instance) in &mut self.instances {
            changes.extend(instance.forget_all(self.id));
            if let Some(known) = self.lent.as_mut().and_then(|lent| lent.known.get_mut(id)) {
                *known = Known { armed: instance.planted.clone(), covered: instance.covered.clone() };
            }
        }
        changes
    }

    /// The landmarks that tell of a probe, too.
    fn landmarks_of_probes(&self) -> Vec<(Avma, LandmarkKind)> {
        let of = |instance: &Instance| {
            let (plan, bias) = (instance.plan.clone(), instance.id.bias);
            let has_probe = |landmark: &&Landmark| plan.probe_at(landmark.offset).is_some();
            let landmarks = plan.landmarks.iter().filter(has_probe);
            landmarks.map(|landmark| (bias.address(landmark.offset), landmark.kind)).collect::<Vec<_>>()
        };
        let is_mapped = |(at, _): &(Avma, LandmarkKind)| self.is_measured(*at);
        self.instances.values().flat_map(of).filter(is_mapped).collect()
    }
}
