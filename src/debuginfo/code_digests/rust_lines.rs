//! The lines and columns that constants of Rust have: they move with every line that is written above.

use super::program::Program;
use crate::debuginfo::index::Svma;
use crate::debuginfo::reading::linked::{NamedRange, Target};
use std::borrow::Cow;
use std::ops::Range;

/// The bytes of a pointer to a text, and then of its length.
const TEXT: usize = 16;

/// What an object holds, without the lines and columns that follow the names of sources in it. `words` are the addresses
/// in it.
pub(super) fn removed<'s>(
    program: &Program<'_>,
    object: &NamedRange<'_>,
    words: &[(Svma, Target<'_>)],
    stored: &'s [u8],
) -> Cow<'s, [u8]> {
    let mut stored = Cow::Borrowed(stored);
    for (place, target) in words {
        let at = (place.0 - object.start.0) as usize;
        if is_source(program, *target, stored.get(at..).unwrap_or_default()) {
            for lines in [of_panic(&stored, at), of_test(&stored, at)].into_iter().flatten() {
                stored.to_mut()[lines].fill(0);
            }
        }
    }
    stored
}

/// Whether an address and the length behind it are those of the name of a Rust source.
fn is_source(program: &Program<'_>, target: Target<'_>, stored: &[u8]) -> bool {
    let text = || {
        let Target::Address(address) = target else { return None };
        let section = program.section_at(address)?;
        let len = u64::from_le_bytes(stored.get(TEXT / 2..TEXT)?.try_into().ok()?);
        let text = section.bytes.get((address.0 - section.start.0) as usize..)?;
        text.get(..usize::try_from(len).ok()?)
    };
    text().is_some_and(|text| text.ends_with(b".rs"))
}

/// Those of `core::panic::Location`, which is a name, a line and a column of 32 bits.
fn of_panic(stored: &[u8], at: usize) -> Option<Range<usize>> {
    const LEN: usize = 8;
    let lines = at + TEXT..at + TEXT + LEN;
    (at == 0 && stored.len() >= lines.end).then_some(lines)
}

/// Those of `test::TestDesc`: line and column of a test's beginning and end, 64 bits each.
fn of_test(stored: &[u8], at: usize) -> Option<Range<usize>> {
    const BEHIND: usize = 32;
    const MOST_LINES: u64 = 1 << 24;
    const MOST_COLUMNS: u64 = 1 << 16;
    let lines = at + BEHIND..at + BEHIND + 4 * 8;
    let (words, _) = stored.get(lines.clone())?.as_chunks::<8>();
    let [start, from, end, to] = *words else { return None };
    let [start, from, end, to] = [start, from, end, to].map(u64::from_le_bytes);
    let columns = 1..MOST_COLUMNS;
    let is_one = (1..=end).contains(&start) && end < MOST_LINES && columns.contains(&from) && columns.contains(&to);
    is_one.then_some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_from_other_numbers() {
        assert_eq!(of_panic(&[0; 24], 0), Some(16..24));
        assert_eq!([of_panic(&[0; 23], 0), of_panic(&[0; 32], 8)], [None, None]);
        let test = |words: [u64; 4]| [vec![0; 32], words.map(u64::to_le_bytes).concat()].concat();
        assert_eq!(of_test(&test([776, 8, 776, 24]), 0), Some(32..64));
        for words in [[0, 8, 776, 24], [777, 8, 776, 24], [776, 0, 776, 24], [776, 8, 776, 1 << 20]] {
            assert_eq!(of_test(&test(words), 0), None, "{words:?}");
        }
    }
}
