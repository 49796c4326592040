//! The functions of an image before they have names and places in the index: each once, with its code and its lines.
//!
//! A function is known by the entry that describes it, to which its own code and its inlined copies refer. Functions
//! without an entry (split DWARF, line tables only) are those of the symbol table.
//!
//! Invariant: a line belongs to the innermost function whose code it is, and only if it is of that function's file.

use super::sites::Site;
use crate::debuginfo::error::{Budget, IndexError};
use crate::debuginfo::index::Svma;
use crate::debuginfo::reading::elf::{Elf, FunctionSymbol};
use crate::debuginfo::reading::paths::FileId;
use crate::debuginfo::reading::subprograms::{LONGEST_NAME, Subprogram};
use crate::debuginfo::reading::units::Described;
use crate::plan::{Owners, OwnersBuilder};
use std::collections::HashMap;

/// A function whose name is still mangled.
pub(crate) struct Entity<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) file: Option<FileId>,
    /// The line of its declaration.
    pub(crate) line: Option<u32>,
    /// Whether it is written inside another function.
    pub(crate) is_nested: bool,
    /// Whether it has code of its own.
    pub(crate) has_code: bool,
}

/// Code of an entity.
#[derive(Clone, Copy, PartialEq, Eq)]
struct EntityCode {
    start: Svma,
    end: Svma,
    entity: u32,
    /// Whether it was inlined into another.
    is_copy: bool,
}

/// All entities of an image, with what is known of them from the sites.
pub(crate) struct Entities<'a> {
    pub(crate) all: Vec<Entity<'a>>,
    /// Entity and line, sorted, each once.
    pub(crate) lines: Vec<(u32, u32)>,
    /// Of each site, in order of address, the entities whose code it is.
    pub(crate) owners: Owners,
}

/// Finds the entities.
///
/// # Errors
/// If the budget is used up.
pub(crate) fn find<'a>(
    described: &Described<'a>,
    elf: &Elf<'a>,
    sites: &[Site],
    budget: &mut Budget,
) -> Result<Entities<'a>, IndexError> {
    let (all, mut code) = entities(described, elf);
    // One that starts where another does and ends before is inside it.
    code.sort_by_key(|code| (code.start, std::cmp::Reverse(code.end), code.is_copy));
    let mut found = Entities { all, lines: Vec::new(), owners: Owners::default() };
    found.look_at(sites, &code, budget)?;
    found.lines.sort_unstable();
    found.lines.dedup();
    Ok(found)
}

impl Entities<'_> {
    fn look_at(&mut self, sites: &[Site], code: &[EntityCode], budget: &mut Budget) -> Result<(), IndexError> {
        let mut owners = OwnersBuilder::default();
        let mut coming = code.iter().peekable();
        // From the outermost to the innermost.
        let mut around: Vec<EntityCode> = Vec::new();
        let mut innermost: Vec<u32> = Vec::new();
        let mut next_end = Svma(u64::MAX);
        for (number, site) in (0..).zip(sites) {
            budget.spend(1)?;
            let is_left = next_end <= site.address;
            let is_entered = coming.peek().is_some_and(|code| code.start <= site.address);
            if is_left || is_entered {
                around.retain(|code| code.end > site.address);
                while let Some(code) = coming.next_if(|code| code.start <= site.address) {
                    around.extend((code.end > site.address).then_some(*code));
                    budget.spend(1)?;
                }
                budget.spend(around.len())?;
                next_end = around.iter().map(|code| code.end).min().unwrap_or(Svma(u64::MAX));
                owners.push(number, around.iter().map(|code| code.entity));
                innermost.clear();
                innermost.extend(innermost_of(&around));
            }
            for &entity in &innermost {
                if *self.all[entity as usize].file.get_or_insert(site.file) == site.file {
                    self.lines.push((entity, site.line));
                }
            }
        }
        self.owners = owners.finish();
        Ok(())
    }
}

/// The innermost function; several where a linker has made one of the code of functions that are the same.
fn innermost_of(around: &[EntityCode]) -> impl Iterator<Item = u32> {
    let is_same =
        |code: &EntityCode, last: &EntityCode| (code.start, code.end) == (last.start, last.end) && !code.is_copy;
    let count = match around.last() {
        Some(last) if !last.is_copy => around.iter().rev().take_while(|code| is_same(code, last)).count(),
        last => usize::from(last.is_some()),
    };
    around[around.len() - count..].iter().map(|code| code.entity)
}

fn entities<'a>(described: &Described<'a>, elf: &Elf<'a>) -> (Vec<Entity<'a>>, Vec<EntityCode>) {
    let subprograms = &described.subprograms;
    let symbols = symbol_names(subprograms, elf);
    let symbol = |start: &Svma| symbols.binary_search_by_key(start, |(at, _)| *at).ok().map(|at| symbols[at].1);
    let (mut all, mut code): (Vec<Entity<'a>>, Vec<EntityCode>) = (Vec::new(), Vec::new());
    let mut known = HashMap::new();
    // Those with code of their own first, because symbols name them.
    let with_code = subprograms.iter().filter(|subprogram| !subprogram.ranges.is_empty());
    let only_inlined = subprograms.iter().filter(|subprogram| subprogram.ranges.is_empty());
    for subprogram in with_code.chain(only_inlined) {
        let Some(name) = subprogram.declaration.name() else { continue };
        let declaration = &subprogram.declaration;
        let mut add = || {
            let mangled = subprogram.ranges.iter().find_map(|(start, _)| symbol(start)).filter(|name| !name.is_empty());
            all.push(Entity {
                name: mangled.unwrap_or(name),
                file: declaration.file,
                line: declaration.line,
                is_nested: subprogram.is_nested,
                has_code: !subprogram.ranges.is_empty(),
            });
            all.len() as u32 - 1
        };
        let entity = match subprogram.identity {
            Some(identity) => *known.entry(identity).or_insert_with(add),
            None => add(),
        };
        let of_range = |&(start, end): &(Svma, Svma)| EntityCode { start, end, entity, is_copy: false };
        code.extend(subprogram.ranges.iter().map(of_range));
    }
    for copy in &described.copies {
        let (start, end) = copy.range;
        code.extend(known.get(&copy.of).map(|&entity| EntityCode { start, end, entity, is_copy: true }));
    }
    for symbol in undescribed(subprograms, elf) {
        let end = Svma(symbol.start.0.saturating_add(symbol.size));
        code.push(EntityCode { start: symbol.start, end, entity: all.len() as u32, is_copy: false });
        all.push(Entity { name: symbol.name(LONGEST_NAME), file: None, line: None, is_nested: false, has_code: true });
    }
    (all, code)
}

/// The mangled symbols, sorted by address, of functions that the debug information gives no linkage name (lambdas of
/// gcc); an empty name where there is none.
fn symbol_names<'a>(subprograms: &[Subprogram<'_>], elf: &Elf<'a>) -> Vec<(Svma, &'a [u8])> {
    let plain = subprograms.iter().filter(|s| s.declaration.is_plain()).flat_map(|s| &s.ranges);
    let mut names: Vec<(Svma, &'a [u8])> = plain.map(|(start, _)| (*start, &[][..])).collect();
    names.sort_unstable();
    names.dedup();
    if !names.is_empty() {
        for symbol in elf.functions().filter(FunctionSymbol::is_mangled) {
            if let Ok(at) = names.binary_search_by_key(&symbol.start, |(start, _)| *start) {
                names[at].1 = symbol.name(LONGEST_NAME);
            }
        }
    }
    names
}

/// The symbols of functions that the debug information has no entry for; of several at one address the first.
fn undescribed<'a>(subprograms: &[Subprogram<'_>], elf: &Elf<'a>) -> Vec<FunctionSymbol<'a>> {
    let named = subprograms.iter().filter(|subprogram| subprogram.declaration.name().is_some());
    let mut described: Vec<Svma> = named.flat_map(|s| &s.ranges).map(|(start, _)| *start).collect();
    described.sort_unstable();
    let is_described = |symbol: &FunctionSymbol<'_>| described.binary_search(&symbol.start).is_ok();
    let mut symbols: Vec<_> = elf.functions().filter(|symbol| symbol.size > 0 && !is_described(symbol)).collect();
    symbols.sort_by_key(|symbol| symbol.start);
    symbols.dedup_by_key(|symbol| symbol.start);
    symbols
}
