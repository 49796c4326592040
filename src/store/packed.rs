//! What a process ran of an image in few bytes: runs of its lines, or of its functions.
//!
//! All executable lines of an image are counted through, in order of source and line. A process mostly ran many that follow
//! each other in that order, so a run of them takes two numbers, wherever they are in the sources.
//!
//! Invariant: what is packed is unpacked equal; whatever the bytes, the answer is sets of what the image has or a fault.

use super::rows::Fault;
use super::{FileFacts, ImageFacts, Numbits};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

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
            Counted::Functions => Cow::Owned(Numbits::below(file.functions.len() as u32)),
        }
    }
}

/// An image whose lines and functions are counted once, so that a process costs what it ran, not what the image has.
#[derive(Clone, Debug)]
pub(super) struct CountedImage {
    facts: Arc<ImageFacts>,
    /// How many lines and functions there are up to the end of each source.
    ends: Arc<[Vec<u64>; 2]>,
    /// Whether anybody asks for each source; all are asked for where it is not said.
    asked: Option<Arc<[bool]>>,
}

impl CountedImage {
    /// Counts an image through.
    pub fn new(facts: Arc<ImageFacts>) -> Self {
        let ends = Counted::BOTH.map(|counted| {
            let counts = facts.files.iter().map(|file| counted.number_in(file));
            let up_to = |sum: &mut u64, count| {
                *sum += count;
                Some(*sum)
            };
            counts.scan(0, up_to).collect()
        });
        CountedImage { facts, ends: Arc::new(ends), asked: None }
    }

    /// The same, of which only some sources are unpacked.
    pub fn narrowed(&self, asked: Arc<[bool]>) -> CountedImage {
        CountedImage { asked: Some(asked), ..self.clone() }
    }

    fn is_asked(&self, number: usize) -> bool {
        self.asked.as_ref().is_none_or(|asked| asked.get(number).copied().unwrap_or(true))
    }

    /// What is known of it.
    pub fn facts(&self) -> &Arc<ImageFacts> {
        &self.facts
    }

    /// Which of all are in a source.
    fn place_of(&self, counted: Counted, number: usize) -> Range<u64> {
        let ends = &self.ends[counted as usize];
        number.checked_sub(1).map_or(0, |before| ends[before])..ends[number]
    }

    /// Packs sets, by source in ascending order. None if there is something in one that the image does not have.
    pub fn pack<'a>(&self, counted: Counted, sets: impl IntoIterator<Item = (usize, &'a Numbits)>) -> Option<Vec<u8>> {
        let mut runs = Runs::default();
        let mut at = 0;
        for (number, set) in sets {
            let file = self.facts.files.get(number)?;
            let place = self.place_of(counted, number);
            runs.skip(place.start.checked_sub(at)?);
            runs.add(counted.all_in(file).as_bytes(), set.as_bytes())?;
            at = place.end;
        }
        Some(runs.finish())
    }

    /// Hands over the sets that are not empty, by source; those that nobody asks for are left out.
    pub fn unpack(
        &self,
        counted: Counted,
        bytes: &[u8],
        mut take: impl FnMut(usize, Numbits) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let ends = &self.ends[counted as usize];
        let mut left = Unpacked::of(bytes)?;
        while left.length > 0 {
            let number = ends.partition_point(|end| *end <= left.start);
            let file = self.facts.files.get(number).ok_or_else(beyond)?;
            let place = self.place_of(counted, number);
            if self.is_asked(number) {
                take(number, left.within(counted.all_in(file).as_bytes(), place)?)?;
            } else {
                left.pass(place.end)?;
            }
        }
        Ok(())
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
    /// Where the next run begins.
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

    /// Whether a run is left that begins before a place.
    fn begins_before(&self, end: u64) -> bool {
        self.length > 0 && self.start < end
    }

    /// Goes on to what is not before a place.
    fn pass(&mut self, end: u64) -> Result<(), Fault> {
        while self.begins_before(end) {
            self.take(end);
            self.go_on()?;
        }
        Ok(())
    }

    /// Takes what is left of the run up to a place within or behind it, and says where that ends.
    fn take(&mut self, end: u64) -> u64 {
        let until = end.min(self.start + self.length);
        self.length -= until - self.start;
        self.start = until;
        until
    }

    /// Goes to the next run if nothing is left of this one.
    fn go_on(&mut self) -> Result<(), Fault> {
        if self.length == 0 { self.next() } else { Ok(()) }
    }

    /// Those of a source's that are in runs; the source has these of all.
    fn within(&mut self, all: &[u8], place: Range<u64>) -> Result<Numbits, Fault> {
        /// So many bytes are passed at once.
        const PASSED: usize = 8;
        let mut found = vec![0; all.len()];
        let mut at = place.start;
        for (all, found) in all.chunks(PASSED).zip(found.chunks_mut(PASSED)) {
            if !self.begins_before(place.end) {
                break;
            }
            let end = at + all.iter().map(|byte| u64::from(byte.count_ones())).sum::<u64>();
            if self.begins_before(end) {
                self.within_bytes(all, at, found)?;
            }
            at = end;
        }
        Ok(Numbits::from_bytes(&found))
    }

    fn within_bytes(&mut self, all: &[u8], mut at: u64, found: &mut [u8]) -> Result<(), Fault> {
        for (all, found) in all.iter().zip(found) {
            let end = at + u64::from(all.count_ones());
            while self.begins_before(end) {
                let from = self.start;
                let until = self.take(end);
                *found |= of_rank(*all, from - at, until - at);
                self.go_on()?;
            }
            at = end;
        }
        Ok(())
    }
}

/// The bits of a byte from the one that has so many before it to another; it has at least as many.
fn of_rank(byte: u8, from: u64, to: u64) -> u8 {
    let lowest = &LOWEST[usize::from(byte)];
    lowest[to as usize] & !lowest[from as usize]
}

/// For each byte, as many of its bits from the lowest on as the position says.
static LOWEST: [[u8; 9]; 256] = lowest();

const fn lowest() -> [[u8; 9]; 256] {
    let mut table = [[0; 9]; 256];
    let mut byte = 0;
    while byte < table.len() {
        let mut count = 0;
        let mut bits = 0;
        let mut bit = 0;
        while bit < 8 {
            if byte & (1 << bit) != 0 {
                bits |= 1 << bit;
                count += 1;
                table[byte][count] = bits;
            }
            bit += 1;
        }
        byte += 1;
    }
    table
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

    fn image(files: impl Into<Vec<FileFacts>>) -> CountedImage {
        CountedImage::new(Arc::new(ImageFacts { files: files.into(), ..ImageFacts::default() }))
    }

    fn unpacked(image: &CountedImage, lines: &[u8], functions: &[u8]) -> Result<[Vec<(usize, Numbits)>; 2], Fault> {
        let mut found = [Vec::new(), Vec::new()];
        for ((counted, bytes), found) in Counted::BOTH.into_iter().zip([lines, functions]).zip(&mut found) {
            image.unpack(counted, bytes, |file, set| {
                found.push((file, set));
                Ok(())
            })?;
        }
        Ok(found)
    }

    #[test]
    fn a_run_goes_over_the_ends_of_sources() {
        let files =
            [(10..=19).collect(), Numbits::default(), (1..=5).collect(), (7..=9).collect()].map(|it| file(it, 2));
        let files = image(files);
        let ran = [(0, (18..=19).collect()), (2, (1..=5).collect()), (3, [7, 9].into_iter().collect())];
        let packed = files.pack(Counted::Lines, ran.iter().map(|(file, set)| (*file, set))).unwrap();
        assert_eq!(packed, [8, 8, 1, 1]);
        assert_eq!(unpacked(&files, &packed, &[1, 4]).unwrap()[0], ran);
        let functions = [(0, [1]), (1, [0]), (2, [0])].map(|(file, set)| (file, set.into_iter().collect()));
        let packed = files.pack(Counted::Functions, functions.iter().map(|(file, set)| (*file, set))).unwrap();
        assert_eq!(packed, [1, 2, 1, 1]);
        assert_eq!(unpacked(&files, &[], &packed).unwrap()[1], functions);
    }

    #[test]
    fn what_nobody_asks_for_is_passed() {
        let files = [(10..=19).collect(), (1..=5).collect(), (7..=9).collect()].map(|it| file(it, 2));
        let image = image(files).narrowed([false, true, false].into());
        let [lines, functions] = unpacked(&image, &[8, 8, 1, 1], &[1, 4]).unwrap();
        assert_eq!(lines, [(1, (1..=5).collect())]);
        assert_eq!(functions, [(1, (0..=1).collect())]);
        assert!(unpacked(&image, &[8, 90], &[]).is_err(), "more than there is");
    }

    #[test]
    fn what_the_image_does_not_have_is_not_packed_nor_unpacked() {
        let files = image([file([3, 70].into_iter().collect(), 2)]);
        for line in [4, 71, 900] {
            assert_eq!(files.pack(Counted::Lines, [(0, &[3, line].into_iter().collect())]), None, "{line}");
        }
        assert_eq!(files.pack(Counted::Lines, [(1, &Numbits::default())]), None);
        assert_eq!(files.pack(Counted::Functions, [(0, &[2].into_iter().collect())]), None);
        assert_eq!(files.pack(Counted::Functions, [(1, &Numbits::default())]), None);
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
            let files = image(files);
            let sets = |kind: usize| ran[kind].iter().map(|(file, set): &(usize, Numbits)| (*file, set));
            let mut lines = files.pack(Counted::Lines, sets(0)).unwrap();
            let mut functions = files.pack(Counted::Functions, sets(1)).unwrap();
            assert_eq!(unpacked(&files, &lines, &functions).unwrap(), ran, "round {round}");
            for bytes in [&mut lines, &mut functions].into_iter().filter(|bytes| !bytes.is_empty()) {
                let at = random(bytes.len() as u64) as usize;
                bytes[at] = random(256) as u8;
            }
            let _sets_or_a_fault = unpacked(&files, &lines, &functions);
        }
    }
}
