//! Deciding: one input to the actions it asks for, without a system call.

use super::action::{Action, Mark, Spent, Then};
use super::ids::{ProbeSite, SpaceId};
use super::input::{Input, Remains, Sought};
use super::planted_text::COPY_ADVICE;
use super::planted_text::PlantedText;
use super::space::{Found, Space};
use super::state::{Doing, Process, State};
use crate::link::{EndOfProcess, ImageId, ProcessNo};
use crate::plan::LandmarkKind;
use crate::warning::WarningKind;
use platform::procfs::Disposition;
use platform::{Avma, Pid, Signal, Tid, TrapCause};
use std::collections::BTreeSet;

/// What a hit is to its site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hit {
    /// The one that it was armed for.
    First,
    /// One more, by a thread that met the breakpoint before it was taken out.
    Stale { restore: bool },
}

impl State {
    /// Takes an input and appends what to do about it.
    pub fn step(&mut self, input: Input, actions: &mut Vec<Action>) {
        self.decide(input);
        actions.append(&mut self.out);
    }

    fn decide(&mut self, input: Input) {
        if let Some(tracee) = input.stop().and_then(|tid| self.tracees.get_mut(&tid)) {
            tracee.unseen = false;
        }
        match input {
            Input::Launched { pid, parent } => self.launched(pid, parent),
            Input::Trap { tid, at } => self.trap(tid, at),
            Input::Cause { tid, at, cause, remains } => self.cause(tid, at, cause, remains),
            Input::CopySought { tid, at, sought } => self.copy_sought(tid, at, sought),
            Input::PausedAt { tid, at, faulted } => self.paused_at(tid, at, faulted),
            Input::Exiting { tid } => self.out.push(Action::Resume { tid, signal: None }),
            Input::Signal { tid, signal } => self.out.push(Action::WeighSignal { tid, signal }),
            Input::Weighed { tid, signal, disposition, interrupted } => {
                self.weighed(tid, signal, disposition, interrupted);
            }
            Input::Outlived { tid, signal } => self.outlived(tid, signal),
            Input::Born { tid, child, lineage, waits } => self.born(tid, child, lineage, waits),
            Input::VforkDone { tid } => self.vfork_done(tid),
            Input::Exec { tid, former } => self.exec(tid, former),
            Input::Stopped { tid } => self.stopped(tid, false),
            // Detached from now it would die of a breakpoint that it has met; its trap is reported next, and served.
            Input::StoppedBeforeTrap { tid } => self.out.push(Action::Resume { tid, signal: None }),
            Input::Closed { tid, space } => self.closed(tid, space),
            Input::CallStop { tid } => self.call_stop(tid),
            Input::Overdue { tid } => self.overdue(tid),
            Input::GroupStopped { tid } => self.stopped(tid, true),
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
            Input::CopyChecked { tid, group, lacking } => self.copy_checked(tid, group, &lacking),
            Input::Unrestored { space } => self.unrestored(space),
            Input::LetGo => self.let_go(),
            Input::Leave => self.leave(),
        }
    }

    fn launched(&mut self, pid: Pid, parent: Pid) {
        let space = self.add_space(Space::new);
        let process = self.add_process(Process::new(pid, space));
        self.add_tracee(pid.leader(), process, Doing::Running);
        self.out.push(Action::Began { process, pid, maker: None, parent, attached: false });
    }

    fn trap(&mut self, tid: Tid, at: Avma) {
        match self.find(tid, at) {
            Found::Armed(site) => self.serve(tid, at, site, Hit::First),
            Found::Landmark(kind, site) => self.landmark(tid, at, kind, site),
            Found::Spent(site) => self.out.push(Action::AskCause { tid, at, spent: self.spent(tid, site, at) }),
            Found::Nothing => self.out.push(Action::AskCause { tid, at, spent: None }),
        }
    }

    fn spent(&self, tid: Tid, site: ProbeSite, at: Avma) -> Option<Spent> {
        let (process, Process { space, .. }) = self.process_of(tid)?;
        let taken_out = self.spaces.get(space)?.is_taken_out(site);
        Some(Spent { process, space: *space, image: site.instance.image, offset: site.offset(at), taken_out })
    }

    /// A SIGTRAP where nothing is armed: a stale hit only if the kernel says that a breakpoint was executed, and the
    /// program has none of its own there.
    fn cause(&mut self, tid: Tid, at: Avma, cause: TrapCause, remains: Remains) {
        match (self.find(tid, at), cause) {
            (Found::Spent(site), TrapCause::Breakpoint) if remains != Remains::Own => {
                self.serve(tid, at, site, Hit::Stale { restore: remains == Remains::Ours });
            }
            (Found::Armed(site), TrapCause::Breakpoint) if remains != Remains::Own => {
                self.serve(tid, at, site, Hit::Stale { restore: true });
            }
            (Found::Landmark(..), TrapCause::Breakpoint) if self.leaving => {
                if let Some((process, space)) = self.process_of(tid).map(|(number, process)| (number, process.space)) {
                    self.out.push(Action::Rewind { tid, process, space, at });
                }
                self.release(tid, None);
            }
            (Found::Nothing, TrapCause::Breakpoint) => self.seek_copy(tid, at),
            (_, TrapCause::Breakpoint) => self.foreign(tid),
            (Found::Spent(_) | Found::Armed(_) | Found::Landmark(..) | Found::Nothing, _) => {
                self.out.push(Action::WeighSignal { tid, signal: Signal::TRAP });
            }
        }
    }

    /// A breakpoint of the program's own.
    fn foreign(&mut self, tid: Tid) {
        if let Some((process, Process { space, .. })) = self.process_of(tid) {
            self.out.push(Action::KeepHandler { tid, process, space: *space });
        }
        self.out.push(Action::WeighSignal { tid, signal: Signal::TRAP });
    }

    /// A breakpoint at no address of ours may be a copy of one of ours.
    fn seek_copy(&mut self, tid: Tid, at: Avma) {
        let lives = self.process_of(tid).map(|(number, process)| (number, process.space));
        match lives.map(|(process, space)| (process, space, self.sources_for(space, &self.all_sources()))) {
            Some((process, space, sources)) if !sources.is_empty() => {
                let measured = self.spaces.get(&space).is_some_and(|space| space.is_measured(at));
                self.out.push(Action::SeekCopy { tid, process, space, at, measured, sources });
            }
            Some(_) | None => self.foreign(tid),
        }
    }

    fn copy_sought(&mut self, tid: Tid, at: Avma, sought: Sought) {
        let of = self.process_of(tid).map(|(number, process)| (number, process.space));
        match (of, sought) {
            (Some((process, space)), Sought::Ours) => {
                self.out.push(Action::Warn {
                    process: Some(process),
                    kind: WarningKind::CodeCopied,
                    text: "the program runs copies of measured code; what runs only as a copy counts as not run"
                        .to_owned(),
                    count: 1,
                });
                self.out.push(Action::Rewind { tid, process, space, at });
                self.release(tid, None);
            }
            (of, Sought::Foreign | Sought::Stuck | Sought::Unknown | Sought::Ours) => {
                if sought == Sought::Stuck {
                    self.out.push(Action::Warn {
                        process: of.map(|(process, _)| process),
                        kind: WarningKind::CopyNotRestored,
                        text: format!(
                            "it gets SIGTRAP for a copy of a breakpoint in memory that cannot be written to; {COPY_ADVICE}"
                        ),
                        count: 1,
                    });
                }
                if sought == Sought::Unknown {
                    self.out.push(Action::Warn {
                        process: of.map(|(process, _)| process),
                        kind: WarningKind::TrapUnknown,
                        text:
                            "it gets SIGTRAP for a breakpoint in memory without a file; if that is a copy of code of \
                               its own, --exclude keeps breakpoints out of that code"
                                .to_owned(),
                        count: 1,
                    });
                }
                self.foreign(tid);
            }
        }
    }

    fn find(&self, tid: Tid, at: Avma) -> Found {
        self.process_of(tid)
            .and_then(|(_, process)| self.spaces.get(&process.space))
            .map_or(Found::Nothing, |space| space.find(at))
    }

    fn mark(process: ProcessNo, site: ProbeSite) -> Mark {
        Mark { process, image: site.instance.image, probe: site.probe, probes: site.probes }
    }

    /// A thread may never get to the breakpoint at the end of the straight-line code that it is in.
    fn paused_at(&mut self, tid: Tid, at: Avma, faulted: bool) {
        let Some((number, process)) = self.process_of(tid) else { return };
        let executed = self.spaces.get(&process.space).and_then(|space| space.executed_at(at, faulted));
        self.out.extend(executed.map(|site| Action::Mark(Self::mark(number, site))));
    }

    fn serve(&mut self, tid: Tid, at: Avma, site: ProbeSite, hit: Hit) {
        let Some((number, process)) = self.process_of(tid) else {
            return;
        };
        let (space, owner) = (process.space, !process.borrows);
        let also = match (self.spaces.get_mut(&space), hit) {
            (Some(space), Hit::First) => space.spend(site, owner),
            (Some(space), Hit::Stale { restore: true }) => {
                space.take_out(site);
                Vec::new()
            }
            (Some(_), Hit::Stale { restore: false }) | (None, _) => Vec::new(),
        };
        if self.leaving {
            self.restore_what_is_left(tid);
        }
        let then = if self.leaving { Then::Detach } else { Then::Resume };
        let mark = Self::mark(number, site);
        let restore = (hit != Hit::Stale { restore: false }).then_some(site.original);
        let (offset, armed) = (site.offset(at), hit == Hit::First);
        self.out.push(Action::Serve { tid, at, space, restore, offset, armed, also, mark, then });
        if self.leaving {
            self.forget(tid);
        }
    }

    fn landmark(&mut self, tid: Tid, at: Avma, kind: LandmarkKind, site: Option<ProbeSite>) {
        if self.leaving {
            // Its byte is restored already, so the trap is stale if it is ours at all.
            self.out.push(Action::AskCause { tid, at, spent: None });
            return;
        }
        let Some((process, space)) = self.process_of(tid).map(|(number, process)| (number, process.space)) else {
            return;
        };
        if let Some(site) = site {
            self.out.push(Action::Mark(Self::mark(process, site)));
        }
        if kind == LandmarkKind::Announced {
            let places = self.spaces.get(&space).map(Space::all_calls).unwrap_or_default();
            self.out.push(Action::WatchCalls { space, places });
        }
        self.out.push(Action::Emulate { tid, process, space, at, kind });
        match kind {
            LandmarkKind::LoaderState | LandmarkKind::LoaderStateEndbr => {
                self.out.push(Action::ReadMappings { tid, space })
            }
            LandmarkKind::SignalMask
            | LandmarkKind::SignalAction
            | LandmarkKind::Clone
            | LandmarkKind::Call
            | LandmarkKind::Announced => self.release(tid, None),
        }
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
            self.restore_text(tid, false);
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
        self.restore_text(tid, false);
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

    /// Takes every breakpoint out of the space of a stopped thread, which may be made to make system calls if `calls`.
    pub(crate) fn restore_text(&mut self, tid: Tid, calls: bool) {
        let Some(id) = self.space_of(tid) else { return };
        if let Some(space) = self.spaces.get_mut(&id) {
            let changes = space.restore(Some(tid));
            self.change_text(changes);
            self.out.extend(self.restore_copies(id, tid, &self.all_sources(), calls));
        }
    }

    /// Takes copies of breakpoints out of what is not measured of a space; `all` is what is measured anywhere.
    pub(crate) fn restore_copies(&self, id: SpaceId, tid: Tid, all: &[PlantedText], calls: bool) -> Option<Action> {
        let ranges = self.spaces.get(&id)?.ranges();
        let sources = self.sources_for(id, all);
        (!sources.is_empty()).then_some(Action::RestoreCopies { tid, space: id, sources, ranges, calls })
    }

    /// What code in a space may be a copy of: what is measured there, and in spaces that it may share memory with.
    fn sources_for(&self, id: SpaceId, all: &[PlantedText]) -> Vec<PlantedText> {
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

    fn stopped(&mut self, tid: Tid, group: bool) {
        let Some(tracee) = self.tracees.get_mut(&tid) else {
            self.unclaimed(tid, group);
            return;
        };
        tracee.was_stopped |= group;
        let before = tracee.doing.clone();
        match before {
            Doing::Starting => self.first_stop(tid, group),
            Doing::Listening if !group && self.is_launched_leader(tid) => {
                self.out.push(Action::ContinueFront);
                self.after_stop(tid, group);
            }
            Doing::Listening | Doing::Running | Doing::Settled => self.after_stop(tid, group),
            // A parked thread is stopped already and leaves when its plans have come.
            Doing::Parked(_) => {}
        }
    }

    pub(crate) fn after_stop(&mut self, tid: Tid, group: bool) {
        let interrupted = self.tracees.get_mut(&tid).is_some_and(|tracee| std::mem::take(&mut tracee.interrupted));
        // The interrupt was ours, so a call that it broke off starts again.
        if interrupted && !group {
            self.out.extend(self.repair_call(tid));
        }
        if self.leaving {
            self.release(tid, None);
        } else if group {
            self.set_doing(tid, Doing::Listening);
            self.out.push(Action::Listen { tid });
        } else {
            self.release(tid, None);
        }
    }

    fn call_stop(&mut self, tid: Tid) {
        let interrupted = self.tracees.get_mut(&tid).is_some_and(|tracee| std::mem::take(&mut tracee.interrupted));
        self.out.push(Action::FollowCall { tid, again: interrupted || self.leaving });
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
