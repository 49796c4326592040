//! What the functions of a build do otherwise than those of an older one, of which only the digests are left.
//!
//! Invariant: a function that differs is named, or functions that use it are, or it is said that nobody is known to.

use super::program::Program;
use super::{Analysis, CodeDigests, Draft, Objects, of_source};
use crate::debuginfo::error::{Budget, IndexError};
use crate::debuginfo::index::{FileOffset, Svma};
use crate::debuginfo::reading::elf::Elf;
use crate::debuginfo::reading::names::demangle;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::{Range, RangeInclusive};

/// What differs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodeChanges {
    /// Whether what is no function's differs: libraries, what runs before `main`, thread-local variables.
    pub rest: bool,
    /// The functions that do something else, by their demangled names: those that are measured, each with the one that
    /// differs and that it uses, if that is not measured.
    pub functions: BTreeMap<String, Option<String>>,
    /// Those that differ, and of which it is not known who uses them.
    pub unknown: BTreeSet<String>,
    /// The keys of the names of functions that are gone.
    pub gone: Vec<u64>,
    /// Whether programs use it that are not known here.
    pub is_library: bool,
}

/// What of functions is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compared {
    /// All that they do.
    Whole,
    /// Their instructions, where it is known that nothing else changed: compilers put the constants of several functions
    /// together, so that those of one change what is around those of another.
    Instructions,
}

/// Compares an older build with the bytes of a newer one; `is_measured` says whether it is known when a function of this
/// name runs, and `lines` is as for [`code_digests`](super::code_digests).
///
/// # Errors
/// As [`index`](fn@crate::debuginfo::index).
pub fn code_changes(
    old: &CodeDigests,
    new: &[u8],
    lines: &(dyn Fn(Range<FileOffset>) -> Option<RangeInclusive<u32>> + Sync),
    is_measured: &dyn Fn(&str) -> bool,
    compared: Compared,
) -> Result<CodeChanges, IndexError> {
    let elf = Elf::parse(new)?;
    let mut budget = Budget::for_bytes(new.len());
    let Analysis { program, drafts, objects, digests } = Analysis::of(&elf, lines, &mut budget)?;
    let (rest, is_library) = (old.rest != digests.rest, elf.is_library());
    let mut changes = CodeChanges { rest, is_library, ..CodeChanges::default() };
    let mut differing = BTreeSet::new();
    for (key, _) in &old.functions {
        let same_code = (compared == Compared::Instructions).then(|| old.has_same_code(&digests, *key)).flatten();
        match old.is_same(&digests, *key).map(|is_same| is_same || same_code == Some(true)) {
            Some(true) => {}
            Some(false) => _ = differing.insert(*key),
            None => changes.gone.push(*key),
        }
    }
    if differing.is_empty() {
        return Ok(changes);
    }
    let users = Users::of(&program, &drafts, &objects);
    let several = program.names_of_several_files();
    let offered: HashSet<&[u8]> = match is_library {
        true => elf.offered().into_iter().filter(|(.., is_data)| !is_data).map(|(name, ..)| name).collect(),
        false => HashSet::new(),
    };
    let is_exported = |number: u32| offered.contains(program.functions[number as usize].name);
    for ((number, function), key) in (0..).zip(&program.functions).zip(&program.keys) {
        if !differing.contains(key) {
            continue;
        }
        let name = demangle(of_source(function.name), &mut budget)?;
        if is_measured(&name) {
            changes.functions.insert(name.clone(), None);
            // Another of the same name may be one that is not measured.
            if !several.contains(key) {
                continue;
            }
        }
        let mut is_known = true;
        let mut seen = BTreeSet::from([number]);
        let mut open = vec![number];
        while let Some(used) = open.pop() {
            budget.spend(1)?;
            let by = users.of_node(used);
            is_known &= !by.is_empty() && !users.function(used).is_some_and(&is_exported);
            for user in by.iter().map(|(_, user)| *user).filter(|user| seen.insert(*user)) {
                let user_name = match users.function(user) {
                    Some(user) => demangle(of_source(program.functions[user as usize].name), &mut budget)?,
                    None => String::new(),
                };
                if is_measured(&user_name) {
                    changes.functions.entry(user_name).or_insert_with(|| Some(name.clone()));
                } else {
                    open.push(user);
                }
            }
        }
        if !is_known {
            changes.unknown.insert(name);
        }
    }
    budget.settle()?;
    Ok(changes)
}

/// Which functions and objects refer to which: functions by number, objects behind them.
struct Users {
    functions: u32,
    /// What is used and by whom, sorted.
    pairs: Vec<(u32, u32)>,
}

impl Users {
    fn of(program: &Program<'_>, drafts: &[Draft], objects: &Objects) -> Users {
        let functions = program.functions.len() as u32;
        let node = |address: Svma| -> Option<u32> {
            program
                .number_at(address)
                .map(|number| number as u32)
                .or_else(|| objects.number_around(program, address).map(|number| functions + number as u32))
        };
        let mut pairs: Vec<(u32, u32)> = Vec::new();
        for (user, draft) in (0..).zip(drafts) {
            let used = draft.places.iter().filter_map(|(address, _)| node(*address)).filter(|used| *used != user);
            pairs.extend(used.map(|used| (used, user)));
        }
        for (user, address) in objects.pointers() {
            pairs.extend(node(*address).map(|used| (used, functions + user)));
        }
        // One range may have several names: who uses the first uses all.
        for (number, together) in (0..).zip(program.functions.windows(2)) {
            if (together[0].start, together[0].end) == (together[1].start, together[1].end) {
                pairs.extend([(number, number + 1), (number + 1, number)]);
            }
        }
        pairs.sort_unstable();
        pairs.dedup();
        Users { functions, pairs }
    }

    /// Who uses a function or an object.
    fn of_node(&self, used: u32) -> &[(u32, u32)] {
        let start = self.pairs.partition_point(|(of, _)| *of < used);
        let len = self.pairs[start..].partition_point(|(of, _)| *of == used);
        &self.pairs[start..start + len]
    }

    /// The number of the function, if it is one.
    fn function(&self, node: u32) -> Option<u32> {
        (node < self.functions).then_some(node)
    }
}
