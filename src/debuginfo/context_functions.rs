//! Functions whose calls are contexts: where they begin and where they return.
//!
//! Invariant: a landmark is at the proven start of an instruction: the function was decoded from its start to its end.

use super::error::{Budget, IndexError};
use super::index::{FileOffset, Landmark, LandmarkKind, Svma};
use super::reading::elf::Elf;
use super::reading::names;
use super::reading::text::Text;
use crate::contexts::{FunctionRule, LONGEST_LABEL, NamedFunction};
use platform::arch::{self, ControlFlow, FirstInstruction, RETURN};
use std::collections::HashMap;

/// The functions of an image whose calls are contexts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ContextFunctions {
    /// Where each begins, ascending, with its label.
    pub(crate) entries: Vec<(FileOffset, String)>,
    /// Where they begin and where they return.
    pub(crate) landmarks: Vec<Landmark>,
    /// Names of those that cannot be watched.
    pub(crate) unwatched: Vec<String>,
    /// The framework whose tests these would be, if the names of its functions do not tell them.
    pub(crate) untold: Option<&'static str>,
}

/// Finds the functions of an image that a rule means.
///
/// # Errors
/// As [`index`](fn@super::index).
pub(crate) fn context_functions(bytes: &[u8], rule: &FunctionRule) -> Result<ContextFunctions, IndexError> {
    let elf = Elf::parse(bytes)?;
    let (text, mut budget) = (elf.text(), Budget::for_bytes(bytes.len()));
    // A function may have several names; one is enough.
    let mut sizes = HashMap::new();
    let mut named = Vec::new();
    for symbol in elf.functions().filter(|symbol| symbol.size > 0) {
        if sizes.insert(symbol.start, symbol.size).is_none() {
            named.push((symbol.start, names::demangle(symbol.name(usize::MAX), &mut budget)?));
        }
    }
    let functions: Vec<NamedFunction<'_>> =
        named.iter().map(|(start, name)| NamedFunction { start: start.0, name }).collect();
    let code = |start: u64| code(&text, Svma(start), *sizes.get(&Svma(start))?);
    let calls = |caller: u64, callee: u64| code(caller).is_some_and(|code| calls(code, caller, callee));
    let mut found = ContextFunctions::default();
    for (start, label) in rule.labels(&functions, calls) {
        let watched = code(start).and_then(|code| watched(&text, Svma(start), code));
        let Some((offset, landmarks)) = watched else {
            let name =
                functions.iter().find(|function| function.start == start).map_or(label, |own| own.name.to_owned());
            found.unwatched.push(name);
            continue;
        };
        found.entries.push((offset, shortened(&label)));
        found.landmarks.extend(landmarks);
    }
    if found.entries.is_empty() {
        found.untold = rule.untold(&functions);
    }
    found.entries.sort_unstable();
    found.entries.dedup_by_key(|(offset, _)| *offset);
    Ok(found)
}

/// As much of a label as is kept.
fn shortened(label: &str) -> String {
    let end = (0..=LONGEST_LABEL.min(label.len())).rev().find(|end| label.is_char_boundary(*end));
    label[..end.unwrap_or_default()].to_owned()
}

/// The code of a function.
fn code<'t>(text: &'t Text<'_>, start: Svma, size: u64) -> Option<&'t [u8]> {
    let range = text.range_at(start)?;
    text.bytes_from(range, start).get(..usize::try_from(size).ok()?)
}

/// Whether code that is at `at` calls a function that starts at `callee`.
fn calls(code: &[u8], at: u64, callee: u64) -> bool {
    let is_meant =
        |flow| matches!(flow, ControlFlow::Call(Some(to)) | ControlFlow::Elsewhere(Some(to)) if to == callee);
    arch::instructions(code, at)
        .take_while(|instruction| instruction.valid)
        .any(|instruction| is_meant(instruction.flow))
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
