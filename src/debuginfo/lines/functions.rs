//! The functions of the index: where each is in its source, and which probes tell of it.
//!
//! Invariant: sorted, without duplicates, start <= end.

use super::entities::{Entities, find};
use super::evidence::Told;
use super::extents::{Draft, set_ends};
use super::sites::Site;
use crate::debuginfo::error::{Budget, IndexError};
use crate::debuginfo::index::{Function, Line};
use crate::debuginfo::reading::elf::Elf;
use crate::debuginfo::reading::names::demangle;
use crate::debuginfo::reading::portions;
use crate::debuginfo::reading::subprograms::Functions;
use crate::plan::Owners;
use rayon::slice::ParallelSliceMut;

/// A function whose name is still mangled; file, first line and name tell it apart from others.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Mangled<'a> {
    file: u32,
    start: u32,
    name: &'a [u8],
    entity: u32,
}

/// What is worth handing to another thread: that many functions.
const PORTION: usize = 256;

/// Names the functions and says whose code the sites are; `shared` is what else these tell of, `place` gives a file's index among the files of the
/// index, and `lines` are those of the index.
///
/// # Errors
/// If the budget is used up.
pub(crate) fn name<'a>(
    functions: Functions<'a>,
    elf: &Elf<'a>,
    sites: &[Site],
    shared: &[Told],
    (place, lines): (&[u32], &[Line]),
    budget: &mut Budget,
) -> Result<(Vec<Function>, Owners), IndexError> {
    let entities = find(functions, elf, sites, shared, budget)?;
    platform::give_back_memory();
    let mut mangled = located(&entities, place);
    mangled.par_sort_unstable();
    let same: Vec<&[Mangled<'a>]> =
        mangled.chunk_by(|a, b| (a.file, a.start, a.name) == (b.file, b.start, b.name)).collect();
    let named = portions::map_runs(&same, PORTION, |same| {
        let mut budget = budget.share();
        let named = same.iter().map(|same| demangle(same[0].name, &mut budget));
        let named = named.collect::<Result<Vec<String>, _>>()?;
        budget.settle().map(|()| named)
    });
    let named = named.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten();
    let mut named: Vec<(String, &[Mangled<'_>])> = named.zip(same).collect();
    named.par_sort_unstable_by(|(a, of_a), (b, of_b)| {
        (of_a[0].file, of_a[0].start, a).cmp(&(of_b[0].file, of_b[0].start, b))
    });

    let mut numbers: Vec<Option<u32>> = vec![None; entities.all.len()];
    let mut drafts: Vec<Draft> = Vec::new();
    for (name, same) in named {
        let Mangled { file, start, .. } = same[0];
        let is_new = drafts
            .last()
            .is_none_or(|Draft { function: last, .. }| (last.file, last.start, &last.name) != (file, start, &name));
        if is_new {
            let function = Function { file, start, end: start, name, told: false };
            drafts.push(Draft { function, lines: Vec::new(), is_declared: false, is_nested: false, has_code: false });
        }
        let number = drafts.len() as u32 - 1;
        let draft = &mut drafts[number as usize];
        for Mangled { entity, .. } in same {
            numbers[*entity as usize] = Some(number);
            draft.lines.extend(entities.lines_of(*entity).iter().map(|(_, line)| *line));
            draft.is_declared |= entities.all[*entity as usize].line.is_some();
            draft.is_nested |= entities.all[*entity as usize].is_nested;
            draft.has_code |= entities.all[*entity as usize].has_code;
        }
    }
    drafts.iter_mut().for_each(|draft| draft.lines.sort_unstable());
    set_ends(&mut drafts);

    // Sites are in order of address, probes in that of the file.
    let is_in_order = sites.is_sorted_by(|a, b| a.offset < b.offset);
    let owners = if is_in_order { entities.owners } else { Owners::default() };
    let owners = owners.narrowed(&vec![true; sites.len()], |entity| numbers[entity as usize]);
    let told = told(&owners, sites.len(), drafts.len());
    // Without a line, one of which nothing tells or that is only inlined is nothing that a report could show.
    let (mut functions, mut kept): (Vec<Function>, Vec<Option<u32>>) = (Vec::new(), Vec::new());
    for (Draft { function, has_code, .. }, told) in drafts.into_iter().zip(told) {
        let is_kept = (told && has_code) || has_line(&function, lines);
        kept.push(is_kept.then_some(functions.len() as u32));
        functions.extend(is_kept.then_some(Function { told, ..function }));
    }
    let owners = owners.narrowed(&vec![true; sites.len()], |function| kept[function as usize]);
    Ok((functions, owners))
}

/// Whether a site tells of each function.
fn told(owners: &Owners, sites: usize, functions: usize) -> Vec<bool> {
    let mut told = vec![false; functions];
    for (.., set) in owners.stretches(sites as u32) {
        owners.members(set).for_each(|function| told[function as usize] = true);
    }
    told
}

/// Whether there is a line from its first to its last.
fn has_line(function: &Function, lines: &[Line]) -> bool {
    let first = lines.partition_point(|line| (line.file, line.number) < (function.file, function.start));
    lines.get(first).is_some_and(|line| line.file == function.file && line.number <= function.end)
}

/// Those whose file has lines.
fn located<'a>(entities: &Entities<'a>, place: &[u32]) -> Vec<Mangled<'a>> {
    let located = (0..).zip(&entities.all).filter_map(|(number, entity)| {
        let lines = entities.lines_of(number);
        let last = lines.last().map(|(_, line)| *line);
        let declared = entity.line.filter(|line| last.is_none_or(|last| *line <= last));
        let start = declared.or(lines.first().map(|(_, line)| *line))?;
        let file = *place.get(entity.file?.0 as usize)?;
        (file != u32::MAX).then_some(Mangled { file, start, name: entity.name, entity: number })
    });
    located.collect()
}

impl Entities<'_> {
    fn lines_of(&self, entity: u32) -> &[(u32, u32)] {
        let start = self.lines.partition_point(|(of, _)| *of < entity);
        let end = start + self.lines[start..].partition_point(|(of, _)| *of == entity);
        &self.lines[start..end]
    }
}
