//! The functions of the index: where each is declared and where the last of its lines is.
//!
//! A function ends at the last line of its own file that its code covers, code that was inlined into it left out, because
//! the lines of that belong to other functions. Functions without an entry in the debug information (split DWARF, line
//! tables only) are those of the symbol table; they start at their first line.
//!
//! Invariant: sorted, without duplicates, start <= end, and a site of the same file lies in each.

use rayon::slice::ParallelSliceMut;

use super::elf::{Elf, FunctionSymbol};
use super::error::{Budget, IndexError};
use super::index::{Function, Svma};
use super::names::demangle;
use super::paths::FileId;
use super::portions;
use super::sites::Site;
use super::subprograms::{LONGEST_NAME, Subprogram};

/// A function whose name is still mangled; file, first line and name tell it apart from others.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Mangled<'a> {
    file: u32,
    start: u32,
    name: &'a [u8],
    end: u32,
}

/// What is worth handing to another thread: that many functions.
const PORTION: usize = 256;

/// Names the functions that have sites; `place` gives a file's index among the files of the index.
///
/// # Errors
/// If the budget is used up.
pub(super) fn name<'a>(
    subprograms: &[Subprogram<'a>],
    elf: &Elf<'a>,
    sites: &[Site],
    place: &[u32],
    budget: &Budget,
) -> Result<Vec<Function>, IndexError> {
    let plain = symbol_names(subprograms, elf);
    let symbols = undescribed(subprograms, elf);
    let of_subprogram = |subprogram: &Subprogram<'a>, budget: &mut Budget| {
        let Some(name) = subprogram.declaration.name() else { return Ok(None) };
        let symbol = |start: &Svma| plain.binary_search_by_key(start, |(at, _)| *at).ok().map(|at| plain[at].1);
        let mangled = subprogram.ranges.iter().find_map(|(start, _)| symbol(start)).filter(|name| !name.is_empty());
        Ok(extent(subprogram, sites, budget)?.map(|extent| (extent, mangled.unwrap_or(name))))
    };
    let of_symbol = |symbol: &FunctionSymbol<'a>, budget: &mut Budget| {
        let end = Svma(symbol.start.0.saturating_add(symbol.size));
        let nameless = Subprogram { ranges: vec![(symbol.start, end)], ..Subprogram::default() };
        Ok(extent(&nameless, sites, budget)?.map(|extent| (extent, symbol.name(LONGEST_NAME))))
    };
    let mut found = collect(subprograms, place, budget, of_subprogram)?;
    found.append(&mut collect(&symbols, place, budget, of_symbol)?);
    found.par_sort_unstable();
    // Of the same function the last is the longest.
    found.reverse();
    found.dedup_by_key(|function| (function.file, function.start, function.name));

    let named = portions::map_runs(&found, PORTION, |found| {
        let mut budget = budget.share();
        let function = |&Mangled { file, start, name, end }: &Mangled<'_>| {
            demangle(name, &mut budget).map(|name| Function { file, start, end, name })
        };
        let functions = found.iter().map(function).collect::<Result<Vec<_>, _>>()?;
        budget.settle().map(|()| functions)
    });
    let mut functions = named.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect::<Vec<_>>();
    functions.par_sort_unstable_by(|a, b| (a.file, a.start, &a.name, b.end).cmp(&(b.file, b.start, &b.name, a.end)));
    functions.dedup_by(|later, first| (later.file, later.start, &later.name) == (first.file, first.start, &first.name));
    Ok(functions)
}

/// What `of` finds of each item, by several threads.
fn collect<'a, T: Sync>(
    items: &[T],
    place: &[u32],
    budget: &Budget,
    of: impl Fn(&T, &mut Budget) -> Result<Option<(Extent, &'a [u8])>, IndexError> + Sync + Send,
) -> Result<Vec<Mangled<'a>>, IndexError> {
    let found = portions::map_runs(items, PORTION, |items| {
        let mut budget = budget.share();
        let mut found = Vec::new();
        for item in items {
            let mangled = of(item, &mut budget)?;
            found.extend(mangled.map(|((file, start, end), name)| Mangled {
                file: place[file.0 as usize],
                start,
                name,
                end,
            }));
        }
        budget.settle().map(|()| found)
    });
    Ok(found.into_iter().collect::<Result<Vec<_>, _>>()?.concat())
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

/// File, first and last line.
type Extent = (FileId, u32, u32);

/// File, first and last line of a function; None if it has no site in its own file.
fn extent(subprogram: &Subprogram<'_>, sites: &[Site], budget: &mut Budget) -> Result<Option<Extent>, IndexError> {
    let mut file = subprogram.declaration.file;
    let mut lines: Option<(u32, u32)> = None;
    let mut inlined = subprogram.inlined.iter().peekable();
    for (start, end) in &subprogram.ranges {
        let first = sites.partition_point(|s| s.address < *start);
        budget.spend(1)?;
        for site in sites[first..].iter().take_while(|site| site.address < *end) {
            budget.spend(1)?;
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
