//! Lines that did not run, as ranges.

use crate::store::Numbits;
use std::fmt::Write;

/// Ranges as they are shown, such as `12-14, 20`.
pub(crate) fn shown_ranges(ranges: &[(u32, u32)]) -> String {
    let mut text = String::new();
    for (first, last) in ranges {
        let separator = if text.is_empty() { "" } else { ", " };
        let written =
            if first == last { write!(text, "{separator}{first}") } else { write!(text, "{separator}{first}-{last}") };
        written.expect("invariant: writing to a string does not fail");
    }
    text
}

/// The lines of `executable` that are not in `ran`, as ranges from the first to the last line.
///
/// A range runs across lines that have no code: 12-14 means 12 and 14 where 13 is blank.
pub(crate) fn ranges(executable: &Numbits, ran: &Numbits) -> Vec<(u32, u32)> {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    let mut in_range = false;
    for line in executable.iter() {
        let missed = !ran.contains(line);
        match ranges.last_mut() {
            Some((_, last)) if missed && in_range => *last = line,
            Some(_) | None if missed => ranges.push((line, line)),
            Some(_) | None => {}
        }
        in_range = missed;
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(executable: &[u32], ran: &[u32]) -> String {
        shown_ranges(&ranges(&executable.iter().copied().collect(), &ran.iter().copied().collect()))
    }

    #[test]
    fn ranges_run_across_lines_without_code() {
        assert_eq!(missing(&[1, 3, 5, 6, 9, 12], &[3, 12]), "1, 5-9");
        assert_eq!(missing(&[12, 13, 14, 18, 20], &[18]), "12-14, 20");
        assert_eq!(missing(&[1, 2], &[1, 2]), "");
        assert_eq!(missing(&[], &[]), "");
        assert_eq!(missing(&[1, 2, 3], &[]), "1-3");
    }
}
