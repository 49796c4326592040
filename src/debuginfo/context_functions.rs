//! Functions whose calls are contexts: where they begin and where they return.
//!
//! Invariant: a landmark is at the proven start of an instruction: the function was decoded from its start to its end.

use super::error::{Budget, IndexError};
use super::index::{FileOffset, Landmark, LandmarkKind, Svma};
use super::reading::elf::{Elf, FunctionSymbol};
use super::reading::names;
use super::reading::text::Text;
use crate::contexts::{FunctionLabel, FunctionRule, NamedFunction, TestObject};
use platform::arch::{self, ControlFlow, FirstInstruction, RETURN};
use std::collections::HashMap;

/// The functions of an image whose calls are contexts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ContextFunctions {
    /// Where each begins, ascending, with its label.
    pub(crate) entries: Vec<(FileOffset, FunctionLabel)>,
    /// Where they begin and where they return.
    pub(crate) landmarks: Vec<Landmark>,
    /// Names of those that cannot be watched.
    pub(crate) unwatched: Vec<String>,
    /// The framework whose tests these would be, if its functions are not named as they are.
    pub(crate) nameless: Option<&'static str>,
}

/// Which functions of an image are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Among {
    /// All.
    All,
    /// Those that run tests, which may be of other images.
    Runners,
}

/// Finds the functions of an image that a rule means.
///
/// # Errors
/// As [`index`](fn@super::index).
pub(crate) fn context_functions(
    bytes: &[u8],
    rule: &FunctionRule,
    among: Among,
) -> Result<ContextFunctions, IndexError> {
    let elf = Elf::parse(bytes)?;
    let (text, mut budget) = (elf.text(), Budget::for_bytes(bytes.len()));
    // A function may have several names; one is enough.
    let mut sizes = HashMap::new();
    let mut named = Vec::new();
    let is_asked = |symbol: &FunctionSymbol<'_>| match among {
        Among::All => true,
        Among::Runners => TestObject::may_be_of(symbol.name(usize::MAX)),
    };
    for symbol in elf.functions().filter(|symbol| symbol.size > 0 && is_asked(symbol)) {
        if sizes.insert(symbol.start, symbol.size).is_none() {
            named.push((symbol.start, names::demangle(symbol.name(usize::MAX), &mut budget)?));
        }
    }
    let functions: Vec<NamedFunction<'_>> =
        named.iter().map(|(start, name)| NamedFunction { start: start.0, name }).collect();
    let code = |start: u64| code(&text, Svma(start), *sizes.get(&Svma(start))?);
    let mut spent = Ok(());
    let callees = |caller: u64| {
        let code = code(caller).unwrap_or_default();
        if spent.is_ok() {
            spent = budget.spend(code.len());
        }
        if spent.is_ok() { callees(code, caller) } else { Vec::new() }
    };
    let labels = rule.labels(&functions, callees);
    spent?;
    let mut found = ContextFunctions::default();
    for (function, label) in labels {
        let code = code(function.start);
        budget.spend(code.map_or(0, <[u8]>::len))?;
        let Some((offset, landmarks)) = code.and_then(|code| watched(&text, Svma(function.start), code)) else {
            found.unwatched.push(function.name.to_owned());
            continue;
        };
        found.entries.push((offset, label.bounded()));
        found.landmarks.extend(landmarks);
    }
    budget.settle()?;
    if found.entries.is_empty() {
        found.nameless = rule.nameless(&functions);
    }
    found.entries.sort_unstable();
    found.entries.dedup_by_key(|(offset, _)| *offset);
    Ok(found)
}

/// The code of a function.
fn code<'t>(text: &'t Text<'_>, start: Svma, size: u64) -> Option<&'t [u8]> {
    let range = text.range_at(start)?;
    text.bytes_from(range, start).get(..usize::try_from(size).ok()?)
}

/// Where the functions start that code calls which is at `at`.
fn callees(code: &[u8], at: u64) -> Vec<u64> {
    let callee = |flow| match flow {
        ControlFlow::Call(to) | ControlFlow::Elsewhere(to) => to,
        ControlFlow::Next
        | ControlFlow::Branch(_)
        | ControlFlow::Indirect
        | ControlFlow::Table
        | ControlFlow::Loaded
        | ControlFlow::System
        | ControlFlow::Landing => None,
    };
    let instructions = arch::instructions(code, at).take_while(|instruction| instruction.valid);
    instructions.filter_map(|instruction| callee(instruction.flow)).collect()
}

/// Where a function begins in the file, and what of it is watched; nothing if it begins with an instruction that cannot be
/// done for a thread, or is not made of instructions.
fn watched(text: &Text<'_>, start: Svma, code: &[u8]) -> Option<(FileOffset, Vec<Landmark>)> {
    let first = FirstInstruction::of(code)?;
    let range = text.range_at(start)?;
    let offset_of = |distance: usize| range.offset_of(Svma(start.0 + distance as u64));
    let entry = Landmark { offset: offset_of(0), kind: LandmarkKind::Enter(first), original: *code.first()? };
    let leave = |at: usize| Landmark { offset: offset_of(at), kind: LandmarkKind::Leave, original: RETURN };
    let returns = arch::returns(code)?.into_iter().map(leave);
    Some((entry.offset, std::iter::once(entry).chain(returns).collect()))
}
