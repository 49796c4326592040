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

/// Finds all landmarks of an image.
///
/// # Errors
/// If the budget is used up.
pub(super) fn find(
    elf: &Elf<'_>,
    code: &Code,
    text: &Text<'_>,
    budget: &mut Budget,
    shortfalls: &mut Shortfalls,
) -> Result<Vec<Landmark>, IndexError> {
    let mut found = system_calls(code, text, budget)?;
    for symbol in elf.functions().filter(|symbol| symbol.is_named(LOADER_STATE)) {
        match loader_state(symbol.start, text) {
            Some(landmark) => found.push(landmark),
            None => shortfalls.add(Shortfall::LoaderStateShape),
        }
    }
    let clones = elf.functions().filter(|symbol| CLONE.iter().any(|name| symbol.is_named(name)));
    let clones: Vec<Range<u64>> =
        clones.map(|symbol| symbol.start.0..symbol.start.0.saturating_add(symbol.size)).collect();
    found.extend(calls(&CLONE_CALL, LandmarkKind::Clone, code, text, budget, |at, _| {
        clones.iter().any(|range| range.contains(&at.0))
    })?);
    found.sort_unstable();
    found.dedup();
    Ok(found)
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

fn system_calls(code: &Code, text: &Text<'_>, budget: &mut Budget) -> Result<Vec<Landmark>, IndexError> {
    let mut found = calls(&RT_SIGPROCMASK_NUMBER, LandmarkKind::SignalMask, code, text, budget, |_, behind| {
        leads_to_syscall(behind)
    })?;
    found.extend(calls(&RT_SIGACTION_NUMBER, LandmarkKind::SignalAction, code, text, budget, |_, behind| {
        leads_to_syscall(behind)
    })?);
    Ok(found)
}

/// The instructions that start with `bytes` at a place, and with code behind them, that are meant.
fn calls(
    bytes: &[u8],
    kind: LandmarkKind,
    code: &Code,
    text: &Text<'_>,
    budget: &mut Budget,
    meant: impl Fn(Svma, &[u8]) -> bool,
) -> Result<Vec<Landmark>, IndexError> {
    let finder = memmem::Finder::new(bytes);
    // Segments may show the same bytes of the file over and over.
    budget.spend(text.ranges().iter().map(|range| (range.end.0 - range.start.0) as usize).sum())?;
    let mut landmarks = Vec::new();
    for range in text.ranges() {
        let bytes_of_range = text.bytes_from(range, range.start);
        for found in finder.find_iter(bytes_of_range) {
            let at = Svma(range.start.0 + found as u64);
            if meant(at, &bytes_of_range[found + bytes.len()..]) && code.standing(at) == Standing::Start {
                landmarks.push(Landmark { offset: range.offset_of(at), kind, original: bytes[0] });
            }
        }
    }
    Ok(landmarks)
}
