//! Serving a hit: its mark, the program counter, and what the trap did to SIGTRAP's mask and handler; and the SIGTRAPs
//! that are the program's own.
//!
//! Invariant: the mark is set before the thread goes on.

use super::apply::Performer;
use super::bytes::Beside;
use super::hear;
use super::repair;
use super::sections::Opened;
use crate::link::{FromSupervisor, ProcessNo};
use crate::supervisor::decide::action::{Mark, ServedHit, Spent, Then};
use crate::supervisor::decide::ids::SpaceId;
use crate::supervisor::decide::input::{Input, Remains};
use crate::warning::WarningKind;
use platform::procfs::Disposition;
use platform::{Avma, OsError, Signal, Tid, TrapCause};
use std::collections::VecDeque;

impl Performer {
    /// Serves a hit: the others that tell nothing new are restored, it is marked, its byte is restored, and the thread
    /// goes on.
    pub(super) fn serve(&mut self, hit: ServedHit, inputs: &mut VecDeque<Input>) {
        let ServedHit { tid, at, space, restore, offset, armed, also, mark, then } = hit;
        let beside = if self.pace.is_alone { Beside::Nobody } else { Beside::Threads };
        let mut overwritten = self.texts.restore_bytes(&self.tracer, space, tid, &also, beside);
        self.mark(mark);
        // Only a program with a handler may have written one of its own over ours.
        if then == Then::Resume
            && self.sigtrap.has_handler(mark.process)
            && self.texts.is_rewritten(&self.tracer, space, tid, at, mark.image, offset)
        {
            self.keep_handler(mark.process, tid, space);
            inputs.push_back(self.weigh(tid, Some(mark.process), Signal::TRAP));
        } else {
            self.timed.forget(tid);
            self.guard.serving(tid, at);
            let restored = match restore {
                None => Ok(true),
                // Nobody has written there since the only thread hit it.
                Some(byte) if armed && beside == Beside::Nobody => {
                    self.texts.restore_armed_byte(&self.tracer, space, tid, at, byte)
                }
                Some(byte) => self.texts.restore_byte(&self.tracer, space, tid, at, byte),
            };
            if !self.served(tid, at, space, restored, mark.process, then) {
                overwritten.push(at);
            }
        }
        if !overwritten.is_empty() {
            inputs.push_back(Input::Overwritten { space, places: overwritten });
        }
    }

    /// Lets a thread go on after its hit. Gives whether the breakpoint is out now, and it was not the program that
    /// overwrote it.
    fn served(
        &mut self,
        tid: Tid,
        at: Avma,
        space: SpaceId,
        restored: Result<bool, OsError>,
        process: ProcessNo,
        then: Then,
    ) -> bool {
        let was_there = match restored {
            Err(error) if !error.is_gone() => {
                self.give_up(process, tid, &error);
                return false;
            }
            Err(_) => true,
            Ok(was_there) => was_there,
        };
        let rewound = self.tracer.set_pc(tid, at);
        self.note(rewound);
        self.guard.served();
        if !(self.pace.is_in_the_midst() && self.sigtrap.is_out_of_use(process, tid)) {
            self.repair_trap(process, tid, space);
        }
        let left = match then {
            Then::Resume => self.pace.resume(&self.tracer, tid),
            Then::Detach => self.tracer.detach(tid, None),
        };
        self.note(left);
        was_there
    }

    /// A breakpoint that was inherited cannot be taken out again. The thread gets its signal, as it would without a
    /// tracer: to go on serving it would never end.
    fn give_up(&mut self, process: ProcessNo, tid: Tid, error: &OsError) {
        self.guard.served();
        let text = format!("a breakpoint could not be taken out, so the process got SIGTRAP: {error}");
        self.warn(Some(process), WarningKind::TextNotRestored, text, 1);
        let resumed = self.tracer.resume(tid, Some(Signal::TRAP));
        self.note(resumed);
    }

    pub(super) fn mark(&mut self, mark: Mark) {
        match self.sections.mark(mark) {
            Ok(None) => {}
            Ok(Some(Opened { section, moved_to })) => {
                if let Some(file) = moved_to {
                    let _recorder_gone = self.recorder.send(&FromSupervisor::MarksInMemory, Some(file));
                }
                self.tell(&section);
                self.sections.set(mark);
            }
            Err(_) => self.lost += 1,
        }
    }

    /// Reads why a SIGTRAP came, and what is there now where a breakpoint of ours was.
    pub(super) fn ask_cause(&mut self, tid: Tid, at: Avma, spent: Option<Spent>, inputs: &mut VecDeque<Input>) {
        let cause = match self.tracer.signal_info(tid) {
            Ok(info) => info.trap_cause(),
            Err(error) if error.is_gone() => return,
            Err(_) => TrapCause::Other,
        };
        if cause != TrapCause::Breakpoint {
            inputs.extend(hear::paused_at(&self.tracer, tid));
        }
        let spent = spent.filter(|_| cause == TrapCause::Breakpoint);
        let remains = spent.map_or(Remains::Ours, |spent| {
            let handles_trap = || self.sigtrap.handles_trap(spent.process, tid);
            self.texts.remains(&self.tracer, tid, spent, at, handles_trap)
        });
        inputs.push_back(Input::Cause { tid, at, cause, remains });
    }

    /// Finds out what a signal would do natively.
    pub(super) fn weigh(&mut self, tid: Tid, process: Option<ProcessNo>, signal: Signal) -> Input {
        let is_handled = signal == Signal::TRAP && process.is_some_and(|process| self.sigtrap.has_handler(process));
        repair::weigh(&self.tracer, tid, signal, is_handled)
    }

    /// Delivers a signal that a handler of the program may take; one of SIGTRAP is entered in turn.
    pub(super) fn deliver(&mut self, tid: Tid, process: ProcessNo, space: SpaceId, signal: Signal) {
        if signal == Signal::TRAP && !self.sigtrap.takes_turn(process, tid) {
            let disposition = Some(Disposition::Handled);
            return self.texts.work.hear_later(Input::Weighed { tid, signal, disposition, interrupted: false });
        }
        if signal == Signal::TRAP && self.sigtrap.has_handler(process) {
            self.texts.handles_trap(space);
        }
        self.timed.forget(tid);
        // As late as can be: what resets it comes at any moment.
        if signal == Signal::TRAP {
            self.keep_handler(process, tid, space);
        }
        let delivered = self.sigtrap.deliver(&self.tracer, process, tid, signal);
        self.note(delivered);
    }

    pub(super) fn repair_trap(&mut self, process: ProcessNo, tid: Tid, space: SpaceId) {
        let access = self.texts.access(&self.tracer, space, tid);
        let repaired = self.sigtrap.after_breakpoint(&access, process, || self.texts.find_call(space));
        self.note(repaired);
    }

    pub(super) fn keep_handler(&mut self, process: ProcessNo, tid: Tid, space: SpaceId) {
        let access = self.texts.access(&self.tracer, space, tid);
        let kept = self.sigtrap.keep_handler(&access, process, || self.texts.find_call(space));
        self.note(kept);
    }
}
