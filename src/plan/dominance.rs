//! Which probes were executed whenever others are: what the flow of control between the stretches of a function tells.
//!
//! A stretch whose every way on leads into code that nothing else leads to needs no breakpoint: the next one on any of
//! these ways tells of it.
//!
//! Invariant: nothing here loops without end or goes out of range, whatever a file held, as long as [`Dominance::holds`].

use crate::plan::{ColumnReader, ColumnWriter, FileOffset};
use serde::{Deserialize, Serialize};
use std::io::{self, Write};
use std::iter::successors;
use std::ops::Range;

/// The number that means no probe.
const NONE: u32 = u32::MAX;

/// Probes in order of their offset, and the stretches of straight-line code that they are in.
pub trait Stretches {
    /// Number of probes.
    fn count(&self) -> u32;

    /// Where a probe is in the file.
    fn offset(&self, probe: u32) -> FileOffset;

    /// How many bytes of straight-line code there are from a probe on.
    fn straight(&self, probe: u32) -> u32;

    /// Whether a probe is the last of its stretch, so that a breakpoint there tells of all of them.
    fn ends_stretch(&self, probe: u32) -> bool {
        let end = self.offset(probe).saturating_add(u64::from(self.straight(probe)));
        probe + 1 >= self.count() || self.offset(probe + 1) >= end
    }

    /// The first probe of the stretch that a probe belongs to.
    fn first_of_stretch(&self, probe: u32) -> u32 {
        let mut first = probe;
        while first > 0 && !self.ends_stretch(first - 1) {
            first -= 1;
        }
        first
    }

    /// The stretch that a probe belongs to: what is executed in this order, if the last of it is.
    fn stretch_of(&self, probe: u32) -> Range<u32> {
        let mut last = probe;
        while !self.ends_stretch(last) {
            last += 1;
        }
        self.first_of_stretch(probe)..last + 1
    }
}

/// What is known of the probes of an image, which are counted in order of their offset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dominance {
    /// Ascending offsets in the file...
    from: Vec<FileOffset>,
    /// ...and the probe that was executed before anything is from there up to the next.
    after: Vec<u32>,
    /// Stretches that need no breakpoint, each by its last probe, ascending...
    implied: Vec<u32>,
    /// ...where the list of each ends in `by`...
    ends: Vec<u32>,
    /// ...and that of the stretches of which one is executed next, each by its last probe.
    by: Vec<u32>,
}

impl Dominance {
    /// How many stretches without a breakpoint one breakpoint may tell of, one before the other.
    pub const LONGEST: usize = 64;

    /// From `offset` on, which is behind those before, a probe was executed before whatever is; or none is known.
    pub fn push_stretch(&mut self, offset: FileOffset, after: Option<u32>) {
        let after = after.unwrap_or(NONE);
        if self.after.last().copied().unwrap_or(NONE) != after {
            self.from.push(offset);
            self.after.push(after);
        }
    }

    /// The stretch that ends with a probe, which is behind those before, is implied by whichever of the others is next.
    pub fn push_implied(&mut self, probe: u32, by: &[u32]) {
        self.implied.push(probe);
        self.by.extend(by);
        self.ends.push(self.by.len() as u32);
    }

    /// Adds what is known of code behind all of this, whose probes are counted from `first` on.
    pub fn append(&mut self, other: &Dominance, first: u32) {
        for (&offset, &after) in other.from.iter().zip(&other.after) {
            self.push_stretch(offset, (after != NONE).then(|| after + first));
        }
        for (&probe, by) in other.implied.iter().zip(other.lists()) {
            let by: Vec<u32> = by.iter().map(|by| by + first).collect();
            self.push_implied(probe + first, &by);
        }
    }

    /// The probe that was executed before anything at `offset` is.
    pub fn before(&self, offset: FileOffset) -> Option<u32> {
        let at = self.from.partition_point(|from| *from <= offset).checked_sub(1)?;
        Some(self.after[at]).filter(|&after| after != NONE)
    }

    /// Whether the stretch that ends with a probe needs no breakpoint.
    pub fn is_implied(&self, probe: u32) -> bool {
        self.implied.binary_search(&probe).is_ok()
    }

    /// What was executed if a probe was: its stretch up to it, and what was before that, stretch by stretch.
    pub fn executed_with(&self, probe: u32, stretches: &(impl Stretches + ?Sized)) -> impl Iterator<Item = Range<u32>> {
        let upto = |last: u32| stretches.first_of_stretch(last)..last + 1;
        let earlier = move |stretch: &Range<u32>| self.before(stretches.offset(stretch.start)).map(upto);
        successors(Some(upto(probe)), earlier).take(1 + Self::LONGEST)
    }

    /// The same for those of the probes only that are kept. A stretch needs a breakpoint again once one of those that
    /// tell of it is gone.
    pub fn narrowed(&self, kept: &[bool], stretches: &(impl Stretches + ?Sized)) -> Dominance {
        let is_kept = |probe: &u32| kept[*probe as usize];
        let last_kept = |probe: u32| (stretches.first_of_stretch(probe)..=probe).rev().find(is_kept);
        let mut next = 0;
        let number = |kept: &bool| {
            next += u32::from(*kept);
            next - u32::from(*kept)
        };
        let numbers: Vec<u32> = kept.iter().map(number).collect();
        let mut narrowed = Dominance::default();
        for (&offset, &after) in self.from.iter().zip(&self.after) {
            let at =
                (after != NONE).then(|| self.executed_with(after, stretches).flat_map(Iterator::rev).find(is_kept));
            let at = at.flatten();
            narrowed.push_stretch(offset, at.map(|at| numbers[at as usize]));
        }
        for (&probe, by) in self.implied.iter().zip(self.lists()) {
            let Some(last) = last_kept(probe) else { continue };
            let by: Option<Vec<u32>> = by.iter().map(|by| Some(numbers[last_kept(*by)? as usize])).collect();
            if let Some(by) = by {
                narrowed.push_implied(numbers[last as usize], &by);
            }
        }
        narrowed
    }

    /// Whether it fits so many probes.
    pub fn holds(&self, probes: usize) -> bool {
        let fits = |probe: &u32| (*probe as usize) < probes;
        self.from.len() == self.after.len()
            && self.from.is_sorted_by(|a, b| a < b)
            && self.after.iter().all(|after| *after == NONE || fits(after))
            && self.implied.len() == self.ends.len()
            && self.implied.is_sorted_by(|a, b| a < b)
            && self.implied.iter().all(fits)
            && self.ends.is_sorted()
            && self.ends.last().copied().unwrap_or(0) as usize == self.by.len()
            && self.by.iter().all(fits)
    }

    /// Writes it as columns of a plan.
    ///
    /// # Errors
    /// Those of what the columns go to.
    pub fn put<W: Write>(&self, columns: &mut ColumnWriter<W>) -> io::Result<()> {
        columns.numbers64(self.from.iter().map(|from| from.0))?;
        columns.numbers32(self.after.iter().copied())?;
        columns.numbers32(self.implied.iter().copied())?;
        columns.numbers32(self.ends.iter().copied())?;
        columns.numbers32(self.by.iter().copied())
    }

    /// What was written; it may not hold.
    pub fn taken(columns: &mut ColumnReader<'_>) -> Option<Dominance> {
        Some(Dominance {
            from: columns.numbers64()?.into_iter().map(FileOffset).collect(),
            after: columns.numbers32()?,
            implied: columns.numbers32()?,
            ends: columns.numbers32()?,
            by: columns.numbers32()?,
        })
    }

    fn lists(&self) -> impl Iterator<Item = &[u32]> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let list = &self.by[start..end as usize];
            start = end as usize;
            list
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Probes at 10, 20, ... of which each pair is a stretch.
    struct Pairs(u32);

    impl Stretches for Pairs {
        fn count(&self) -> u32 {
            self.0
        }

        fn offset(&self, probe: u32) -> FileOffset {
            FileOffset(u64::from(probe + 1) * 10)
        }

        fn straight(&self, probe: u32) -> u32 {
            if probe.is_multiple_of(2) { 11 } else { 5 }
        }
    }

    /// The stretch of 0 and 1, then either that of 2 and 3 or that of 4 and 5, of which the latter leads to 6 and 7.
    fn chosen() -> Dominance {
        let mut dominance = Dominance::default();
        for (offset, after) in [(10, None), (25, Some(1)), (45, Some(1)), (66, Some(5)), (90, None)] {
            dominance.push_stretch(FileOffset(offset), after);
        }
        dominance.push_implied(1, &[3, 5]);
        dominance.push_implied(5, &[7]);
        dominance
    }

    fn executed(dominance: &Dominance, probe: u32) -> Vec<Range<u32>> {
        dominance.executed_with(probe, &Pairs(8)).collect()
    }

    #[test]
    fn a_probe_tells_of_what_was_before_it() {
        let dominance = chosen();
        assert!(dominance.holds(8) && !dominance.holds(7));
        assert_eq!(executed(&dominance, 2), [2..3, 0..2]);
        assert_eq!(executed(&dominance, 7), [6..8, 4..6, 0..2]);
        assert_eq!(executed(&dominance, 1), vec![0..2; 1]);
        assert_eq!(
            [24, 25, 44, 65, 66, 89, 90].map(|at| dominance.before(FileOffset(at))),
            [None, Some(1), Some(1), Some(1), Some(5), Some(5), None]
        );
        assert_eq!([0, 1, 3, 5].map(|probe| dominance.is_implied(probe)), [false, true, false, true]);
    }

    #[test]
    fn a_run_is_implied_only_while_all_that_tell_of_it_are_there() {
        let narrowed = |dropped: &[u32]| {
            let kept: Vec<bool> = (0..8).map(|probe| !dropped.contains(&probe)).collect();
            chosen().narrowed(&kept, &Pairs(8))
        };
        assert_eq!(narrowed(&[]), chosen());
        let half = narrowed(&[3, 7]);
        assert_eq!((half.is_implied(1), half.is_implied(4)), (true, true), "another probe of each stretch is left");
        let without = narrowed(&[2, 3]);
        assert_eq!((without.is_implied(1), without.is_implied(3)), (false, true));
        assert_eq!((without.before(FileOffset(50)), without.before(FileOffset(70))), (Some(1), Some(3)));
        let without = narrowed(&[4, 5]);
        assert!(!without.is_implied(1));
        assert_eq!(without.before(FileOffset(70)), Some(1), "what was before the one that is gone");
        let without = narrowed(&[0, 1]);
        assert_eq!((without.before(FileOffset(30)), without.before(FileOffset(70))), (None, Some(3)));
    }

    #[test]
    fn damaged_ones_end_and_do_not_hold() {
        let mut round = Dominance::default();
        round.push_stretch(FileOffset(5), Some(3));
        round.push_stretch(FileOffset(25), Some(1));
        assert_eq!(executed(&round, 3).len(), 1 + Dominance::LONGEST);
        let mut columns = ColumnWriter::to(Vec::new());
        chosen().put(&mut columns).unwrap();
        let bytes = columns.finish().unwrap();
        assert_eq!(Dominance::taken(&mut ColumnReader(&bytes)), Some(chosen()));
        let broken = [
            Dominance { after: vec![9], from: vec![FileOffset(1)], ..Dominance::default() },
            Dominance { from: vec![FileOffset(1)], ..Dominance::default() },
            Dominance { ends: vec![3, 2], ..chosen() },
            Dominance { by: vec![1], ..chosen() },
            Dominance { implied: vec![5, 1], ..chosen() },
        ];
        assert!(broken.iter().all(|dominance| !dominance.holds(8)));
    }

    #[test]
    fn parts_are_counted_on() {
        let mut whole = Dominance::default();
        whole.append(&chosen(), 0);
        let mut behind = Dominance::default();
        behind.push_stretch(FileOffset(110), Some(1));
        behind.push_implied(1, &[3]);
        whole.append(&behind, 8);
        assert!(whole.holds(12));
        assert_eq!(
            (whole.before(FileOffset(115)), whole.is_implied(9), whole.before(FileOffset(70))),
            (Some(9), true, Some(5))
        );
    }
}
