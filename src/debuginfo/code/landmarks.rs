//! Instructions of the C library and the loader that the tracer watches for its own sake.
//!
//! Invariant: landmarks are sorted by offset without duplicates, and each is at the proven start of an instruction.
//! They are independent of the probes: both lists may name the same offset.

use memchr::memmem;
use platform::arch::{
    BRANCH_LANDING, CLONE_ARGUMENTS, CLONE_CALL, MOV_LEN, OpenCall, RETURN, RT_SIGACTION_NUMBER, RT_SIGPROCMASK_NUMBER,
    SYSCALL, leads_to_syscall,
};

use super::announced::AnyCall;
use super::calls;
use super::chunk::AddressKind;
use super::context_probes;
use super::decoded::Code;
use crate::debuginfo::error::{Budget, IndexError};
use crate::debuginfo::index::{Landmark, LandmarkKind, Svma};
use crate::debuginfo::reading::elf::Elf;
use crate::debuginfo::reading::portions;
use crate::debuginfo::reading::text::{Text, TextRange};
use crate::debuginfo::shortfall::{Shortfall, Shortfalls};

/// The function that glibc's and musl's loaders call before and after they change their list of libraries.
const LOADER_STATE: &str = "_dl_debug_state";

/// An instruction that looks like a landmark.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    pub(crate) at: Svma,
    pub(super) landmark: Landmark,
}

/// Finds what looks like a landmark by its bytes, in order of address; calls `step_done` whenever it has seen some text.
///
/// # Errors
/// If the budget is used up.
pub(crate) fn candidates(
    elf: &Elf<'_>,
    text: &Text<'_>,
    budget: &mut Budget,
    step_done: &(dyn Fn() + Sync),
) -> Result<Vec<Candidate>, IndexError> {
    /// Text that one thread looks at in one go.
    const WINDOWS: usize = 16;
    let free = calls::with_free_flags(elf);
    let has_free_flags =
        |at: Svma, _: &[u8]| free.as_ref().is_none_or(|ranges| ranges.iter().any(|range| range.contains(&at.0)));
    let leads = |_: Svma, behind: &[u8]| leads_to_syscall(behind);
    let any_call = AnyCall::of(elf, text);
    let arguments = CLONE_ARGUMENTS.iter().filter(|_| !any_call.is_absent());
    let windows = windows(text, 4 + OpenCall::ALL.len() + CLONE_ARGUMENTS.len(), budget)?;
    let found = portions::map_runs(&windows, WINDOWS, |windows| {
        let mut found = Vec::new();
        for window in windows {
            window.find(&RT_SIGPROCMASK_NUMBER, LandmarkKind::SignalMask, leads, &mut found);
            window.find(&RT_SIGACTION_NUMBER, LandmarkKind::SignalAction, leads, &mut found);
            for call in OpenCall::ALL {
                window.find(&call.instruction(), LandmarkKind::Open(call), leads, &mut found);
            }
            window.find(&CLONE_CALL, LandmarkKind::Clone, has_free_flags, &mut found);
            window.find(&SYSCALL, LandmarkKind::Call, has_free_flags, &mut found);
            for argument in arguments.clone() {
                let behind = |at: Svma| Svma(at.0 + argument.len() as u64);
                let announces = |at: Svma, code: &[u8]| any_call.is_called_at(behind(at), code);
                window.find(argument, LandmarkKind::Announced, announces, &mut found);
            }
        }
        step_done();
        found
    });
    let mut found = found.concat();
    found.extend(context_probes::candidates(elf, text));
    found.sort_unstable_by_key(|candidate| candidate.at);
    Ok(found)
}

/// All landmarks of an image: those of the candidates that are instructions, and the loader's.
pub(crate) fn find(
    candidates: &[Candidate],
    elf: &Elf<'_>,
    code: &Code,
    text: &Text<'_>,
    shortfalls: &mut Shortfalls,
) -> Vec<Landmark> {
    let proven: Vec<&Candidate> =
        candidates.iter().filter(|candidate| code.kind_of(candidate.at) == AddressKind::Start).collect();
    let of = |kind: LandmarkKind| proven.iter().filter(move |candidate| candidate.landmark.kind == kind);
    let calls: Vec<Svma> = of(LandmarkKind::Call).map(|candidate| candidate.at).collect();
    let mut making = calls::making_children(&calls, code, text);
    for candidate in of(LandmarkKind::Clone) {
        // The `syscall` behind it is taken care of.
        making.remove(&Svma(candidate.at.0 + MOV_LEN));
    }
    let is_meant =
        |candidate: &&&Candidate| candidate.landmark.kind != LandmarkKind::Call || making.contains(&candidate.at);
    let mask_calls: Vec<Svma> = of(LandmarkKind::SignalMask).map(|candidate| candidate.at).collect();
    let own = calls::with_constant_first(&mask_calls, code, text);
    let landmark = |candidate: &&Candidate| match candidate.landmark {
        landmark if own.contains(&candidate.at) => Landmark { kind: LandmarkKind::OwnSignalMask, ..landmark },
        landmark => landmark,
    };
    let mut found: Vec<Landmark> = proven.iter().filter(is_meant).map(landmark).collect();
    for symbol in elf.functions().filter(|symbol| symbol.is_named(LOADER_STATE)) {
        match loader_state(symbol.start, text) {
            Some(landmark) => found.push(landmark),
            None => shortfalls.add(Shortfall::LoaderStateShape),
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn loader_state(start: Svma, text: &Text<'_>) -> Option<Landmark> {
    let range = text.range_at(start)?;
    let code = text.bytes_from(range, start);
    let (&original, offset) = (code.first()?, range.offset_of(start));
    if original == RETURN {
        return Some(Landmark { offset, kind: LandmarkKind::LoaderState, original });
    }
    let behind = code.strip_prefix(&BRANCH_LANDING)?;
    (behind.first() == Some(&RETURN)).then_some(Landmark { offset, kind: LandmarkKind::LoaderStateEndbr, original })
}

/// A part of the text.
struct Window<'t> {
    range: &'t TextRange,
    start: Svma,
    /// From its start to the end of the range.
    bytes: &'t [u8],
    /// How many of the bytes are its own.
    len: usize,
}

/// The text in parts, each of which is looked at so many times.
fn windows<'t>(text: &'t Text<'_>, times: usize, budget: &mut Budget) -> Result<Vec<Window<'t>>, IndexError> {
    const LEN: usize = 64 << 10;
    let mut windows = Vec::new();
    for range in text.ranges() {
        // Segments may show the same bytes of the file over and over.
        budget.spend(((range.end.0 - range.start.0) as usize).saturating_mul(times))?;
        let bytes = text.bytes_from(range, range.start);
        windows.extend((0..bytes.len()).step_by(LEN).map(|at| {
            let start = Svma(range.start.0 + at as u64);
            Window { range, start, bytes: &bytes[at..], len: LEN.min(bytes.len() - at) }
        }));
    }
    Ok(windows)
}

impl Window<'_> {
    /// Adds what starts with `bytes` in it, and with code behind that is meant.
    fn find(&self, bytes: &[u8], kind: LandmarkKind, meant: impl Fn(Svma, &[u8]) -> bool, found: &mut Vec<Candidate>) {
        let within = &self.bytes[..self.bytes.len().min(self.len + bytes.len() - 1)];
        for place in memmem::find_iter(within, bytes) {
            let at = Svma(self.start.0 + place as u64);
            if meant(at, &self.bytes[place + bytes.len()..]) {
                let landmark = Landmark { offset: self.range.offset_of(at), kind, original: bytes[0] };
                found.push(Candidate { at, landmark });
            }
        }
    }
}
