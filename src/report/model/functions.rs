//! Whether functions ran: a probe tells it, or where none does, their lines.
//!
//! Functions may share lines: instances of a template or a generic, two on one line. Of each of them probes tell by
//! themselves. Nothing but lines tells of a function in data of older versions, nor of one without an instruction of
//! its own that begins a line.
//!
//! Invariant: by its lines a function is not said to have run because of a line of a function nested in it, unless all its lines are
//! such.

use super::coverage::FileCoverage;
use crate::store::{FunctionFacts, Numbits};
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// Whether a function ran, be it where it is or where the compiler put it into its callers.
///
/// By its lines it did if one of its own did, that is one that is in no function nested in it (a lambda, a local class, a
/// GNU C nested function). A function all of whose lines are in nested ones ran if one of them did.
pub fn function_ran(function: &FunctionFacts, file: &FileCoverage) -> bool {
    file.entered.contains(function) || (!function.told && telling_lines(function, file).has_any(&file.ran))
}

/// The lines of which one ran if the function did, where no probe tells it.
pub(super) fn telling_lines(function: &FunctionFacts, file: &FileCoverage) -> Numbits {
    let all: Numbits = file.executable.within(function.start..=function.end).collect();
    let nested = nested_in(function, &file.functions);
    let own: Numbits = all.iter().filter(|line| !nested.iter().any(|inner| inner.contains(line))).collect();
    if own.is_empty() { all } else { own }
}

/// The lines of the functions within a function that are fewer than its own.
fn nested_in(outer: &FunctionFacts, functions: &BTreeSet<FunctionFacts>) -> Vec<RangeInclusive<u32>> {
    let first = FunctionFacts { start: outer.start, end: 0, name: String::new(), told: false };
    functions
        .range(first..)
        .take_while(|inner| inner.start <= outer.end)
        .filter(|inner| inner.end <= outer.end && (inner.start, inner.end) != (outer.start, outer.end))
        .map(|inner| inner.start..=inner.end)
        .collect()
}

impl FileCoverage {
    /// What of it is in a function. Of one that did not run nothing ran: its lines did in others that share them.
    pub(crate) fn of_function(&self, function: &FunctionFacts) -> FileCoverage {
        let within = |lines: &Numbits| lines.within(function.start..=function.end).collect();
        let has_run = !function.told || function_ran(function, self);
        let ran = if has_run { within(&self.ran) } else { Numbits::default() };
        FileCoverage { executable: within(&self.executable), ran, ..FileCoverage::default() }
    }
}

/// Made-up sources for tests.
#[cfg(test)]
pub(crate) mod sample {
    use super::*;

    pub(in crate::report) fn function(start: u32, end: u32, name: &str) -> FunctionFacts {
        FunctionFacts { start, end, name: name.to_owned(), told: false }
    }

    pub(in crate::report) fn file(executable: &[u32], ran: &[u32], functions: Vec<FunctionFacts>) -> FileCoverage {
        FileCoverage {
            executable: executable.iter().copied().collect(),
            ran: ran.iter().copied().collect(),
            functions: functions.into_iter().collect(),
            ..FileCoverage::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::sample::{file, function};
    use super::*;

    #[test]
    fn a_function_ran_if_a_line_of_its_own_did() {
        let functions = vec![function(1, 9, "outer"), function(3, 5, "lambda"), function(1, 9, "twin")];
        let ran = |ran: &[u32]| {
            let file = file(&[1, 3, 4, 5, 8], ran, functions.clone());
            let of = |index: usize| function_ran(&functions[index], &file);
            (of(0), of(1), of(2))
        };
        assert_eq!(ran(&[]), (false, false, false));
        assert_eq!(ran(&[4]), (false, true, false));
        assert_eq!(ran(&[8]), (true, false, true));
        assert_eq!(ran(&[1, 4]), (true, true, true));
    }

    #[test]
    fn a_function_that_a_probe_tells_of_does_not_run_with_its_lines() {
        let told = |name| FunctionFacts { told: true, ..function(1, 3, name) };
        let mut file = file(&[1, 2, 3], &[1, 2, 3], vec![told("f<int>"), told("f<char>")]);
        file.entered.insert(told("f<int>"));
        assert!(function_ran(&told("f<int>"), &file) && !function_ran(&told("f<char>"), &file));
        assert_eq!(file.of_function(&told("f<int>")).ratio().ran, 3);
        assert_eq!(file.of_function(&told("f<char>")).ratio().ran, 0);
    }

    #[test]
    fn a_function_of_nothing_but_nested_ones_ran_with_them() {
        let functions = vec![function(1, 9, "outer"), function(1, 5, "one"), function(6, 9, "other")];
        let file = file(&[2, 7], &[7], functions.clone());
        assert!(function_ran(&functions[0], &file) && !function_ran(&functions[1], &file));
        assert!(!function_ran(&function(3, 4, "without code"), &file));
    }
}
