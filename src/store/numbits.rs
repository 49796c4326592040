//! Sets of line numbers in coverage.py's encoding: line n is bit `1 << (n % 8)` of byte `n / 8`.
//!
//! Invariant: the last byte is never zero, so equal sets are equal bytes.

use serde::Serialize;
use std::ops::RangeInclusive;

/// A set of line numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Numbits(Vec<u8>);

impl Numbits {
    /// The encoded bytes as stored.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Takes encoded bytes; zero bytes at the end are dropped.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let len = bytes.iter().rposition(|&b| b != 0).map_or(0, |last| last + 1);
        Numbits(bytes[..len].to_vec())
    }

    /// All numbers below one.
    pub(super) fn below(end: u32) -> Self {
        let mut bytes = vec![u8::MAX; (end / 8) as usize];
        bytes.extend(Some(end % 8).filter(|rest| *rest > 0).map(|rest| (1 << rest) - 1));
        Numbits(bytes)
    }

    /// The parts of the set that are worth a row of their own, each with the first line that its bytes stand for.
    pub(super) fn pieces(&self) -> Vec<(u32, &[u8])> {
        /// Zero bytes that take more than another row does.
        const GAP: usize = 32;
        let mut pieces = Vec::new();
        let mut at = 0;
        while let Some(start) = self.0[at..].iter().position(|byte| *byte != 0).map(|zeros| at + zeros) {
            let mut end = start;
            while let Some(zeros) = self.0[end..].iter().take(GAP).position(|byte| *byte != 0) {
                end += zeros + 1;
            }
            pieces.push((start as u32 * 8, &self.0[start..end]));
            at = end;
        }
        pieces
    }

    /// Adds a part; false if its lines are more than any source has, or `first` is no multiple of 8.
    pub(super) fn add_piece(&mut self, first: u32, bytes: &[u8]) -> bool {
        /// Sets beyond this would take memory and are nobody's.
        const MAX_LINES: usize = 1 << 26;
        let bytes = &bytes[..bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)];
        let start = (first / 8) as usize;
        if !first.is_multiple_of(8) || start + bytes.len() > MAX_LINES / 8 {
            return false;
        }
        if !bytes.is_empty() && self.0.len() < start + bytes.len() {
            self.0.resize(start + bytes.len(), 0);
        }
        for (mine, theirs) in self.0.iter_mut().skip(start).zip(bytes) {
            *mine |= theirs;
        }
        true
    }

    /// Adds a line; true if it was not there.
    pub fn insert(&mut self, line: u32) -> bool {
        let (byte, bit) = ((line / 8) as usize, 1u8 << (line % 8));
        if byte >= self.0.len() {
            self.0.resize(byte + 1, 0);
        }
        let new = self.0[byte] & bit == 0;
        self.0[byte] |= bit;
        new
    }

    /// Whether a line is in the set.
    pub fn contains(&self, line: u32) -> bool {
        self.0.get((line / 8) as usize).is_some_and(|byte| byte & (1 << (line % 8)) != 0)
    }

    /// Adds all lines of another set.
    pub fn union_with(&mut self, other: &Numbits) {
        if other.0.len() > self.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine |= theirs;
        }
    }

    /// The first and the last of lines that follow each other without a gap.
    pub fn ranges(&self) -> Vec<(u32, u32)> {
        let mut ranges: Vec<(u32, u32)> = Vec::new();
        for line in self.iter() {
            match ranges.last_mut() {
                Some((_, last)) if *last + 1 == line => *last = line,
                Some(_) | None => ranges.push((line, line)),
            }
        }
        ranges
    }

    /// The lines that are not in another set.
    pub fn difference(&self, other: &Numbits) -> Numbits {
        let theirs = other.0.iter().chain(std::iter::repeat(&0));
        let left: Vec<u8> = self.0.iter().zip(theirs).map(|(mine, theirs)| mine & !theirs).collect();
        Numbits::from_bytes(&left)
    }

    /// The lines that are in another set too.
    pub fn intersection(&self, other: &Numbits) -> Numbits {
        let both: Vec<u8> = self.0.iter().zip(&other.0).map(|(mine, theirs)| mine & theirs).collect();
        Numbits::from_bytes(&both)
    }

    /// Whether all lines of another set are in the set.
    pub fn has_all(&self, other: &Numbits) -> bool {
        other.0.len() <= self.0.len() && self.0.iter().zip(&other.0).all(|(mine, theirs)| theirs & !mine == 0)
    }

    /// Whether a line of another set is in the set.
    pub fn has_any(&self, other: &Numbits) -> bool {
        self.0.iter().zip(&other.0).any(|(mine, theirs)| mine & theirs != 0)
    }

    /// How many lines.
    pub fn len(&self) -> u64 {
        self.0.iter().map(|byte| u64::from(byte.count_ones())).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The lines in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.within(0..=u32::MAX)
    }

    /// Those of some consecutive lines that are in the set, in ascending order.
    pub fn within(&self, lines: RangeInclusive<u32>) -> impl Iterator<Item = u32> + '_ {
        let (first, last) = ((lines.start() / 8) as usize, (lines.end() / 8) as usize);
        let bytes = self.0.iter().enumerate().skip(first).take_while(move |(index, _)| *index <= last);
        bytes
            .flat_map(|(index, byte)| {
                (0..8u32).filter(move |bit| byte & (1 << bit) != 0).map(move |bit| index as u32 * 8 + bit)
            })
            .filter(move |line| lines.contains(line))
    }
}

impl FromIterator<u32> for Numbits {
    fn from_iter<I: IntoIterator<Item = u32>>(lines: I) -> Self {
        let mut set = Numbits::default();
        for line in lines {
            set.insert(line);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_leave_gaps_out_and_add_up_to_the_whole() {
        let set: Numbits = [0, 7, 8, 90, 5_000, 5_001, 70_000].into_iter().collect();
        let pieces = set.pieces();
        let firsts: Vec<(u32, usize)> = pieces.iter().map(|(first, bytes)| (*first, bytes.len())).collect();
        assert_eq!(firsts, [(0, 12), (5_000, 1), (70_000, 1)]);
        let mut whole = Numbits::default();
        assert!(pieces.iter().rev().all(|(first, bytes)| whole.add_piece(*first, bytes)));
        assert_eq!(whole, set);
        assert!(Numbits::default().pieces().is_empty());
        assert!(whole.add_piece(800_000, &[0, 0]) && whole == set, "zeros are nothing");
        assert!(!whole.add_piece(4, &[1]) && !whole.add_piece(u32::MAX - 7, &[1]) && whole == set);
    }

    #[test]
    fn encodes_as_coverage_py_documents_it() {
        let set: Numbits = [1, 8, 9].into_iter().collect();
        assert_eq!(set.as_bytes(), [0x02, 0x03]);
        assert_eq!(set.iter().collect::<Vec<_>>(), [1, 8, 9]);
        assert_eq!(set.len(), 3);
    }

    #[test]
    fn some_consecutive_lines_can_be_asked_for() {
        let set: Numbits = [1, 7, 8, 15, 16, 40].into_iter().collect();
        let within = |lines| set.within(lines).collect::<Vec<_>>();
        assert_eq!(within(7..=15), [7, 8, 15]);
        assert_eq!(within(9..=14), [0; 0]);
        assert_eq!(within(16..=u32::MAX), [16, 40]);
        assert_eq!(within(41..=99), [0; 0]);
        assert_eq!(within(RangeInclusive::new(9, 8)), [0; 0]);
    }

    #[test]
    fn equal_sets_are_equal_bytes() {
        for end in [0, 1, 7, 8, 9, 16, 30] {
            assert_eq!(Numbits::below(end), (0..end).collect());
        }
        assert_eq!(Numbits::from_bytes(&[2, 0, 0]), [1].into_iter().collect());
        let mut union = Numbits::from_bytes(&[2]);
        union.union_with(&Numbits::from_bytes(&[0, 0, 1]));
        assert_eq!(union.iter().collect::<Vec<_>>(), [1, 16]);
        assert!(union.contains(16) && !union.contains(8) && !union.contains(99));
        let both = union.intersection(&[1, 8, 9].into_iter().collect());
        assert_eq!(both, [1].into_iter().collect());
        assert!(union.has_all(&both) && union.has_any(&both) && !both.has_all(&union));
        assert!(both.has_all(&Numbits::default()) && !both.has_any(&[16].into_iter().collect()));
    }
}
