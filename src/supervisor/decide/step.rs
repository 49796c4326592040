//! Deciding: one input to the actions it asks for, without a system call.

use super::action::{Action, BrokenCall, SystemCalls};
use super::ids::SpaceId;
use super::input::Input;
use super::lineage::Birth;
use super::planted_text::PlantedText;
use super::space::Space;
use super::state::{Doing, Process, State};
use super::stop::StopKind;
use crate::link::{EndOfProcess, ImageId, ProcessNo};
use crate::plan::Progress;
use platform::procfs::Disposition;
use platform::{Pid, Signal, Tid};
use std::collections::BTreeSet;

impl State {
    /// Takes an input and appends what to do about it.
    pub fn step(&mut self, input: Input, actions: &mut Vec<Action>) {
        self.decide(input);
        actions.append(&mut self.out);
    }

    fn decide(&mut self, input: Input) {
        if let Some(tracee) = input.stop().and_then(|tid| self.tracees.get_mut(&tid)) {
            tracee.unseen = false;
            tracee.ends |= matches!(input, Input::Exiting { .. });
        }
        match input {
            Input::Launched { pid, parent } => self.launched(pid, parent),
            Input::Trap { tid, at } => self.trap(tid, at),
            Input::OnStack { tid, at, stack, label } => self.on_stack(tid, at, stack, label),
            Input::Cause { tid, at, cause, remains } => self.cause(tid, at, cause, remains),
            Input::CopySought { tid, at, sought } => self.copy_sought(tid, at, sought),
            Input::PausedAt { tid, at, faulted } => {
                self.paused_at(tid, at, if faulted { Progress::Begun } else { Progress::Next });
            }
            Input::Exiting { tid } => self.out.push(Action::Resume { tid, signal: None }),
            Input::Signal { tid, signal } => self.weigh(tid, signal),
            Input::Weighed { tid, signal, disposition, interrupted } => {
                self.weighed(tid, signal, disposition, interrupted);
            }
            Input::Outlived { tid, signal } => self.outlived(tid, signal),
            Input::Born { tid, child, lineage, waits } => self.born(Birth { child, through: tid, lineage, waits }),
            Input::VforkDone { tid } => self.vfork_done(tid),
            Input::Exec { tid, former } => self.exec(tid, former),
            Input::Stopped { tid } => self.stopped(tid, StopKind::Event),
            // Detached from now it would die of a breakpoint that it has met; its trap is reported next, and served.
            Input::StoppedBeforeTrap { tid } => self.out.push(Action::Resume { tid, signal: None }),
            Input::Closed { tid, space } => self.closed(tid, space),
            Input::CallStop { tid } => self.call_stop(tid),
            Input::Overdue { tid } => self.overdue(tid),
            Input::GroupStopped { tid } => self.stopped(tid, StopKind::Group),
            Input::Gone { tid, how } => self.gone(tid, how),
            Input::Mapped { tid, mappings } => self.mapped(tid, mappings),
            Input::Unreadable { tid } => self.unreadable(tid),
            Input::Planned { image, plan } => self.planned(image, plan),
            Input::Overwritten { space, places } => self.overwritten(space, &places),
            Input::Refused { space, instance, probes } => self.refused(space, instance, &probes),
            Input::Orphan { tid, group, parent, candidate } => self.orphan(tid, group, parent, candidate),
            Input::Survey { tid, mappings } => drop(self.want_images(tid, None, mappings)),
            Input::Attached { pid, parent, threads, shares } => self.attached(pid, parent, threads, shares),
            Input::Joined { pid, tid } => {
                if let Some(process) = self.process_with(pid) {
                    self.joined(process, tid);
                }
            }
            Input::Renewed { pid, tid } => self.renewed(pid, tid),
            Input::Ready { pid } => self.ready(pid),
            Input::MappedLive { process, tid, mappings } => self.mapped_live(process, tid, mappings),
            Input::Looked { tid, activity } => self.looked(tid, activity),
            Input::AskHandler { tid } => self.ask_handler(tid),
            Input::Switch { processes } => self.switch(&processes),
            Input::EnterContext => self.enter_context(),
            Input::ContextEntered => self.context_entered(),
            Input::Switched { tid } => self.switched(tid),
            Input::SleepsAt { tid, at } => self.sleeps_at(tid, at),
            Input::CopyChecked { tid, group, lacking } => self.copy_checked(tid, group.into(), &lacking),
            Input::Unrestored { space } => self.unrestored(space),
            Input::LetGo => self.let_go(),
            Input::Leave => self.leave(),
        }
    }

    fn launched(&mut self, pid: Pid, parent: Pid) {
        let space = self.add_space(Space::new);
        let process = self.add_process(Process::new(pid, space));
        self.add_tracee(pid.leader(), process, Doing::Running);
        self.began(process, Action::Began { process, pid, maker: None, parent, attached: false });
    }

    /// Has it found out what a signal would do.
    pub(super) fn weigh(&mut self, tid: Tid, signal: Signal) {
        let process = self.process_of(tid).map(|(number, _)| number);
        self.out.push(Action::WeighSignal { tid, process, signal });
    }

    fn weighed(&mut self, tid: Tid, signal: Signal, disposition: Option<Disposition>, interrupted: bool) {
        let Some(tracee) = self.tracees.get_mut(&tid) else {
            self.out.push(Action::Resume { tid, signal: Some(signal) });
            return;
        };
        let ends_a_stop = signal == Signal::CONT && std::mem::take(&mut tracee.was_stopped);
        let ignored = match disposition {
            Some(Disposition::Ignored) => true,
            Some(Disposition::Default) => signal.ignored_by_default(),
            Some(Disposition::Handled) | None => false,
        };
        if ignored && interrupted && !ends_a_stop {
            self.out.extend(self.repair_call(tid));
        }
        // A core dump must not hold our breakpoints.
        if disposition == Some(Disposition::Default) && signal.dumps_core_by_default() {
            self.restore_text(tid, SystemCalls::Avoided);
        }
        match self.process_of(tid).map(|(number, process)| (number, process.space)) {
            // Whether it is handled was not asked; `Sigtrap` knows, where it matters.
            Some((process, space)) if !self.leaving && !ignored => {
                self.set_doing(tid, Doing::Running);
                self.out.push(Action::Deliver { tid, process, space, signal });
            }
            Some(_) | None => self.release(tid, Some(signal)),
        }
    }

    /// The init of a pid namespace survives its own faults only under a tracer: it is detached from, to fault again.
    fn outlived(&mut self, tid: Tid, signal: Signal) {
        self.restore_text(tid, SystemCalls::Avoided);
        self.out.push(Action::Refault { tid, signal });
        self.out.push(Action::Forget { tid });
        let Some(tracee) = self.tracees.remove(&tid) else { return };
        if let Some(process) = self.processes.get_mut(&tracee.process) {
            // The end of a leader that is not traced is not reported.
            process.headless |= process.pid.leader() == tid;
        }
        if self.tracees.values().all(|other| other.process != tracee.process) {
            let how = EndOfProcess::Killed { signal: signal.0, core: false };
            self.end_process(tracee.process, how);
        }
    }

    /// Takes every breakpoint out of the space of a stopped thread.
    pub(crate) fn restore_text(&mut self, tid: Tid, calls: SystemCalls) {
        let Some(id) = self.space_of(tid) else { return };
        if let Some(space) = self.spaces.get_mut(&id) {
            let changes = space.restore(Some(tid));
            self.change_text(changes);
            self.out.extend(self.restore_copies(id, tid, &self.all_sources(), calls));
        }
    }

    /// Takes copies of breakpoints out of what is not measured of a space; `all` is what is measured anywhere.
    pub(crate) fn restore_copies(
        &self,
        id: SpaceId,
        tid: Tid,
        all: &[PlantedText],
        calls: SystemCalls,
    ) -> Option<Action> {
        let ranges = self.spaces.get(&id)?.ranges();
        let sources = self.sources_for(id, all);
        (!sources.is_empty()).then_some(Action::RestoreCopies { tid, space: id, sources, ranges, calls })
    }

    /// What code in a space may be a copy of: what is measured there, and in spaces that it may share memory with.
    pub(super) fn sources_for(&self, id: SpaceId, all: &[PlantedText]) -> Vec<PlantedText> {
        let own = self.spaces.get(&id).map(Space::sources).unwrap_or_default();
        let known: BTreeSet<ImageId> = own.iter().map(|source| source.instance.image).collect();
        let others = all.iter().filter(|source| !known.contains(&source.instance.image)).cloned();
        own.into_iter().chain(others).collect()
    }

    /// Each image that is measured, where it is in one of the spaces.
    pub(crate) fn all_sources(&self) -> Vec<PlantedText> {
        let mut known = BTreeSet::new();
        let sources = self.spaces.values().flat_map(Space::sources);
        sources.filter(|source| known.insert(source.instance.image)).collect()
    }

    fn stopped(&mut self, tid: Tid, stop: StopKind) {
        let Some(tracee) = self.tracees.get_mut(&tid) else {
            self.unclaimed(tid, stop);
            return;
        };
        tracee.was_stopped |= stop == StopKind::Group;
        let before = tracee.doing.clone();
        match before {
            Doing::Starting => self.first_stop(tid, stop),
            Doing::Listening if stop == StopKind::Event && self.is_launched_leader(tid) => {
                self.out.push(Action::ContinueFront);
                self.after_stop(tid, stop);
            }
            Doing::Listening | Doing::Running | Doing::Settled => self.after_stop(tid, stop),
            // It is stopped already, and leaves when its plans have come or its context is switched.
            Doing::Parked(_) | Doing::Switching(_) | Doing::Met => {}
        }
    }

    pub(crate) fn after_stop(&mut self, tid: Tid, stop: StopKind) {
        let interrupted = self.tracees.get_mut(&tid).is_some_and(|tracee| std::mem::take(&mut tracee.interrupted));
        // The interrupt was ours, so a call that it broke off starts again.
        if interrupted && stop == StopKind::Event {
            self.out.extend(self.repair_call(tid));
            self.ask_if_asked(tid);
        }
        if stop == StopKind::Group && !self.leaving {
            self.set_doing(tid, Doing::Listening);
            self.out.push(Action::Listen { tid });
        } else {
            self.release(tid, None);
        }
    }

    fn call_stop(&mut self, tid: Tid) {
        let interrupted = self.tracees.get_mut(&tid).is_some_and(|tracee| std::mem::take(&mut tracee.interrupted));
        let broken = if interrupted || self.leaving { BrokenCall::Restarts } else { BrokenCall::Returns };
        self.out.push(Action::FollowCall { tid, broken });
        self.release(tid, None);
    }

    fn repair_call(&self, tid: Tid) -> Option<Action> {
        self.space_of(tid).map(|space| Action::RepairCall { tid, space })
    }

    /// The time of a thread's call is over, so it is called out of it.
    fn overdue(&mut self, tid: Tid) {
        if !self.leaving && self.tracees.get(&tid).is_some_and(|tracee| tracee.doing == Doing::Running) {
            self.interrupt(tid);
        }
    }

    fn is_launched_leader(&self, tid: Tid) -> bool {
        self.process_of(tid).is_some_and(|(number, process)| number == ProcessNo(0) && process.pid.leader() == tid)
    }
}
