//! A probe plan: all that the supervisor learns of an image, as offsets into its file.
//!
//! Invariant: what [`Plan::decode`] accepts has sorted, unique offsets and as many bytes as offsets.

use crate::contexts::FunctionLabel;
use crate::plan::{ColumnReader, ColumnWriter, Dominance, FileOffset, Owners, Stretches};
pub use platform::arch::LandmarkKind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::ops::Range;

/// Where to plant in one image. Bit n of a section is `offsets[n]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// File offsets of the probes, ascending.
    pub offsets: Vec<FileOffset>,
    /// The byte at each.
    pub originals: Vec<u8>,
    /// How many bytes of straight-line code there are from each on: those within them were executed before whatever
    /// follows within them, so a breakpoint at the last tells of all.
    pub straight: Vec<u32>,
    /// The line of each, numbered without gaps.
    pub lines: Vec<u32>,
    /// Which of them tell of others.
    #[serde(default)]
    pub dominance: Dominance,
    /// Whose code each is.
    #[serde(default)]
    pub owners: Owners,
    /// Instructions watched for the supervisor's own knowledge, ascending by offset.
    pub landmarks: Vec<Landmark>,
    /// Where functions begin whose calls are contexts, ascending, with the labels of these.
    #[serde(default)]
    pub contexts: Vec<(FileOffset, FunctionLabel)>,
}

/// How far a thread is with the instruction that its program counter is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It comes next.
    Next,
    /// It was begun, and faulted.
    Begun,
}

/// Probes sorted by their line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ByLine {
    starts: Vec<u32>,
    probes: Vec<u32>,
}

impl ByLine {
    /// The probes of a line.
    pub fn of(&self, line: u32) -> &[u32] {
        let at = |line: usize| self.starts.get(line).map_or(self.probes.len(), |&start| start as usize);
        &self.probes[at(line as usize)..at(line as usize + 1)]
    }

    /// Number of lines.
    pub fn count(&self) -> u32 {
        self.starts.len().saturating_sub(1) as u32
    }
}

/// An instruction of the C library or the dynamic loader that the supervisor watches for its own knowledge. Its breakpoint
/// stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Landmark {
    /// Where the instruction starts in the file.
    pub offset: FileOffset,
    /// What reaching it means.
    pub kind: LandmarkKind,
    /// The byte there.
    pub original: u8,
}

/// A plan that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The bytes are no plan.
    #[error("not a plan")]
    Malformed,
    /// Offsets are out of order, or bytes are missing.
    #[error("plan out of order")]
    OutOfOrder,
}

impl Stretches for Plan {
    fn count(&self) -> u32 {
        self.offsets.len() as u32
    }

    fn offset(&self, probe: u32) -> FileOffset {
        self.offsets[probe as usize]
    }

    fn straight(&self, probe: u32) -> u32 {
        self.straight[probe as usize]
    }
}

impl Plan {
    /// Writes it for the supervisor, into the run's directory.
    pub fn write<W: Write>(&self, to: W) -> io::Result<W> {
        let mut columns = ColumnWriter::to(to);
        columns.numbers64(self.offsets.iter().map(|offset| offset.0))?;
        columns.bytes(&self.originals)?;
        columns.numbers32(self.straight.iter().copied())?;
        columns.numbers32(self.lines.iter().copied())?;
        self.dominance.put(&mut columns)?;
        self.owners.put(&mut columns)?;
        let landmarks = postcard::to_stdvec(&self.landmarks);
        columns.bytes(&landmarks.expect("invariant: numbers always encode"))?;
        let contexts = postcard::to_stdvec(&self.contexts);
        columns.bytes(&contexts.expect("invariant: numbers and strings always encode"))?;
        columns.finish()
    }

    /// Decodes and checks.
    pub fn decode(bytes: &[u8]) -> Result<Plan, PlanError> {
        /// More than any image has; each takes a bit for every process.
        const MOST_FUNCTIONS: usize = 1 << 26;
        let plan = Plan::taken(ColumnReader(bytes)).ok_or(PlanError::Malformed)?;
        let sorted = plan.offsets.is_sorted_by(|a, b| a < b)
            && plan.landmarks.is_sorted_by(|a, b| a.offset < b.offset)
            && plan.contexts.is_sorted_by(|a, b| a.0 < b.0);
        let count = plan.offsets.len();
        let complete = count == plan.originals.len() && count == plan.straight.len() && count == plan.lines.len();
        let numbered = plan.lines.iter().all(|&line| (line as usize) < count);
        let holds = plan.dominance.holds(count) && plan.owners.holds(count, MOST_FUNCTIONS);
        if sorted && complete && numbered && holds && u32::try_from(count).is_ok() {
            Ok(plan)
        } else {
            Err(PlanError::OutOfOrder)
        }
    }

    /// Numbers the lines without gaps again, once some have gone.
    pub fn number_lines_anew(&mut self) {
        let mut numbers = BTreeMap::new();
        for line in &mut self.lines {
            let next = numbers.len() as u32;
            *line = *numbers.entry(*line).or_insert(next);
        }
    }

    fn taken(mut columns: ColumnReader<'_>) -> Option<Plan> {
        let plan = Plan {
            offsets: columns.numbers64()?.into_iter().map(FileOffset).collect(),
            originals: columns.bytes()?.to_vec(),
            straight: columns.numbers32()?,
            lines: columns.numbers32()?,
            dominance: Dominance::taken(&mut columns)?,
            owners: Owners::taken(&mut columns)?,
            landmarks: postcard::from_bytes(columns.bytes()?).ok()?,
            contexts: postcard::from_bytes(columns.bytes()?).ok()?,
        };
        columns.is_empty().then_some(plan)
    }

    /// The probes by line.
    pub fn by_line(&self) -> ByLine {
        let count = self.lines.iter().max().map_or(0, |&last| last as usize + 1);
        let mut starts = vec![0u32; count + 1];
        for &line in &self.lines {
            starts[line as usize + 1] += 1;
        }
        for line in 0..count {
            starts[line + 1] += starts[line];
        }
        let mut next = starts.clone();
        let mut probes = vec![0; self.lines.len()];
        for (probe, &line) in (0..).zip(&self.lines) {
            probes[next[line as usize] as usize] = probe;
            next[line as usize] += 1;
        }
        ByLine { starts, probes }
    }

    /// What was executed if a probe was, stretch by stretch.
    pub fn executed_with(&self, probe: u32) -> impl Iterator<Item = Range<u32>> {
        self.dominance.executed_with(probe, self)
    }

    /// Whether a probe is to have a breakpoint: it ends a stretch that others do not tell of.
    pub fn is_needed(&self, probe: u32) -> bool {
        self.ends_stretch(probe) && !self.dominance.is_implied(probe)
    }

    /// Where breakpoints are planted, landmarks included, and the byte that belongs at each, ascending.
    pub fn places(&self) -> Vec<(FileOffset, u8)> {
        let probes = (0..self.len()).filter(|&probe| self.is_needed(probe)).map(|probe| probe as usize);
        self.with_landmarks(probes.map(|probe| (self.offsets[probe], self.originals[probe])))
    }

    /// Where any breakpoint may be, and the byte that belongs at each, ascending.
    pub fn all_places(&self) -> Vec<(FileOffset, u8)> {
        let probes = self.offsets.iter().copied().zip(self.originals.iter().copied());
        self.with_landmarks(probes)
    }

    fn with_landmarks(&self, probes: impl Iterator<Item = (FileOffset, u8)>) -> Vec<(FileOffset, u8)> {
        let mut places: Vec<_> = probes.chain(self.landmarks.iter().map(|mark| (mark.offset, mark.original))).collect();
        // Of two that are sorted, one behind the other, a stable sort only merges.
        places.sort();
        places.dedup_by_key(|place| place.0);
        places
    }

    /// The last probe that a thread at `offset` has executed, as far as the code there tells.
    pub fn executed_at(&self, offset: FileOffset, progress: Progress) -> Option<u32> {
        self.executed_of_stretch(offset, progress).or_else(|| self.dominance.before(offset))
    }

    /// The last probe that a thread at `offset` has executed of the stretch that it is in.
    pub fn executed_of_stretch(&self, offset: FileOffset, progress: Progress) -> Option<u32> {
        let executed = |&at: &FileOffset| match progress {
            Progress::Next => at < offset,
            Progress::Begun => at <= offset,
        };
        let last = self.offsets.partition_point(executed).checked_sub(1);
        let in_stretch = last.filter(|&last| offset.abs_diff(self.offsets[last]) < u64::from(self.straight[last]));
        in_stretch.map(|last| last as u32)
    }

    /// Number of probes.
    pub fn len(&self) -> u32 {
        self.count()
    }

    /// Whether there is nothing to plant.
    pub fn is_empty(&self) -> bool {
        self.offsets.is_empty() && self.landmarks.is_empty()
    }

    /// The probe at a file offset.
    pub fn probe_at(&self, offset: FileOffset) -> Option<u32> {
        self.offsets.binary_search(&offset).ok().map(|index| index as u32)
    }

    /// The label of the context that the function is which begins at a file offset.
    pub fn context_at(&self, offset: FileOffset) -> Option<&FunctionLabel> {
        let found = self.contexts.binary_search_by_key(&offset, |(offset, _)| *offset);
        found.ok().map(|index| &self.contexts[index].1)
    }

    /// Watches functions whose calls are contexts. What is watched at the same place for another sake stays so.
    pub fn watch(&mut self, contexts: Vec<(FileOffset, FunctionLabel)>, landmarks: Vec<Landmark>) {
        self.landmarks.extend(landmarks);
        // Those that were there come first.
        self.landmarks.sort_by_key(|landmark| landmark.offset);
        self.landmarks.dedup_by_key(|landmark| landmark.offset);
        self.contexts = contexts;
    }

    /// The landmark at a file offset.
    pub fn landmark_at(&self, offset: FileOffset) -> Option<Landmark> {
        self.landmarks.binary_search_by_key(&offset, |landmark| landmark.offset).ok().map(|index| self.landmarks[index])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(plan: &Plan) -> Vec<u8> {
        plan.write(Vec::new()).unwrap()
    }

    #[test]
    fn refuses_what_is_out_of_order_or_short() {
        let plan = Plan {
            offsets: [1, 5, 9].map(FileOffset).to_vec(),
            originals: vec![2, 3, 4],
            straight: vec![4; 3],
            lines: vec![1, 0, 1],
            ..Plan::default()
        };
        assert_eq!(Plan::decode(&encoded(&plan)), Ok(plan.clone()));
        assert_eq!(plan.probe_at(FileOffset(5)), Some(1));
        assert_eq!(plan.probe_at(FileOffset(6)), None);
        let double = Plan { offsets: [1, 5, 5].map(FileOffset).to_vec(), ..plan.clone() };
        assert_eq!(Plan::decode(&encoded(&double)), Err(PlanError::OutOfOrder));
        let short = Plan { originals: vec![2], ..plan.clone() };
        assert_eq!(Plan::decode(&encoded(&short)), Err(PlanError::OutOfOrder));
        let endless = Plan { straight: vec![2], ..plan.clone() };
        assert_eq!(Plan::decode(&encoded(&endless)), Err(PlanError::OutOfOrder));
        let stray = Plan { lines: vec![0, 3, 0], ..plan.clone() };
        assert_eq!(Plan::decode(&encoded(&stray)), Err(PlanError::OutOfOrder));
        assert_eq!((plan.by_line().of(0), plan.by_line().of(1)), (&[1][..], &[0, 2][..]));
        assert_eq!((plan.by_line().of(2), plan.by_line().count()), (&[][..], 2));
        let whole = encoded(&plan);
        for len in 0..whole.len() {
            assert_eq!(Plan::decode(&whole[..len]), Err(PlanError::Malformed), "{len} bytes");
        }
    }

    #[test]
    fn stretches_end_where_the_straight_line_code_does() {
        let plan = Plan {
            offsets: [10, 13, 20, 22, 30].map(FileOffset).to_vec(),
            originals: vec![0; 5],
            straight: vec![8, 5, 12, 10, 2],
            lines: vec![0, 1, 2, 3, 4],
            ..Plan::default()
        };
        assert_eq!([0, 1, 2, 4].map(|probe| plan.stretch_of(probe)), [0..2, 0..2, 2..5, 2..5]);
        assert!([1, 4].into_iter().all(|probe| plan.is_needed(probe)) && !plan.is_needed(3));
        let executed =
            [9, 10, 11, 13, 17, 18, 31, 32].map(|offset| plan.executed_at(FileOffset(offset), Progress::Next));
        assert_eq!(executed, [None, None, Some(0), Some(0), Some(1), None, Some(4), None]);
        assert_eq!([10, 13].map(|offset| plan.executed_at(FileOffset(offset), Progress::Begun)), [Some(0), Some(1)]);
        let mut dominated = Plan { straight: vec![8, 5, 5, 3, 2], ..plan };
        dominated.dominance.push_stretch(FileOffset(18), Some(1));
        dominated.dominance.push_stretch(FileOffset(32), None);
        dominated.dominance.push_implied(1, &[3, 4]);
        let executed =
            [17, 18, 20, 21, 25, 31, 32].map(|offset| dominated.executed_at(FileOffset(offset), Progress::Next));
        assert_eq!(executed, [Some(1), Some(1), Some(1), Some(2), Some(1), Some(4), None]);
        assert_eq!([1, 3, 4].map(|probe| dominated.is_needed(probe)), [false, true, true]);
        assert_eq!(dominated.executed_with(3).collect::<Vec<_>>(), [2..4, 0..2]);
    }
}
