//! The functions of the index: where each is declared and where the last of its lines is.
//!
//! A function ends at the last line of its own file that its code covers, code that was inlined into it left out, because
//! the lines of that belong to other functions. Functions without an entry in the debug information (split DWARF, line
//! tables only) are those of the symbol table; they start at their first line.
//!
//! Invariant: sorted, without duplicates, start <= end, and a site of the same file lies in each.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::elf::{Elf, FunctionSymbol};
use super::error::{Budget, IndexError};
use super::index::{Function, Svma};
use super::names::demangle;
use super::paths::FileId;
use super::sites::Site;
use super::subprograms::{LONGEST_NAME, Subprogram};

/// Start line and mangled name by file: what tells functions apart before their names are demangled.
type Ends<'a> = BTreeMap<(u32, u32, &'a [u8]), u32>;

/// Names the functions that have sites; `place` gives a file's index among the files of the index.
///
/// # Errors
/// If the budget is used up.
pub(super) fn name(
    subprograms: &[Subprogram<'_>],
    elf: &Elf<'_>,
    sites: &[Site],
    place: &[u32],
    budget: &mut Budget,
) -> Result<Vec<Function>, IndexError> {
    let symbols = symbol_names(subprograms, elf);
    let mut ends = Ends::new();
    let mut described = HashSet::new();
    for subprogram in subprograms {
        let Some(name) = subprogram.declaration.name() else {
            continue;
        };
        described.extend(subprogram.ranges.iter().map(|(start, _)| *start));
        let mangled =
            subprogram.ranges.iter().find_map(|(start, _)| symbols.get(start)).filter(|name| !name.is_empty());
        if let Some((file, start, end)) = extent(subprogram, sites, budget)? {
            let name = mangled.copied().unwrap_or(name);
            let known = ends.entry((place[file.0 as usize], start, name)).or_insert(end);
            *known = end.max(*known);
        }
    }
    for symbol in elf.functions() {
        // Of several names for one function the first is taken.
        if symbol.size == 0 || !described.insert(symbol.start) {
            continue;
        }
        let end = Svma(symbol.start.0.saturating_add(symbol.size));
        let nameless = Subprogram { ranges: vec![(symbol.start, end)], ..Subprogram::default() };
        if let Some((file, start, end)) = extent(&nameless, sites, budget)? {
            let known = ends.entry((place[file.0 as usize], start, symbol.name(LONGEST_NAME))).or_insert(end);
            *known = end.max(*known);
        }
    }
    let mut functions = Vec::with_capacity(ends.len());
    for ((file, start, name), end) in ends {
        functions.push(Function { file, start, end, name: demangle(name, budget)? });
    }
    functions.sort_unstable_by(|a, b| (a.file, a.start, &a.name, b.end).cmp(&(b.file, b.start, &b.name, a.end)));
    functions.dedup_by(|later, first| (later.file, later.start, &later.name) == (first.file, first.start, &first.name));
    Ok(functions)
}

/// The mangled symbols, by address, of functions that the debug information gives no linkage name (lambdas of gcc).
fn symbol_names<'a>(subprograms: &[Subprogram<'_>], elf: &Elf<'a>) -> HashMap<Svma, &'a [u8]> {
    let plain = subprograms.iter().filter(|s| s.declaration.is_plain()).flat_map(|s| &s.ranges);
    let mut names: HashMap<Svma, &'a [u8]> = plain.map(|(start, _)| (*start, &[][..])).collect();
    if !names.is_empty() {
        for symbol in elf.functions().filter(FunctionSymbol::is_mangled) {
            if let Some(name) = names.get_mut(&symbol.start) {
                *name = symbol.name(LONGEST_NAME);
            }
        }
    }
    names
}

/// File, first and last line of a function; None if it has no site in its own file.
fn extent(
    subprogram: &Subprogram<'_>,
    sites: &[Site],
    budget: &mut Budget,
) -> Result<Option<(FileId, u32, u32)>, IndexError> {
    let mut file = subprogram.declaration.file;
    let mut lines: Option<(u32, u32)> = None;
    let mut inlined = subprogram.inlined.iter().peekable();
    for (start, end) in &subprogram.ranges {
        let first = sites.partition_point(|s| s.address < *start);
        let count = sites[first..].partition_point(|s| s.address < *end);
        budget.spend(count + 1)?;
        for site in &sites[first..first + count] {
            while inlined.next_if(|(_, end)| *end <= site.address).is_some() {}
            let foreign = inlined.peek().is_some_and(|(start, _)| *start <= site.address);
            if !foreign && *file.get_or_insert(site.file) == site.file {
                let (first, last) = lines.unwrap_or((site.line, site.line));
                lines = Some((first.min(site.line), last.max(site.line)));
            }
        }
    }
    let Some((file, (first, last))) = file.zip(lines) else {
        return Ok(None);
    };
    let start = subprogram.declaration.line.filter(|line| *line <= last).unwrap_or(first);
    Ok(Some((file, start, last)))
}
