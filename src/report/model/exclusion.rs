//! Lines that do not count, by marks in the source: those of lcov, gcovr and coverage.py, and patterns of one's own.
//!
//! Marks are looked for anywhere in a line, as those tools do. A start without a stop holds to the end of the source, and
//! that is reported.

use super::source::SourceText;
use crate::store::Numbits;
use regex::bytes::{Regex, RegexSet};

/// Which lines do not count.
#[derive(Clone, Debug)]
pub struct Exclusions {
    lines: RegexSet,
    marks: Regex,
}

/// The excluded lines of a source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Excluded {
    /// The lines that do not count.
    pub lines: Numbits,
    /// Marks that do not fit together, each with its line.
    pub unmatched: Vec<(u32, &'static str)>,
}

/// Each of these names follows LCOV_EXCL or GCOVR_EXCL or GCOV_EXCL; branches are not measured, so marks for them
/// mean nothing here.
const MARKS: &str = r"\b(?:LCOV|GCOVR|GCOV)_EXCL_(LINE|START|STOP)\b|\bpragma: ?no ?cover\b";

impl Default for Exclusions {
    fn default() -> Self {
        Exclusions::new(&[]).expect("invariant: no pattern is no wrong one")
    }
}

impl Exclusions {
    /// Those of marks, and lines that match one of these regular expressions.
    ///
    /// # Errors
    /// If one of them is none, or they are too many.
    pub fn new(lines: &[String]) -> Result<Exclusions, regex::Error> {
        let marks = Regex::new(MARKS).expect("invariant: the pattern is valid");
        Ok(Exclusions { lines: RegexSet::new(lines)?, marks })
    }

    /// The lines of a source that do not count.
    pub fn of(&self, text: &SourceText) -> Excluded {
        let mut excluded = Excluded::default();
        if self.lines.is_empty() && !self.marks.is_match(text.bytes()) {
            return excluded;
        }
        let mut started = None;
        for (number, line) in (1u32..).zip(text.bytes().split(|byte| *byte == b'\n')) {
            let mut counts = started.is_none() && !self.lines.is_match(line);
            for mark in self.marks.captures_iter(line) {
                match mark.get(1).map(|name| name.as_bytes()) {
                    Some(b"START") if started.is_some() => excluded.unmatched.push((number, "a start within another")),
                    Some(b"START") => started = Some(number),
                    Some(b"STOP") if started.is_none() => excluded.unmatched.push((number, "a stop without a start")),
                    Some(b"STOP") => started = None,
                    Some(_) | None => {}
                }
                counts = false;
            }
            if !counts {
                excluded.lines.insert(number);
            }
        }
        excluded.unmatched.extend(started.map(|line| (line, "a start without a stop")));
        excluded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, patterns: &[&str]) -> (Vec<u32>, Vec<(u32, &'static str)>) {
        let patterns: Vec<String> = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
        let excluded = Exclusions::new(&patterns).unwrap().of(&SourceText::of(text));
        (excluded.lines.iter().collect(), excluded.unmatched)
    }

    #[test]
    fn marks_of_all_tools_count() {
        let text = "a\nb // LCOV_EXCL_LINE\nc\n/* GCOVR_EXCL_START */\nd\n/* GCOVR_EXCL_STOP */\ne\n\
                    f // pragma: no cover\n# GCOV_EXCL_LINE\nLCOV_EXCL_BR_LINE XLCOV_EXCL_LINE LCOV_EXCL_LINES\n";
        assert_eq!(of(text, &[]), (vec![2, 4, 5, 6, 8, 9], vec![]));
    }

    #[test]
    fn patterns_of_ones_own_count() {
        assert_eq!(of("assert(x);\nx++;\nunreachable!()\n", &[r"^\s*assert\(", "unreachable!"]).0, [1, 3]);
        assert!(Exclusions::new(&["(".to_owned()]).is_err());
    }

    #[test]
    fn marks_that_do_not_fit_are_told() {
        let (lines, unmatched) = of("LCOV_EXCL_STOP\na\nLCOV_EXCL_START\nb\nLCOV_EXCL_START\nc", &[]);
        assert_eq!(lines, [1, 3, 4, 5, 6]);
        assert_eq!(
            unmatched,
            [(1, "a stop without a start"), (5, "a start within another"), (3, "a start without a stop")]
        );
    }
}
