//! Serving a hit: its mark, the program counter, and what the trap did to SIGTRAP's mask and handler.
//!
//! Invariant: the mark is set before the thread goes on.

use super::apply::Performer;
use super::sections::Opened;
use crate::link::{FromSupervisor, ProcessNo};
use crate::supervisor::decide::action::{Mark, Then};
use crate::supervisor::decide::ids::SpaceId;
use crate::warning::WarningKind;
use platform::{Avma, OsError, Signal, Tid};

impl Performer {
    /// Lets a thread go on after its hit. Gives whether the breakpoint is out now, and it was not the program that
    /// overwrote it.
    pub(super) fn served(
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
