//! Deciding about SIGTRAP: whose breakpoint it is for, and what a hit of ours brings.
//!
//! Invariant: SIGTRAP is suppressed only where a breakpoint of ours is or was.

use super::action::{Action, Mark, ServedHit, Spent, Then};
use super::ids::ProbeSite;
use super::input::{Remains, Sought};
use super::planted_text::COPY_ADVICE;
use super::space::{Found, Space, SpaceUser};
use super::state::{Doing, Process, State, Whence};
use crate::link::ProcessNo;
use crate::plan::{LandmarkKind, Progress};
use crate::warning::WarningKind;
use platform::{Avma, Signal, Tid, TrapCause};

/// What a hit is to its site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hit {
    /// The one that it was armed for.
    First,
    /// One more, by a thread that met the breakpoint before it was taken out.
    Stale { restore: bool },
}

/// When the probe at a landmark is credited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Credit {
    Now,
    /// It was, before the context was changed.
    Before,
}

impl State {
    pub(super) fn trap(&mut self, tid: Tid, at: Avma) {
        let found = self.find(tid, at);
        if self.may_change_context(tid, found) {
            // Until that is read it needs not be seen.
            self.set_doing(tid, Doing::Met);
            let object = self.object_at(tid, at);
            self.out.push(Action::ReadStack { tid, at, object });
        } else {
            self.serve_trap(tid, at, found, Credit::Now);
        }
    }

    pub(super) fn serve_trap(&mut self, tid: Tid, at: Avma, found: Found, credit: Credit) {
        match found {
            Found::Armed(site) => self.serve(tid, at, site, Hit::First),
            Found::Landmark(kind, site) => self.landmark(tid, at, kind, site.filter(|_| credit == Credit::Now)),
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
    pub(super) fn cause(&mut self, tid: Tid, at: Avma, cause: TrapCause, remains: Remains) {
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
                self.weigh(tid, Signal::TRAP);
            }
        }
    }

    /// A breakpoint of the program's own.
    fn foreign(&mut self, tid: Tid) {
        if let Some((process, Process { space, .. })) = self.process_of(tid) {
            self.out.push(Action::KeepHandler { tid, process, space: *space });
        }
        self.weigh(tid, Signal::TRAP);
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

    pub(super) fn copy_sought(&mut self, tid: Tid, at: Avma, sought: Sought) {
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

    pub(super) fn find(&self, tid: Tid, at: Avma) -> Found {
        self.process_of(tid)
            .and_then(|(_, process)| self.spaces.get(&process.space))
            .map_or(Found::Nothing, |space| space.find(at))
    }

    pub(super) fn mark(&self, process: ProcessNo, site: ProbeSite) -> Mark {
        let ProbeSite { instance, first, probe, probes, .. } = site;
        let exact = self.processes.get(&process).is_some_and(|process| process.exact);
        Mark { process, image: instance.image, first: if exact { first } else { probe }, probe, probes, exact }
    }

    /// A thread may never get to the breakpoint at the end of the straight-line code that it is in.
    pub(super) fn paused_at(&mut self, tid: Tid, at: Avma, progress: Progress) {
        let Some((number, process)) = self.process_of(tid) else { return };
        if self.comes_again(tid, at) {
            return;
        }
        let space = process.space;
        let executed = self.spaces.get(&space).and_then(|space| space.executed_at(at, progress));
        let executed = executed.filter(|_| !self.may_enter(tid, at));
        self.out.extend(executed.map(|site| Action::Mark(self.mark(number, site))));
        if let Some(space) = self.spaces.get_mut(&space) {
            space.note_position(at, progress);
        }
    }

    fn serve(&mut self, tid: Tid, at: Avma, site: ProbeSite, hit: Hit) {
        let Some((number, process)) = self.process_of(tid) else {
            return;
        };
        let (space, by) = (process.space, if process.borrows { SpaceUser::Borrower } else { SpaceUser::Owner });
        let also = match (self.spaces.get_mut(&space), hit) {
            (Some(space), Hit::First) => space.spend(site, by, &mut self.once),
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
        let mark = self.mark(number, site);
        let restore = (hit != Hit::Stale { restore: false }).then_some(site.original);
        let (offset, armed) = (site.offset(at), hit == Hit::First);
        self.out.push(Action::Serve(ServedHit { tid, at, space, restore, offset, armed, also, mark, then }));
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
            self.out.push(Action::Mark(self.mark(process, site)));
        }
        if kind == LandmarkKind::Announced {
            let places = self.spaces.get(&space).map(Space::all_calls).unwrap_or_default();
            self.out.push(Action::WatchCalls { space, places });
        }
        let place = self.spaces.get(&space).and_then(|space| space.in_file(at));
        self.out.push(Action::Emulate { tid, process, space, at, kind, place });
        match kind {
            LandmarkKind::LoaderState | LandmarkKind::LoaderStateEndbr => {
                self.out.push(Action::ReadMappings { tid, space })
            }
            LandmarkKind::Context(_) => self.set_doing(tid, Doing::Switching(Whence::Within)),
            LandmarkKind::SignalMask
            | LandmarkKind::OwnSignalMask
            | LandmarkKind::SignalAction
            | LandmarkKind::Open(_)
            | LandmarkKind::Clone
            | LandmarkKind::Call
            | LandmarkKind::Announced
            | LandmarkKind::Enter(_)
            | LandmarkKind::Leave => self.release(tid, None),
        }
    }
}
