//! The functions of an image before they have names and places in the index: each once, with its code and its lines.
//!
//! A function is known by the entry that describes it, to which its own code and its inlined copies refer. Functions
//! without an entry (split DWARF, line tables only) are those of the symbol table.
//!
//! Invariant: a line belongs to that function of its file, of those whose code it is, that is declared nearest before it;
//! where no declaration is known, to the innermost.

use super::evidence::Told;
use super::sites::Site;
use crate::debuginfo::error::{Budget, IndexError};
use crate::debuginfo::index::Svma;
use crate::debuginfo::reading::elf::{Elf, FunctionSymbol};
use crate::debuginfo::reading::paths::FileId;
use crate::debuginfo::reading::subprograms::{Copy, Functions, LONGEST_NAME};
use crate::plan::{Owners, OwnersBuilder};
use rayon::slice::ParallelSliceMut;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::num::NonZeroU32;

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
    len: u32,
    entity: u32,
    /// Its place among all, as the debug information gives them.
    number: u32,
    /// Whether it was inlined into another.
    is_copy: bool,
}

impl EntityCode {
    fn end(&self) -> Svma {
        Svma(self.start.0.saturating_add(self.len.into()))
    }
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
    functions: Functions<'a>,
    elf: &Elf<'a>,
    sites: &[Site],
    shared: &[Told],
    budget: &mut Budget,
) -> Result<Entities<'a>, IndexError> {
    let (all, mut code) = entities(functions, elf, sites);
    // One that starts where another does and ends before is inside it.
    code.par_sort_unstable_by_key(|code| (code.start, Reverse(code.len), code.is_copy, code.number));
    let mut found = Entities { all, lines: Vec::new(), owners: Owners::default() };
    found.look_at(sites, shared, &code, budget)?;
    found.lines.par_sort_unstable();
    found.lines.dedup();
    Ok(found)
}

impl Entities<'_> {
    fn look_at(
        &mut self,
        sites: &[Site],
        shared: &[Told],
        code: &[EntityCode],
        budget: &mut Budget,
    ) -> Result<(), IndexError> {
        let mut shared = shared.iter().peekable();
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
                around.retain(|code| code.end() > site.address);
                while let Some(code) = coming.next_if(|code| code.start <= site.address) {
                    around.extend((code.end() > site.address).then_some(*code));
                    budget.spend(1)?;
                }
                budget.spend(around.len())?;
                next_end = around.iter().map(EntityCode::end).min().unwrap_or(Svma(u64::MAX));
                owners.push(number, around.iter().map(|code| code.entity));
                innermost.clear();
                innermost.extend(innermost_of(&around));
            }
            let own = Told { address: site.address, file: site.file, line: site.line };
            match self.declared_nearest(&around, &own, budget)? {
                Some(entity) if !innermost.contains(&entity) => self.lines.push((entity, site.line)),
                Some(_) | None => {
                    for &entity in &innermost {
                        if *self.all[entity as usize].file.get_or_insert(site.file) == site.file {
                            self.lines.push((entity, site.line));
                        }
                    }
                }
            }
            while let Some(told) = shared.next_if(|told| told.address <= site.address) {
                let function = self.declared_nearest(&around, told, budget)?;
                self.lines.extend(function.map(|entity| (entity, told.line)));
            }
        }
        self.owners = owners.finish();
        Ok(())
    }
}

impl Entities<'_> {
    /// Of some functions the one that is declared nearest before a line, in its file.
    fn declared_nearest(
        &self,
        around: &[EntityCode],
        told: &Told,
        budget: &mut Budget,
    ) -> Result<Option<u32>, IndexError> {
        budget.spend(around.len())?;
        let declared = around.iter().filter_map(|code| {
            let Entity { file, line, .. } = &self.all[code.entity as usize];
            Some((line.filter(|line| *line <= told.line && *file == Some(told.file))?, code.entity))
        });
        Ok(declared.max_by_key(|(line, _)| *line).map(|(_, entity)| entity))
    }
}

/// The innermost function; several where a linker has made one of the code of functions that are the same.
fn innermost_of(around: &[EntityCode]) -> impl Iterator<Item = u32> {
    let is_same =
        |code: &EntityCode, last: &EntityCode| (code.start, code.len) == (last.start, last.len) && !code.is_copy;
    let count = match around.last() {
        Some(last) if !last.is_copy => around.iter().rev().take_while(|code| is_same(code, last)).count(),
        last => usize::from(last.is_some()),
    };
    around[around.len() - count..].iter().map(|code| code.entity)
}

fn entities<'a>(functions: Functions<'a>, elf: &Elf<'a>, sites: &[Site]) -> (Vec<Entity<'a>>, Vec<EntityCode>) {
    const NONE: u32 = u32::MAX;
    let symbols = symbol_names(&functions, elf);
    let symbol = |start: &Svma| symbols.binary_search_by_key(start, |(at, _)| *at).ok().map(|at| symbols[at].1);
    let undescribed = undescribed(&functions, elf, sites);
    let mut all: Vec<Entity<'a>> = Vec::new();
    let mut code = Vec::with_capacity(functions.ranges.len() + functions.copies.len() + undescribed.len());
    let mut put = |start: Svma, len: u32, entity: u32, is_copy: bool| {
        code.push(EntityCode { start, len, entity, number: code.len() as u32, is_copy });
    };
    let len = |start: Svma, end: Svma| u32::try_from(end.0 - start.0).unwrap_or(u32::MAX);
    let (mut known, mut entity_of) = (HashMap::new(), vec![NONE; functions.subprograms.len()]);
    // Those with code of their own first, because symbols name them.
    let with_code = functions.subprograms.iter().enumerate().filter(|(_, subprogram)| !subprogram.ranges.is_empty());
    let only_inlined = functions.subprograms.iter().enumerate().filter(|(_, subprogram)| subprogram.ranges.is_empty());
    for (at, subprogram) in with_code.chain(only_inlined) {
        let (declaration, ranges) = (&subprogram.declaration, functions.ranges_of(subprogram));
        let Some(name) = declaration.name() else { continue };
        let mut add = || {
            let mangled = ranges.iter().find_map(|(start, _)| symbol(start)).filter(|name| !name.is_empty());
            all.push(Entity {
                name: mangled.unwrap_or(name),
                file: declaration.file,
                line: declaration.line.map(NonZeroU32::get),
                is_nested: subprogram.is_nested,
                has_code: !ranges.is_empty(),
            });
            all.len() as u32 - 1
        };
        let entity = match subprogram.identity {
            Some(identity) => *known.entry(identity).or_insert_with(add),
            None => add(),
        };
        entity_of[at] = entity;
        ranges.iter().for_each(|&(start, end)| put(start, len(start, end), entity, false));
    }
    for Copy { start, len, of } in functions.copies {
        let entity = match entity_of[of as usize] {
            NONE => functions.subprograms[of as usize].identity.and_then(|identity| known.get(&identity).copied()),
            entity => Some(entity),
        };
        entity.into_iter().for_each(|entity| put(start, len, entity, true));
    }
    for symbol in undescribed {
        put(symbol.start, u32::try_from(symbol.size).unwrap_or(u32::MAX), all.len() as u32, false);
        all.push(Entity { name: symbol.name(LONGEST_NAME), file: None, line: None, is_nested: false, has_code: true });
    }
    (all, code)
}

/// The mangled symbols, sorted by address, of functions that the debug information gives no linkage name (lambdas of
/// gcc); an empty name where there is none.
fn symbol_names<'a>(functions: &Functions<'_>, elf: &Elf<'a>) -> Vec<(Svma, &'a [u8])> {
    let plain = functions.subprograms.iter().filter(|subprogram| subprogram.declaration.is_plain());
    let plain = plain.flat_map(|subprogram| functions.ranges_of(subprogram));
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

/// The symbols of functions with sites that the debug information has no entry for; of several at one address the first.
fn undescribed<'a>(functions: &Functions<'_>, elf: &Elf<'a>, sites: &[Site]) -> Vec<FunctionSymbol<'a>> {
    let named = functions.subprograms.iter().filter(|subprogram| subprogram.declaration.name().is_some());
    let ranges = named.flat_map(|subprogram| functions.ranges_of(subprogram));
    let mut described: Vec<Svma> = ranges.map(|(start, _)| *start).collect();
    described.sort_unstable();
    let is_described = |symbol: &FunctionSymbol<'_>| described.binary_search(&symbol.start).is_ok();
    let has_site = |symbol: &FunctionSymbol<'_>| {
        let first = sites.partition_point(|site| site.address < symbol.start);
        sites.get(first).is_some_and(|site| site.address.0 - symbol.start.0 < symbol.size)
    };
    let mut symbols: Vec<_> = elf.functions().filter(|symbol| symbol.size > 0 && !is_described(symbol)).collect();
    symbols.sort_by_key(|symbol| symbol.start);
    symbols.dedup_by_key(|symbol| symbol.start);
    symbols.retain(has_site);
    symbols
}
