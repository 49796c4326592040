//! Deciding about functions that are contexts: where one begins or is over, the context is changed first, and then the
//! breakpoint is met once more and served.
//!
//! Invariant: what a function executed is credited to its context, its first and its last instruction too; what is executed
//! after an exception or a longjmp out of it is not.

use super::action::Action;
use super::frames::{Passed, Passing, StackPlace};
use super::ids::SpaceId;
use super::space::Found;
use super::state::{Doing, State, Whence};
use super::trap::Credit;
use crate::contexts::{FunctionLabel, TestObject};
use crate::plan::LandmarkKind;
use crate::warning::WarningKind;
use platform::arch::breakpoint_before;
use platform::{Avma, Tid};

impl State {
    /// Whether a breakpoint may change the context of a thread.
    pub(crate) fn may_change_context_at(&self, tid: Tid, at: Avma) -> bool {
        self.may_change_context(tid, self.find(tid, at))
    }

    /// The same of what was found there. Where no breakpoint is armed it is not known whether one was executed at all.
    pub(super) fn may_change_context(&self, tid: Tid, found: Found) -> bool {
        let is_within = || self.process_of(tid).is_some_and(|(_, process)| process.frames.hold(tid));
        match found {
            _ if self.leaving => false,
            Found::Landmark(LandmarkKind::Enter(_) | LandmarkKind::Leave, _) => true,
            Found::Landmark(..) | Found::Armed(_) => is_within(),
            Found::Spent(_) | Found::Nothing => false,
        }
    }

    /// Whether a thread comes to this breakpoint once more, so that what it had executed before was credited.
    pub(super) fn comes_again(&self, tid: Tid, at: Avma) -> bool {
        let waits = self.tracees.get(&tid).is_some_and(|tracee| matches!(tracee.doing, Doing::Switching(_)));
        !waits && self.process_of(tid).is_some_and(|(_, process)| process.frames.has_changed(tid, at))
    }

    /// Whether a thread may be about to report the breakpoint with which a function begins that is a context, by which its
    /// first line is credited.
    pub(super) fn may_enter(&self, tid: Tid, pc: Avma) -> bool {
        let before = self.find(tid, breakpoint_before(pc));
        matches!(before, Found::Landmark(LandmarkKind::Enter(_), _))
    }

    /// What tells the label of the function that a thread is about to run, with the memory that it is in.
    pub(super) fn object_at(&self, tid: Tid, at: Avma) -> Option<(SpaceId, TestObject)> {
        let space = self.space_of(tid)?;
        match self.spaces.get(&space)?.context_at(at)? {
            FunctionLabel::OfObject(object) => Some((space, *object)),
            FunctionLabel::Is(_) | FunctionLabel::UnlessWithin(_) => None,
        }
    }

    /// Where the stack of a thread is that was stopped by a breakpoint, if that can be read.
    pub(super) fn on_stack(&mut self, tid: Tid, at: Avma, stack: Option<StackPlace>, told: Option<String>) {
        self.set_doing(tid, Doing::Running);
        let found = self.find(tid, at);
        let Some(stack) = stack.filter(|_| !self.leaving) else { return self.serve_trap(tid, at, found, Credit::Now) };
        let Some(number) = self.process_number(tid) else { return };
        let Some(process) = self.processes.get_mut(&number) else { return };
        let space = process.space;
        let label = || self.spaces.get(&space).and_then(|space| space.context_at(at));
        let passing = match found {
            Found::Landmark(LandmarkKind::Enter(_), _) => match (label(), &told) {
                (Some(FunctionLabel::Is(label)), _) | (Some(FunctionLabel::OfObject(_)), Some(label)) => {
                    Passing::Enters(label)
                }
                (Some(FunctionLabel::UnlessWithin(label)), _) => Passing::EntersUnlessWithin(label),
                (Some(FunctionLabel::OfObject(_)), None) | (None, _) => Passing::Nothing,
            },
            Found::Landmark(LandmarkKind::Leave, _) => Passing::Leaves,
            Found::Landmark(..) | Found::Armed(_) | Found::Spent(_) | Found::Nothing => Passing::Nothing,
        };
        if passing == Passing::Leaves && process.frames.first_leaves_unseen(tid, stack) {
            self.out.push(Action::Warn {
                process: Some(number),
                kind: WarningKind::ContextEnteredBefore,
                text: "a function that is a context was running already when cov-trace attached, so what it ran until \
                       it returned is kept as if it were none; attach before it begins"
                    .to_owned(),
                count: 1,
            });
        }
        match process.frames.pass(tid, at, stack, passing) {
            Passed::On => self.serve_trap(tid, at, found, Credit::Now),
            // The return was the function's still.
            Passed::Again if passing == Passing::Leaves => self.serve_trap(tid, at, found, Credit::Before),
            Passed::Again => self.serve_trap(tid, at, found, Credit::Now),
            Passed::Changes(context) => {
                let whence = if passing == Passing::Nothing { Whence::Elsewhere } else { Whence::Edge };
                if let Found::Landmark(LandmarkKind::Leave, Some(site)) = found {
                    self.out.push(Action::Mark(self.mark(number, site)));
                }
                self.out.push(Action::Rewind { tid, process: number, space, at });
                self.set_doing(tid, Doing::Switching(whence));
                self.out.push(Action::EnterFunction { tid, process: number, context });
            }
        }
    }
}
