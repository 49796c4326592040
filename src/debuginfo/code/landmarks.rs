//! Instructions of the C library and the loader that the tracer watches for its own sake.
//!
//! Invariant: landmarks are sorted by offset without duplicates, and each is at the proven start of an instruction.
//! They are independent of the probes: both lists may name the same offset.

use memchr::memmem;
use platform::arch::{
    BRANCH_LANDING, CLONE_ARGUMENTS, CLONE_CALL, MOV_LEN, RETURN, RT_SIGACTION_NUMBER, RT_SIGPROCMASK_NUMBER, SYSCALL,
    leads_to_syscall,
};

use super::announced::AnyCall;
use super::calls;
use super::chunk::AddressKind;
use super::decoded::Code;
use crate::debuginfo::error::{Budget, IndexError};
use crate::debuginfo::index::{Landmark, LandmarkKind, Svma};
use crate::debuginfo::reading::elf::Elf;
use crate::debuginfo::reading::text::Text;
use crate::debuginfo::shortfall::{Shortfall, Shortfalls};

/// The function that glibc's and musl's loaders call before and after they change their list of libraries.
const LOADER_STATE: &str = "_dl_debug_state";

/// An instruction that looks like a landmark.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    pub(crate) at: Svma,
    landmark: Landmark,
}

/// Finds what looks like a landmark by its bytes, in order of address.
///
/// # Errors
/// If the budget is used up.
pub(crate) fn candidates(elf: &Elf<'_>, text: &Text<'_>, budget: &mut Budget) -> Result<Vec<Candidate>, IndexError> {
    let free = calls::with_free_flags(elf);
    let has_free_flags =
        |at: Svma, _: &[u8]| free.as_ref().is_none_or(|ranges| ranges.iter().any(|range| range.contains(&at.0)));
    let leads = |_: Svma, behind: &[u8]| leads_to_syscall(behind);
    let mut found = starting_with(&RT_SIGPROCMASK_NUMBER, LandmarkKind::SignalMask, text, budget, leads)?;
    found.extend(starting_with(&RT_SIGACTION_NUMBER, LandmarkKind::SignalAction, text, budget, leads)?);
    found.extend(starting_with(&CLONE_CALL, LandmarkKind::Clone, text, budget, has_free_flags)?);
    found.extend(starting_with(&SYSCALL, LandmarkKind::Call, text, budget, has_free_flags)?);
    let any_call = AnyCall::of(elf, text);
    if !any_call.is_absent() {
        for argument in &CLONE_ARGUMENTS {
            let behind = |at: Svma| Svma(at.0 + argument.len() as u64);
            let announces = |at: Svma, code: &[u8]| any_call.is_called_at(behind(at), code);
            found.extend(starting_with(argument, LandmarkKind::Announced, text, budget, announces)?);
        }
    }
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

/// What starts with `bytes` at a place, and with code behind it, that is meant.
fn starting_with(
    bytes: &[u8],
    kind: LandmarkKind,
    text: &Text<'_>,
    budget: &mut Budget,
    meant: impl Fn(Svma, &[u8]) -> bool,
) -> Result<Vec<Candidate>, IndexError> {
    let finder = memmem::Finder::new(bytes);
    // Segments may show the same bytes of the file over and over.
    budget.spend(text.ranges().iter().map(|range| (range.end.0 - range.start.0) as usize).sum())?;
    let mut candidates = Vec::new();
    for range in text.ranges() {
        let bytes_of_range = text.bytes_from(range, range.start);
        for found in finder.find_iter(bytes_of_range) {
            let at = Svma(range.start.0 + found as u64);
            if meant(at, &bytes_of_range[found + bytes.len()..]) {
                let landmark = Landmark { offset: range.offset_of(at), kind, original: bytes[0] };
                candidates.push(Candidate { at, landmark });
            }
        }
    }
    Ok(candidates)
}
