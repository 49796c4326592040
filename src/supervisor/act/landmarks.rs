//! Serving a landmark: what it hides from the program is done for the thread, and what it announces is noted.
//!
//! Invariant: where that fails the landmark goes, and the thread executes its instruction itself.

use super::apply::{HiddenFlags, Performer};
use super::contexts::Change;
use super::opened::coming_file;
use super::repair::{self, Coming};
use super::trap_repair::MaskChange;
use crate::contexts::{ContextKind, LONGEST_LABEL};
use crate::link::{ContextChange, ProcessNo};
use crate::plan::LandmarkKind;
use crate::supervisor::decide::frames::FunctionContext;
use crate::supervisor::decide::ids::{FilePlace, SpaceId};
use crate::supervisor::decide::mask_sites::MaskRole;
use crate::warning::WarningKind;
use platform::arch::{self, ProbeArgument, Untraced};
use platform::{Access, Avma, OsError, Tid};
use std::time::Instant;

/// A program has said in which context it is; the thread waits until it is.
#[derive(Debug)]
pub(super) struct ContextAsked {
    pub tid: Tid,
    pub process: ProcessNo,
    /// None if that cannot be read.
    pub change: Option<Change>,
}

impl ContextAsked {
    fn read(access: &Access<'_>, process: ProcessNo, argument: ProbeArgument) -> Self {
        let label = read_label(access, argument).ok();
        let change =
            label.map(|label| Change::Asked(ContextKind::Probe, label.map_or(ContextChange::Back, ContextChange::To)));
        ContextAsked { tid: access.tid, process, change }
    }
}

/// The label that a thread gives with its probe, as far as labels go; none if it gives none.
fn read_label(access: &Access<'_>, argument: ProbeArgument) -> Result<Option<String>, OsError> {
    let start = argument.read(access)?;
    if start == 0 {
        return Ok(None);
    }
    let label = read_text(access, Avma(start), LONGEST_LABEL)?;
    Ok(Some(String::from_utf8_lossy(&label).trim().to_owned()))
}

/// The text at an address up to its NUL byte, or as much of it as is wanted.
pub(super) fn read_text(access: &Access<'_>, start: Avma, longest: usize) -> Result<Vec<u8>, OsError> {
    const AT_ONCE: u64 = 64;
    let mut text = Vec::new();
    while text.len() < longest {
        // No further than to the end of an aligned part, so that no page is touched behind the one with the end.
        let at = start.0.wrapping_add(text.len() as u64);
        let mut part = vec![0; (AT_ONCE - at % AT_ONCE) as usize];
        access.read(Avma(at), &mut part)?;
        let len = part.iter().position(|byte| *byte == 0);
        text.extend_from_slice(&part[..len.unwrap_or(part.len())]);
        if len.is_some() {
            break;
        }
    }
    text.truncate(longest);
    Ok(text)
}

impl Performer {
    pub(super) fn emulate(
        &mut self,
        (tid, process, space): (Tid, ProcessNo, SpaceId),
        at: Avma,
        kind: LandmarkKind,
        place: Option<FilePlace>,
    ) {
        self.repair_trap(process, tid, space);
        let access = self.texts.access(&self.tracer, space, tid);
        let mut change = None;
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
            LandmarkKind::SignalMask | LandmarkKind::OwnSignalMask => self.sigtrap.mask_call(&access, at).map(|told| {
                change = told.filter(|_| kind == LandmarkKind::OwnSignalMask);
                told.is_some_and(|change| change.is_new)
            }),
            LandmarkKind::Context(argument) => {
                self.asked_contexts.push_back(ContextAsked::read(&access, process, argument));
                // Behind the `nop`.
                self.tracer.set_pc(tid, Avma(at.0 + 1)).map(|()| true)
            }
            LandmarkKind::Enter(first) => first.emulate(&access, at).map(|()| true),
            LandmarkKind::Leave => arch::emulate_return(&access, || self.texts.find_return(space)).map(|()| true),
            LandmarkKind::Open(call) => {
                let file = coming_file(&access, at, call);
                file.map(|file| self.note_file(process, file)).map(|()| true)
            }
            LandmarkKind::SignalAction => self.sigtrap.action_call(&access, process, at),
        };
        let is_known = change.zip(place).is_some_and(|(change, place)| self.is_known_call(tid, space, place, change));
        match told {
            Ok(_) if is_known => self.take_out(tid, space, at, kind),
            Ok(true) => {}
            Ok(false) => self.wear_out(tid, space, at, kind),
            Err(error) if error.is_gone() => {}
            Err(error) => self.abandon(process, tid, space, at, kind, &error),
        }
    }

    /// A process is to be in the context of a function from here on, or in none.
    pub(super) fn enter_function(&mut self, tid: Tid, process: ProcessNo, context: FunctionContext) {
        if context == FunctionContext::Several {
            let text = "functions that are contexts ran in several threads at once, so what they ran is kept as \
                        \"(several at once)\"; have one run after the other (--test-threads=1), or each in a process \
                        of its own (--context-by process)";
            self.warn(Some(process), WarningKind::ContextAmbiguous, text.to_owned(), 1);
        }
        self.asked_contexts.push_back(ContextAsked { tid, process, change: Some(Change::Function(context)) });
    }

    /// Whether a call that the C library makes for its own sake always does what it does now.
    fn is_known_call(&mut self, tid: Tid, space: SpaceId, place: FilePlace, change: MaskChange) -> bool {
        /// More than the data of a thread that the library itself has behind its thread pointer.
        const OWN_DATA: u64 = 1 << 14;
        let pointer = arch::thread_pointer(&self.tracer, tid).ok();
        let within = pointer.map(|pointer| change.set.0.wrapping_sub(pointer.0)).filter(|within| *within < OWN_DATA);
        let role = MaskRole::of(change.before, change.after, change.is_new, within);
        self.mask_sites.is_known(space, place, role)
    }

    /// A thread of a space has made another one, or a process.
    pub(super) fn thread_born(&mut self, thread_of: Option<ProcessNo>, child: Tid, maker: Tid, space: SpaceId) {
        let access = self.texts.access(&self.tracer, space, maker);
        let start = thread_of.and_then(|_| self.mask_sites.start_in(space));
        self.sigtrap.thread_born(&access, thread_of, child, start);
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
            self.take_out(tid, space, at, kind);
        }
    }

    fn take_out(&mut self, tid: Tid, space: SpaceId, at: Avma, kind: LandmarkKind) {
        // If it stays, it is served as before.
        let restored = self.texts.restore_byte(&self.tracer, space, tid, at, kind.first_byte());
        self.note(restored.map(drop));
    }
}
