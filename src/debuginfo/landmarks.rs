//! Instructions of the C library and the loader that the tracer watches for its own sake.
//!
//! Invariant: landmarks are sorted by offset without duplicates, and each stands at the proven start of an instruction.
//! They are independent of the probes: both lists may name the same offset.

use memchr::memmem;
use platform::arch::{
    BRANCH_LANDING, CLONE_CALL, RETURN, RT_SIGACTION_NUMBER, RT_SIGPROCMASK_NUMBER, leads_to_syscall,
};

use super::code::{Code, Standing};
use super::elf::Elf;
use super::error::{Budget, IndexError};
use super::index::{Landmark, LandmarkKind, Svma};
use super::shortfall::{Shortfall, Shortfalls};
use super::text::Text;
use std::ops::Range;

/// The function that glibc's and musl's loaders call before and after they change their list of libraries.
const LOADER_STATE: &str = "_dl_debug_state";

/// Names of the function by which a program makes a child with flags of its own choice (clone(2)).
const CLONE: [&str; 2] = ["clone", "__clone"];

/// An instruction that looks like a landmark.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) at: Svma,
    landmark: Landmark,
}

/// Finds what looks like a landmark by its bytes, in order of address.
///
/// # Errors
/// If the budget is used up.
pub(super) fn candidates(elf: &Elf<'_>, text: &Text<'_>, budget: &mut Budget) -> Result<Vec<Candidate>, IndexError> {
    let clones = elf.functions().filter(|symbol| CLONE.iter().any(|name| symbol.is_named(name)));
    let clones: Vec<Range<u64>> =
        clones.map(|symbol| symbol.start.0..symbol.start.0.saturating_add(symbol.size)).collect();
    let in_clone = |at: Svma, _: &[u8]| clones.iter().any(|range| range.contains(&at.0));
    let leads = |_: Svma, behind: &[u8]| leads_to_syscall(behind);
    let mut found = calls(&RT_SIGPROCMASK_NUMBER, LandmarkKind::SignalMask, text, budget, leads)?;
    found.extend(calls(&RT_SIGACTION_NUMBER, LandmarkKind::SignalAction, text, budget, leads)?);
    found.extend(calls(&CLONE_CALL, LandmarkKind::Clone, text, budget, in_clone)?);
    found.sort_unstable_by_key(|candidate| candidate.at);
    Ok(found)
}

/// All landmarks of an image: those of the candidates that are instructions, and the loader's.
pub(super) fn find(
    candidates: &[Candidate],
    elf: &Elf<'_>,
    code: &Code,
    text: &Text<'_>,
    shortfalls: &mut Shortfalls,
) -> Vec<Landmark> {
    let proven = candidates.iter().filter(|candidate| code.standing(candidate.at) == Standing::Start);
    let mut found: Vec<Landmark> = proven.map(|candidate| candidate.landmark).collect();
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
fn calls(
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
