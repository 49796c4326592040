//! What lies between the functions that are kept: it may be code too, and lead into them.
//!
//! Invariant: functions that are not kept are decoded from where each of them starts, other bytes from where they do.

use super::chunk::Chunk;
use super::clusters::Cluster;
use super::entry_points::Habits;
use crate::debuginfo::error::{Budget, IndexError};
use crate::debuginfo::index::Svma;
use crate::debuginfo::reading::text::{Text, TextRange};
use crate::plan::Bits;
use platform::arch::{ControlFlow, instructions};
use std::ops::Range;

/// A part of the text in which nothing is kept.
pub(super) struct Gap {
    range: TextRange,
    pub(super) start: Svma,
    pub(super) end: Svma,
}

/// The text that is in none of the clusters; where functions are in it that are passed, in parts that a thread may have.
pub(super) fn gaps(
    clusters: &[Cluster],
    passed: &[(Svma, Svma)],
    text: &Text<'_>,
    budget: &mut Budget,
) -> Result<Vec<Gap>, IndexError> {
    /// Where the next function ends a part, in bytes.
    const PART: u64 = 64 << 10;
    let mut gaps = Vec::new();
    if clusters.is_empty() {
        return Ok(gaps);
    }
    let mut clusters = clusters.iter().peekable();
    let mut passed = passed.iter().map(|(start, _)| *start).peekable();
    for range in text.ranges() {
        let mut at = range.start;
        while at < range.end {
            let next = clusters.next_if(|cluster| cluster.start() < range.end);
            let end = next.map_or(range.end, Cluster::start);
            budget.spend((end.0 - at.0) as usize)?;
            while let Some(start) = passed.next_if(|start| *start < end) {
                if start.0.saturating_sub(at.0) >= PART {
                    gaps.push(Gap { range: *range, start: at, end: start });
                    at = start;
                }
            }
            gaps.extend((at < end).then_some(Gap { range: *range, start: at, end }));
            at = next.map_or(range.end, |cluster| cluster.end);
        }
    }
    Ok(gaps)
}

/// The pages of the text in which something is kept.
pub(super) struct Pages {
    first: u64,
    /// None if the text is spread so far that they would take too much memory: then any of them may be one.
    bits: Option<Bits>,
}

impl Pages {
    pub(super) fn of(chunks: &[Chunk]) -> Pages {
        /// Those of 16 GiB.
        const MOST: u64 = 1 << 22;
        let (first, last) = (chunks.first().map_or(0, |c| page(c.start)), chunks.last().map_or(0, |c| page(c.end)));
        let is_near = last - first < MOST;
        let mut bits = is_near.then(|| Bits::clear_of((last - first) as u32 + 1));
        for chunk in chunks {
            let pages = page(chunk.start)..=page(chunk.end);
            bits.iter_mut().for_each(|bits| pages.clone().for_each(|page| bits.put((page - first) as u32, true)));
        }
        Pages { first, bits }
    }

    /// Whether something may be kept there.
    fn has(&self, address: Svma) -> bool {
        let Some(bits) = &self.bits else { return true };
        let page = page(address).checked_sub(self.first).and_then(|page| u32::try_from(page).ok());
        page.is_some_and(|page| bits.get(page))
    }
}

/// The number of the 4 KiB that an address is in.
fn page(address: Svma) -> u64 {
    address.0 >> 12
}

/// What code that is not kept seems to lead to.
#[derive(Default)]
pub(super) struct Between {
    pub(super) targets: Vec<Svma>,
    pub(super) labels: Vec<Svma>,
}

impl Between {
    /// Adds what a gap leads to, unless that is in a function that is not kept.
    pub(super) fn read(&mut self, gap: &Gap, passed: &[(Svma, Svma)], kept: &Pages, habits: Habits, text: &Text<'_>) {
        let first = passed.partition_point(|(_, end)| *end <= gap.start);
        let inside = passed[first..].iter().take_while(|(start, _)| *start < gap.end);
        let mut at = gap.start;
        for &(start, end) in inside {
            self.read_part(gap.range, at..start, passed, kept, habits, text);
            self.read_part(gap.range, start..end, passed, kept, habits, text);
            at = end;
        }
        self.read_part(gap.range, at..gap.end, passed, kept, habits, text);
    }

    fn read_part(
        &mut self,
        range: TextRange,
        part: Range<Svma>,
        passed: &[(Svma, Svma)],
        kept: &Pages,
        habits: Habits,
        text: &Text<'_>,
    ) {
        let is_label = |label: &Svma| kept.has(*label) || !is_inside(passed, *label);
        let mut at = part.start;
        while at < part.end {
            // Behind what is no instruction it starts again with the next byte.
            let mut resume = part.end;
            for instruction in instructions(text.bytes_from(&range, at), at.0) {
                let start = Svma(at.0 + instruction.offset as u64);
                if start >= part.end {
                    break;
                }
                if !instruction.valid {
                    resume = Svma(start.0 + 1);
                    break;
                }
                if let ControlFlow::Elsewhere(Some(target))
                | ControlFlow::Branch(target)
                | ControlFlow::Call(Some(target)) = instruction.flow
                {
                    self.targets.extend(Some(Svma(target)).filter(|target| kept.has(*target)));
                }
                self.labels.extend(habits.label(&instruction).filter(is_label));
            }
            at = resume;
        }
    }
}

/// Whether an address is in one of the functions, which are in order of address.
pub(super) fn is_inside(functions: &[(Svma, Svma)], address: Svma) -> bool {
    let after = functions.partition_point(|(start, _)| *start <= address);
    functions[..after].last().is_some_and(|(_, end)| address < *end)
}
