//! Whether functions ran, which only their lines tell.
//!
//! Invariant: a function is not said to have run because of a line of a function nested in it, unless all its lines are
//! such.

use super::merge::FileCoverage;
use crate::store::FunctionFacts;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// Whether a function ran: one of its own lines did, that is one that is in no function nested in it (a lambda, a local
/// class, a GNU C nested function). A function all of whose lines are in nested ones ran if one of them did.
///
/// A function that the compiler put into its callers counts as run where its lines ran there, though the line of its
/// opening brace, which only its own copy has, did not.
pub fn function_ran(function: &FunctionFacts, file: &FileCoverage) -> bool {
    let lines = || file.executable.within(function.start..=function.end);
    let nested = nested_in(function, &file.functions);
    let mut own = lines().filter(|line| !nested.iter().any(|inner| inner.contains(line))).peekable();
    if own.peek().is_none() {
        return lines().any(|line| file.ran.contains(line));
    }
    own.any(|line| file.ran.contains(line))
}

/// The lines of the functions within a function that are fewer than its own.
fn nested_in(outer: &FunctionFacts, functions: &BTreeSet<FunctionFacts>) -> Vec<RangeInclusive<u32>> {
    let first = FunctionFacts { start: outer.start, end: 0, name: String::new() };
    functions
        .range(first..)
        .take_while(|inner| inner.start <= outer.end)
        .filter(|inner| inner.end <= outer.end && (inner.start, inner.end) != (outer.start, outer.end))
        .map(|inner| inner.start..=inner.end)
        .collect()
}

/// Made-up sources for tests.
#[cfg(test)]
pub(super) mod sample {
    use super::*;

    pub(in crate::report) fn function(start: u32, end: u32, name: &str) -> FunctionFacts {
        FunctionFacts { start, end, name: name.to_owned() }
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
    fn a_function_of_nothing_but_nested_ones_ran_with_them() {
        let functions = vec![function(1, 9, "outer"), function(1, 5, "one"), function(6, 9, "other")];
        let file = file(&[2, 7], &[7], functions.clone());
        assert!(function_ran(&functions[0], &file) && !function_ran(&functions[1], &file));
        assert!(!function_ran(&function(3, 4, "without code"), &file));
    }
}
