//! Which sources have no code that a compiler optimized, as far as the debug information tells.
//!
//! The producer of optimized code has the flags (GCC), or the code says that all its calls are described (Clang), or its
//! variables are in one place here and in another there. A compiler that tells nothing of that is taken for one that optimizes.

use super::elf::Elf;
use super::sections::DebugSections;
use super::survey::{Survey, Task, opened};
use crate::debuginfo::error::{Budget, IndexError};
use crate::debuginfo::shortfall::Shortfalls;
use gimli::Abbreviations;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The paths, as the debug info gives them.
///
/// # Errors
/// As [`index`](fn@crate::debuginfo::index).
pub(crate) fn unoptimized_sources(elf: &Elf<'_>) -> Result<Vec<String>, IndexError> {
    let mut shortfalls = Shortfalls::default();
    let sections = DebugSections::load(elf, &mut shortfalls);
    let mut budget = Budget::for_bytes(sections.size);
    let survey = Survey::of(&sections, &mut budget, &mut shortfalls, &|| ())?;
    let named = survey.named(&mut budget, &|| ())?;
    let mut optimized = vec![false; named.paths.len()];
    let mut known = HashMap::new();
    for (task, files) in survey.tasks.iter().zip(&named.of_units) {
        // What a damaged unit names is not known.
        let Some(files) = files else { return Ok(Vec::new()) };
        if is_optimized(&survey, task, &mut known, &mut budget)? {
            files.iter().for_each(|file| optimized[file.0 as usize] = true);
        }
    }
    budget.settle()?;
    // A path may be there more than once, with different texts.
    let of_optimized = named.paths.iter().zip(&optimized).filter(|(_, is_optimized)| **is_optimized);
    let of_optimized: HashSet<String> = of_optimized.map(|(path, _)| path.clone()).collect();
    Ok(named.paths.into_iter().filter(|path| !of_optimized.contains(path)).collect())
}

fn is_optimized(
    survey: &Survey<'_>,
    task: &Task<'_>,
    known: &mut HashMap<(usize, bool), bool>,
    budget: &mut Budget,
) -> Result<bool, IndexError> {
    let Some(unit) = opened(task.header, &survey.dwarf, &survey.tables, budget)? else { return Ok(true) };
    let Ok(entry) = unit.entry(task.header.root_offset()) else { return Ok(true) };
    let producer = entry.attr_value(gimli::DW_AT_producer);
    let Some(Ok(producer)) = producer.map(|value| survey.dwarf.attr_string(&unit, value)) else { return Ok(true) };
    budget.spend(producer.len())?;
    if says_optimized(producer.slice()) {
        return Ok(true);
    }
    let is_clang = memchr::memmem::find(producer.slice(), b"clang version").is_some();
    let table = task.header.debug_abbrev_offset().0;
    if let Some(known) = known.get(&(table, is_clang)) {
        return Ok(*known);
    }
    let describes = match survey.tables.get(&table) {
        Some(Some(table)) => describes_optimized(table, is_clang, budget)?,
        _ => true,
    };
    known.insert((table, is_clang), describes);
    Ok(describes)
}

/// Whether the command line that GCC keeps asks for it, or is not kept.
fn says_optimized(producer: &[u8]) -> bool {
    let mut flags = producer.split(|byte| *byte == b' ').filter(|word| word.starts_with(b"-"));
    let level = flags.clone().filter_map(|word| word.strip_prefix(b"-O")).next_back();
    level.is_some_and(|level| level != b"0") || producer.starts_with(b"GNU ") && flags.next().is_none()
}

/// Whether entries that are made of these abbreviations describe what only optimized code has.
fn describes_optimized(table: &Arc<Abbreviations>, is_clang: bool, budget: &mut Budget) -> Result<bool, IndexError> {
    for abbreviation in (1..).map_while(|code| table.get(code)) {
        budget.spend(1 + abbreviation.attributes().len())?;
        let tells = abbreviation.attributes().iter().any(|attribute| match attribute.name() {
            // GCC says so of functions that call nobody, too.
            gimli::DW_AT_call_all_calls | gimli::DW_AT_GNU_all_call_sites => is_clang,
            gimli::DW_AT_APPLE_optimized => true,
            gimli::DW_AT_location => matches!(
                attribute.form(),
                gimli::DW_FORM_loclistx | gimli::DW_FORM_sec_offset | gimli::DW_FORM_data4 | gimli::DW_FORM_data8
            ),
            _ => false,
        });
        if tells {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_level_counts() {
        assert!(says_optimized(b"GNU C17 12.2.0 -mtune=generic -g -O2"));
        assert!(says_optimized(b"GNU C17 12.2.0 -O0 -g -Og"));
        assert!(!says_optimized(b"GNU C17 12.2.0 -g -O3 -O0"));
        assert!(says_optimized(b"GNU C17 12.2.0"), "its flags are not known");
        assert!(!says_optimized(b"GNU C17 12.2.0 -g") && !says_optimized(b"clang version 14.0.6"));
    }
}
