//! Which sources have no code that a compiler optimized, as far as the debug information tells.
//!
//! The producer of optimized code has the flags (GCC), or the code says that all its calls are described (Clang), or its
//! variables are in one place here and in another there. A compiler that tells nothing of that is taken for one that optimizes.

use super::elf::Elf;
use super::sections::DebugSections;
use super::survey::{Survey, Task, opened};
use crate::debuginfo::error::{Budget, IndexError};
use crate::debuginfo::shortfall::Shortfalls;
use gimli::{Abbreviations, DwForm};
use rayon::prelude::*;
use std::collections::HashSet;

/// What a unit tells of its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Plain,
    Optimized,
    /// How many variables are in one place, and how many in several: rustc inlines some of the standard library in any case.
    Variables {
        fixed: u64,
        moving: u64,
    },
}

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
    // What a damaged unit names is not known.
    if named.of_units.iter().any(Option::is_none) {
        return Ok(Vec::new());
    }
    let told: Result<Vec<Told>, IndexError> = survey
        .tasks
        .par_iter()
        .map_init(|| budget.share(), |budget, task| what_is_told(&survey, task, budget))
        .collect();
    let mut of_files = vec![Told::Variables { fixed: 0, moving: 0 }; named.paths.len()];
    for (told, files) in told?.into_iter().zip(named.of_units.iter().flatten()) {
        for file in files {
            let of_file = &mut of_files[file.0 as usize];
            *of_file = of_file.with(told);
        }
    }
    budget.settle()?;
    // A path may be there more than once, with different texts.
    let of_optimized = named.paths.iter().zip(&of_files).filter(|(_, told)| told.is_optimized());
    let of_optimized: HashSet<String> = of_optimized.map(|(path, _)| path.clone()).collect();
    Ok(named.paths.into_iter().filter(|path| !of_optimized.contains(path)).collect())
}

impl Told {
    /// Of two units.
    fn with(self, other: Told) -> Told {
        match (self, other) {
            (Told::Optimized, _) | (_, Told::Optimized) => Told::Optimized,
            (Told::Plain, other) | (other, Told::Plain) => other,
            (Told::Variables { fixed, moving }, Told::Variables { fixed: more_fixed, moving: more_moving }) => {
                Told::Variables { fixed: fixed + more_fixed, moving: moving + more_moving }
            }
        }
    }

    fn is_optimized(self) -> bool {
        /// Where one variable in so many moves, the code is optimized: without that it is one in fifty.
        const ONE_IN: u64 = 8;
        match self {
            Told::Plain => false,
            Told::Optimized => true,
            Told::Variables { fixed, moving } => moving * ONE_IN > fixed,
        }
    }
}

fn what_is_told(survey: &Survey<'_>, task: &Task<'_>, budget: &mut Budget) -> Result<Told, IndexError> {
    let Some(unit) = opened(task.header, &survey.dwarf, &survey.tables, budget)? else { return Ok(Told::Optimized) };
    let Ok(entry) = unit.entry(task.header.root_offset()) else { return Ok(Told::Optimized) };
    let producer = entry.attr_value(gimli::DW_AT_producer);
    let Some(Ok(producer)) = producer.map(|value| survey.dwarf.attr_string(&unit, value)) else {
        return Ok(Told::Optimized);
    };
    budget.spend(producer.len())?;
    let Some(Some(table)) = survey.tables.get(&task.header.debug_abbrev_offset().0) else {
        return Ok(Told::Optimized);
    };
    let says = |text: &[u8]| memchr::memmem::find(producer.slice(), text).is_some();
    if says(b"rustc version") {
        return counted(task, table, budget);
    }
    // Go has one table of abbreviations for all units, and keeps its flags, too.
    if says(b"Go cmd/compile") {
        let mut words = producer.slice().split(|byte| b" ;".contains(byte));
        return Ok(if words.any(|word| word == b"-N") { Told::Plain } else { Told::Optimized });
    }
    let is_optimized = says_optimized(producer.slice()) || describes_optimized(table, says(b"clang version"), budget)?;
    Ok(if is_optimized { Told::Optimized } else { Told::Plain })
}

/// Counts the variables of a unit.
fn counted(task: &Task<'_>, table: &Abbreviations, budget: &mut Budget) -> Result<Told, IndexError> {
    let (mut fixed, mut moving) = (0, 0);
    let Ok(mut entries) = task.header.entries_raw(table, None) else { return Ok(Told::Optimized) };
    while !entries.is_empty() {
        let Ok(abbreviation) = entries.read_abbreviation() else { return Ok(Told::Optimized) };
        let Some(abbreviation) = abbreviation else { continue };
        budget.spend(1 + abbreviation.attributes().len())?;
        match abbreviation.attributes().iter().find(|attribute| attribute.name() == gimli::DW_AT_location) {
            Some(attribute) if is_list(attribute.form()) => moving += 1,
            Some(_) => fixed += 1,
            None => {}
        }
        if entries.skip_attributes(abbreviation.attributes()).is_err() {
            return Ok(Told::Optimized);
        }
    }
    Ok(Told::Variables { fixed, moving })
}

/// Whether a place is told by a list of places.
fn is_list(form: DwForm) -> bool {
    matches!(form, gimli::DW_FORM_loclistx | gimli::DW_FORM_sec_offset | gimli::DW_FORM_data4 | gimli::DW_FORM_data8)
}

/// Whether the command line that GCC keeps asks for it, or is not kept.
pub(super) fn says_optimized(producer: &[u8]) -> bool {
    let mut flags = producer.split(|byte| *byte == b' ').filter(|word| word.starts_with(b"-"));
    let level = flags.clone().filter_map(|word| word.strip_prefix(b"-O")).next_back();
    level.is_some_and(|level| level != b"0") || producer.starts_with(b"GNU ") && flags.next().is_none()
}

/// Whether entries that are made of these abbreviations describe what only optimized code has.
fn describes_optimized(table: &Abbreviations, is_clang: bool, budget: &mut Budget) -> Result<bool, IndexError> {
    for abbreviation in (1..).map_while(|code| table.get(code)) {
        budget.spend(1 + abbreviation.attributes().len())?;
        let tells = abbreviation.attributes().iter().any(|attribute| match attribute.name() {
            // GCC says so of functions that call nobody, too.
            gimli::DW_AT_call_all_calls | gimli::DW_AT_GNU_all_call_sites => is_clang,
            gimli::DW_AT_APPLE_optimized => true,
            gimli::DW_AT_location => is_list(attribute.form()),
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
    fn a_few_variables_that_move_are_no_optimization() {
        let told = |fixed, moving| Told::Variables { fixed, moving };
        assert!(!told(100, 2).is_optimized() && told(10, 2).is_optimized() && !told(0, 0).is_optimized());
        assert!(!told(3, 2).with(told(97, 0)).is_optimized());
        assert!(told(3, 0).with(Told::Optimized).is_optimized() && !Told::Plain.with(told(3, 0)).is_optimized());
    }

    #[test]
    fn the_last_level_counts() {
        assert!(says_optimized(b"GNU C17 12.2.0 -mtune=generic -g -O2"));
        assert!(says_optimized(b"GNU C17 12.2.0 -O0 -g -Og"));
        assert!(!says_optimized(b"GNU C17 12.2.0 -g -O3 -O0"));
        assert!(says_optimized(b"GNU C17 12.2.0"), "its flags are not known");
        assert!(!says_optimized(b"GNU C17 12.2.0 -g") && !says_optimized(b"clang version 14.0.6"));
    }
}
