//! The executable bytes of an image: which addresses are code, and where they are in the file.
//!
//! Invariant: the ranges of a [`Text`] are sorted, disjoint, not empty and backed by bytes of the file.

use crate::debuginfo::index::{FileOffset, Svma};

/// A run of executable bytes that is contiguous in memory and in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TextRange {
    pub(crate) start: Svma,
    /// The first address behind it.
    pub(crate) end: Svma,
    /// Of the byte at `start`.
    pub(crate) offset: FileOffset,
}

impl TextRange {
    fn starting_at(self, start: Svma) -> TextRange {
        TextRange { start, offset: self.offset_of(start), ..self }
    }

    /// Where the byte at `address`, which lies in the range, is in the file.
    pub(crate) fn offset_of(&self, address: Svma) -> FileOffset {
        FileOffset(self.offset.0.saturating_add(address.0.saturating_sub(self.start.0)))
    }
}

/// The executable bytes of an image.
pub(crate) struct Text<'a> {
    bytes: &'a [u8],
    ranges: Vec<TextRange>,
}

impl<'a> Text<'a> {
    /// The parts of `loads` (executable segments) that lie in `sections`, or all of `loads` where no sections are known.
    pub(crate) fn new(bytes: &'a [u8], mut loads: Vec<TextRange>, sections: Option<Vec<TextRange>>) -> Text<'a> {
        disjoin(&mut loads);
        let ranges = match sections {
            None => loads,
            Some(mut sections) => {
                disjoin(&mut sections);
                intersect(&loads, &sections)
            }
        };
        let backed =
            |r: &TextRange| r.offset.0.checked_add(r.end.0 - r.start.0).is_some_and(|e| e <= bytes.len() as u64);
        Text { bytes, ranges: ranges.into_iter().filter(backed).collect() }
    }

    /// All ranges, in order of address.
    pub(crate) fn ranges(&self) -> &[TextRange] {
        &self.ranges
    }

    /// The range that covers an address.
    pub(crate) fn range_at(&self, address: Svma) -> Option<&TextRange> {
        let after = self.ranges.partition_point(|r| r.start <= address);
        self.ranges[..after].last().filter(|r| address < r.end)
    }

    /// The byte at an offset of the file, which lies in text.
    pub(crate) fn byte_at(&self, offset: FileOffset) -> u8 {
        self.bytes.get(offset.0 as usize).copied().unwrap_or_default()
    }

    /// The bytes of `range` from `address`, which lies in it, to its end.
    pub(crate) fn bytes_from(&self, range: &TextRange, address: Svma) -> &'a [u8] {
        let (start, end) = (range.offset_of(address).0 as usize, range.offset_of(range.end).0 as usize);
        self.bytes.get(start..end).unwrap_or_default()
    }
}

/// Sorts and makes disjoint: where two overlap, the one that starts first keeps the overlap.
fn disjoin(ranges: &mut Vec<TextRange>) {
    ranges.sort_unstable();
    let mut reach = Svma(0);
    for range in ranges.iter_mut() {
        *range = range.starting_at(range.start.max(reach).min(range.end));
        reach = reach.max(range.end);
    }
    ranges.retain(|r| r.start < r.end);
}

/// The parts of `loads` that lie in `sections`; both sorted and disjoint.
fn intersect(loads: &[TextRange], sections: &[TextRange]) -> Vec<TextRange> {
    let (mut parts, mut next) = (Vec::new(), 0);
    for load in loads {
        while let Some(section) = sections.get(next) {
            let (start, end) = (load.start.max(section.start), load.end.min(section.end));
            if start < end {
                parts.push(TextRange { end, ..load.starting_at(start) });
            }
            if section.end > load.end {
                break;
            }
            next += 1;
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(start: u64, end: u64, offset: u64) -> TextRange {
        TextRange { start: Svma(start), end: Svma(end), offset: FileOffset(offset) }
    }

    #[test]
    fn sections_cut_segments() {
        let bytes = [0; 0x100];
        let loads = vec![range(0x1000, 0x1080, 0), range(0x2000, 0x2080, 0x80)];
        let sections = vec![range(0x2010, 0x3000, 0), range(0x1010, 0x1020, 0), range(0x1030, 0x2008, 0)];
        let text = Text::new(&bytes, loads, Some(sections));
        let expected = [
            range(0x1010, 0x1020, 0x10),
            range(0x1030, 0x1080, 0x30),
            range(0x2000, 0x2008, 0x80),
            range(0x2010, 0x2080, 0x90),
        ];
        assert_eq!(text.ranges(), expected);
        assert_eq!(text.range_at(Svma(0x101f)), Some(&expected[0]));
        assert_eq!(text.range_at(Svma(0x1020)), None);
        assert_eq!(text.range_at(Svma(0x0fff)), None);
        assert_eq!(expected[3].offset_of(Svma(0x2011)), FileOffset(0x91));
        assert_eq!(text.bytes_from(&expected[3], Svma(0x207e)).len(), 2);
    }

    #[test]
    fn overlapping_segments_become_disjoint_and_unbacked_ones_vanish() {
        let bytes = [0; 0x100];
        let loads = vec![range(0x1020, 0x1040, 0x60), range(0x1000, 0x1030, 0), range(0x9000, 0x9001, 0x100)];
        assert_eq!(Text::new(&bytes, loads, None).ranges(), [range(0x1000, 0x1030, 0), range(0x1030, 0x1040, 0x70)]);
    }
}
