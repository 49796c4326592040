//! What a process ran of an image in few bytes: runs of its lines, or of its functions.
//!
//! All executable lines of an image are counted through, in order of source and line. A process mostly ran many that follow
//! each other in that order, so a run of them takes two numbers, wherever they are in the sources.
//!
//! Invariant: what is packed is unpacked equal; whatever the bytes, the answer is sets of what the image has or a fault.

use super::rows::Fault;
use super::{FileFacts, Numbits};
use std::borrow::Cow;

/// What is counted through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counted {
    /// The executable lines.
    Lines,
    /// The functions.
    Functions,
}

impl Counted {
    /// In the order in which sets of both are kept.
    pub const BOTH: [Counted; 2] = [Counted::Lines, Counted::Functions];

    /// How many a source has.
    fn number_in(self, file: &FileFacts) -> u64 {
        match self {
            Counted::Lines => file.executable.len(),
            Counted::Functions => file.functions.len() as u64,
        }
    }

    /// All that a source has; functions are numbered.
    fn all_in(self, file: &FileFacts) -> Cow<'_, Numbits> {
        match self {
            Counted::Lines => Cow::Borrowed(&file.executable),
            Counted::Functions => Cow::Owned((0..file.functions.len() as u32).collect()),
        }
    }

    /// Packs sets, by source in ascending order. None if there is something in one that the image does not have.
    pub fn pack<'a>(
        self,
        files: &[FileFacts],
        sets: impl IntoIterator<Item = (usize, &'a Numbits)>,
    ) -> Option<Vec<u8>> {
        let mut runs = Runs::default();
        let mut next = 0;
        for (number, set) in sets {
            let file = files.get(number)?;
            runs.skip(files.get(next..number)?.iter().map(|file| self.number_in(file)).sum());
            runs.add(self.all_in(file).as_bytes(), set.as_bytes())?;
            next = number + 1;
        }
        Some(runs.finish())
    }

    /// Hands over the sets that are not empty, by source.
    pub fn unpack(
        self,
        files: &[FileFacts],
        bytes: &[u8],
        mut take: impl FnMut(usize, &Numbits) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut left = Unpacked::of(bytes)?;
        for (number, file) in files.iter().enumerate() {
            if left.length == 0 {
                break;
            }
            let count = self.number_in(file);
            if left.begins_within(count) {
                take(number, &left.within(self.all_in(file).as_bytes(), count)?)?;
            } else {
                left.pass(count);
            }
        }
        left.end()
    }
}

fn beyond() -> Fault {
    Fault::Value("more than the image has".to_owned())
}

/// Runs while they are packed: how many to skip and how many to take, in turns, as LEB128.
#[derive(Default)]
struct Runs {
    bytes: Vec<u8>,
    skipped: u64,
    taken: u64,
}

impl Runs {
    fn skip(&mut self, count: u64) {
        if count > 0 && self.taken > 0 {
            self.write();
        }
        self.skipped += count;
    }

    fn take(&mut self, count: u64) {
        self.taken += count;
    }

    fn write(&mut self) {
        for mut number in [std::mem::take(&mut self.skipped), std::mem::take(&mut self.taken)] {
            while number >= 0x80 {
                self.bytes.push(number as u8 | 0x80);
                number >>= 7;
            }
            self.bytes.push(number as u8);
        }
    }

    /// The bytes; what was skipped last is not in them.
    fn finish(mut self) -> Vec<u8> {
        if self.taken > 0 {
            self.write();
        }
        self.bytes
    }

    fn add(&mut self, all: &[u8], ran: &[u8]) -> Option<()> {
        if ran.len() > all.len() {
            return None;
        }
        let ran = ran.iter().copied().chain(std::iter::repeat(0));
        for (has, ran) in all.iter().copied().zip(ran) {
            if ran & !has != 0 {
                return None;
            }
            if ran == 0 {
                self.skip(has.count_ones().into());
            } else if ran == has {
                self.take(has.count_ones().into());
            } else {
                for bit in (0..8).map(|bit| 1 << bit).filter(|bit| has & bit != 0) {
                    if ran & bit == 0 { self.skip(1) } else { self.take(1) }
                }
            }
        }
        Some(())
    }
}

/// Runs while they are unpacked.
struct Unpacked<'a> {
    bytes: &'a [u8],
    /// Where the next run begins, counted from the source that is looked at.
    start: u64,
    /// How long it is; 0 where none is left.
    length: u64,
}

impl<'a> Unpacked<'a> {
    fn of(bytes: &'a [u8]) -> Result<Self, Fault> {
        let mut unpacked = Unpacked { bytes, start: 0, length: 0 };
        unpacked.next()?;
        Ok(unpacked)
    }

    /// Goes to the next run.
    fn next(&mut self) -> Result<(), Fault> {
        let end = self.start + self.length;
        self.length = 0;
        if !self.bytes.is_empty() {
            let (skipped, taken) = (self.number()?, self.number()?);
            let start = end.checked_add(skipped).filter(|start| start.checked_add(taken).is_some());
            (self.start, self.length) = (start.ok_or_else(beyond)?, taken);
            if taken == 0 {
                return Err(Fault::Value("a run of nothing".to_owned()));
            }
        }
        Ok(())
    }

    fn number(&mut self) -> Result<u64, Fault> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let (byte, rest) = self.bytes.split_first().ok_or_else(|| Fault::Value("half a run".to_owned()))?;
            self.bytes = rest;
            number |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Fault::Value("a number without an end".to_owned()))
    }

    /// Whether something of the source that is looked at, which has so many, is in a run.
    fn begins_within(&self, count: u64) -> bool {
        self.length > 0 && self.start < count
    }

    /// Goes to the next source.
    fn pass(&mut self, count: u64) {
        self.start = self.start.saturating_sub(count);
    }

    /// Those of a source's that are in runs, and goes to the next source.
    fn within(&mut self, all: &[u8], count: u64) -> Result<Numbits, Fault> {
        let mut found = vec![0; all.len()];
        let mut at = 0;
        for (all, found) in all.iter().zip(&mut found) {
            if !self.begins_within(count) {
                break;
            }
            let end = at + u64::from(all.count_ones());
            while self.begins_within(end) {
                let until = end.min(self.start + self.length);
                *found |= of_rank(*all, self.start - at, until - at);
                self.length -= until - self.start;
                self.start = until;
                if self.length == 0 {
                    self.next()?;
                }
            }
            at = end;
        }
        self.pass(count);
        Ok(Numbits::from_bytes(&found))
    }

    fn end(self) -> Result<(), Fault> {
        if self.length == 0 { Ok(()) } else { Err(beyond()) }
    }
}

/// The bits of a byte from the one that has so many before it to another.
fn of_rank(byte: u8, from: u64, to: u64) -> u8 {
    if from == 0 && to == u64::from(byte.count_ones()) {
        return byte;
    }
    let bits = (0..8).map(|bit| 1u8 << bit).filter(|bit| byte & bit != 0);
    bits.zip(0..).filter(|(_, rank)| (from..to).contains(rank)).fold(0, |bits, (bit, _)| bits | bit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{FunctionFacts, SourceOrigin};

    fn file(executable: Numbits, functions: usize) -> FileFacts {
        let function = FunctionFacts { start: 1, end: 1, name: String::new(), told: true };
        let functions = vec![function; functions];
        FileFacts { path: String::new(), origin: SourceOrigin::default(), executable, functions }
    }

    fn unpacked(files: &[FileFacts], lines: &[u8], functions: &[u8]) -> Result<[Vec<(usize, Numbits)>; 2], Fault> {
        let mut found = [Vec::new(), Vec::new()];
        let [of_lines, of_functions] = &mut found;
        Counted::Lines.unpack(files, lines, |file, set| {
            of_lines.push((file, set.clone()));
            Ok(())
        })?;
        Counted::Functions.unpack(files, functions, |file, set| {
            of_functions.push((file, set.clone()));
            Ok(())
        })?;
        Ok(found)
    }

    #[test]
    fn a_run_goes_over_the_ends_of_sources() {
        let files =
            [(10..=19).collect(), Numbits::default(), (1..=5).collect(), (7..=9).collect()].map(|it| file(it, 2));
        let ran = [(0, (18..=19).collect()), (2, (1..=5).collect()), (3, [7, 9].into_iter().collect())];
        let packed = Counted::Lines.pack(&files, ran.iter().map(|(file, set)| (*file, set))).unwrap();
        assert_eq!(packed, [8, 8, 1, 1]);
        assert_eq!(unpacked(&files, &packed, &[1, 4]).unwrap()[0], ran);
        let functions = [(0, [1]), (1, [0]), (2, [0])].map(|(file, set)| (file, set.into_iter().collect()));
        let packed = Counted::Functions.pack(&files, functions.iter().map(|(file, set)| (*file, set))).unwrap();
        assert_eq!(packed, [1, 2, 1, 1]);
        assert_eq!(unpacked(&files, &[], &packed).unwrap()[1], functions);
    }

    #[test]
    fn what_the_image_does_not_have_is_not_packed_nor_unpacked() {
        let files = [file([3, 70].into_iter().collect(), 2)];
        for line in [4, 71, 900] {
            assert_eq!(Counted::Lines.pack(&files, [(0, &[3, line].into_iter().collect())]), None, "{line}");
        }
        assert_eq!(Counted::Lines.pack(&files, [(1, &Numbits::default())]), None);
        assert_eq!(Counted::Functions.pack(&files, [(0, &[2].into_iter().collect())]), None);
        assert_eq!(Counted::Functions.pack(&files, [(1, &Numbits::default())]), None);
        let endless = [0x80; 11];
        for bytes in [&[0, 3][..], &[2, 1], &[0], &[0x80], &[0, 0], &[1, 1, 1, 1], &endless] {
            assert!(unpacked(&files, bytes, &[]).is_err(), "{bytes:?}");
            assert!(unpacked(&files, &[], bytes).is_err(), "{bytes:?}");
        }
        let most = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
        assert!(unpacked(&files, &[&most[..], &most].concat(), &[]).is_err());
    }

    #[test]
    fn what_is_packed_is_unpacked_and_any_bytes_have_an_answer() {
        let mut state = 88_172_645_463_325_252u64;
        let mut random = |below: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % below
        };
        for round in 0..3_000 {
            let dense = 1 + random(9);
            let files: Vec<FileFacts> = (0..random(6))
                .map(|_| {
                    let lines = random(300) as u32;
                    file((0..lines).filter(|_| random(4) > 0).collect(), random(40) as usize)
                })
                .collect();
            let mut ran = [Vec::new(), Vec::new()];
            for (number, file) in files.iter().enumerate() {
                let functions: Numbits = (0..file.functions.len() as u32).filter(|_| random(dense) > 0).collect();
                let lines: Numbits = file.executable.iter().filter(|_| random(dense) > 0).collect();
                for (ran, set) in ran.iter_mut().zip([lines, functions]).filter(|(_, set)| !set.is_empty()) {
                    ran.push((number, set));
                }
            }
            let sets = |kind: usize| ran[kind].iter().map(|(file, set): &(usize, Numbits)| (*file, set));
            let mut lines = Counted::Lines.pack(&files, sets(0)).unwrap();
            let mut functions = Counted::Functions.pack(&files, sets(1)).unwrap();
            assert_eq!(unpacked(&files, &lines, &functions).unwrap(), ran, "round {round}");
            for bytes in [&mut lines, &mut functions].into_iter().filter(|bytes| !bytes.is_empty()) {
                let at = random(bytes.len() as u64) as usize;
                bytes[at] = random(256) as u8;
            }
            let _sets_or_a_fault = unpacked(&files, &lines, &functions);
        }
    }
}
