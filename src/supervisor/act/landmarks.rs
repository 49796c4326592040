//! Serving a landmark: what it hides from the program is done for the thread, and what it announces is noted.
//!
//! Invariant: where that fails the landmark goes, and the thread executes its instruction itself.

use super::apply::{HiddenFlags, Performer};
use super::repair::{self, Coming};
use crate::link::ProcessNo;
use crate::plan::LandmarkKind;
use crate::supervisor::decide::ids::SpaceId;
use crate::warning::WarningKind;
use platform::arch::{self, Untraced};
use platform::{Avma, OsError, Tid};
use std::time::Instant;

impl Performer {
    pub(super) fn emulate(&mut self, tid: Tid, process: ProcessNo, space: SpaceId, at: Avma, kind: LandmarkKind) {
        self.repair_trap(process, tid, space);
        let access = self.texts.access(&self.tracer, space, tid);
        let told = match kind {
            LandmarkKind::LoaderState => arch::emulate_return(&access, || self.texts.find_return(space)).map(|()| true),
            LandmarkKind::LoaderStateEndbr => arch::emulate_branch_landing(&self.tracer, tid, at).map(|()| true),
            LandmarkKind::Clone => {
                let coming = repair::clone_number(&access, at);
                coming.map(|coming| self.note_clone(process, tid, space, coming))
            }
            LandmarkKind::Call => {
                let coming = repair::call(&access, at, self.texts.find_call(space));
                self.timed.has_entered(tid);
                coming.map(|coming| self.note_clone(process, tid, space, coming))
            }
            // The call tells whether there is a child.
            LandmarkKind::Announced => arch::emulate_argument(&access, at).map(|()| false),
            LandmarkKind::SignalMask => self.sigtrap.mask_call(&access, at),
            LandmarkKind::SignalAction => self.sigtrap.action_call(&access, process, at),
        };
        match told {
            Ok(true) => {}
            Ok(false) => self.wear_out(tid, space, at, kind),
            Err(error) if error.is_gone() => {}
            Err(error) => self.abandon(process, tid, space, at, kind, &error),
        }
    }

    /// Tells of a child that was to be untraced; false if the call makes nobody.
    fn note_clone(&mut self, process: ProcessNo, tid: Tid, space: SpaceId, coming: Coming) -> bool {
        if let Coming::Untraced(Untraced { flags, place }) = coming {
            self.flags.extend(place.map(|place| (tid, HiddenFlags { space, place, flags })));
            let mut text = "it made a child that no tracer shall see (CLONE_UNTRACED), which is traced nevertheless, \
                            or it would die of breakpoints"
                .to_owned();
            if arch::shares_memory(flags) {
                text += "; a leak checker does so, which works under no tracer: ASAN_OPTIONS=detect_leaks=0 or \
                         LSAN_OPTIONS=detect_leaks=0 has the program go on without it";
            }
            self.warn(Some(process), WarningKind::UntracedChild, text, 1);
        }
        coming != Coming::Other
    }

    /// A thread has made a child: the flags in its memory are again what it set.
    pub(super) fn give_back_flags(&mut self, tid: Tid) {
        if let Some(HiddenFlags { space, place, flags }) = self.flags.remove(&tid) {
            let given = self.texts.access(&self.tracer, space, tid).write(place, &flags.to_ne_bytes());
            self.note(given);
        }
    }

    /// What a landmark hides could not be done for the thread: the landmark goes, and the thread does it itself.
    fn abandon(&mut self, process: ProcessNo, tid: Tid, space: SpaceId, at: Avma, kind: LandmarkKind, error: &OsError) {
        let restored = self.texts.restore_byte(&self.tracer, space, tid, at, kind.first_byte());
        let rewound = self.tracer.set_pc(tid, at);
        let text = format!("a place that cov-trace watched is watched no more: {error}");
        self.warn(Some(process), WarningKind::LandmarkLost, text, 1);
        self.note(restored.and(rewound));
    }

    /// Puts landmarks back that are out because there were so many other calls.
    pub(super) fn watch_calls(&mut self, space: SpaceId, places: Vec<Avma>) {
        for at in places {
            if self.wear.comes_back(space, at, Instant::now()) {
                self.texts.put_back(space, at, LandmarkKind::Call);
            }
        }
    }

    /// A program that calls these all the time shall not pay for each: the breakpoint goes, the inference stays.
    fn wear_out(&mut self, tid: Tid, space: SpaceId, at: Avma, kind: LandmarkKind) {
        if self.wear.is_worn_out(space, at, kind, Instant::now()) {
            // If it stays, it is served as before.
            let restored = self.texts.restore_byte(&self.tracer, space, tid, at, kind.first_byte());
            self.note(restored.map(drop));
        }
    }
}
