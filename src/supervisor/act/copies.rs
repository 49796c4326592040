//! Copies of measured code: a program that copies code out and runs it there (trampolines, JIT compilers, programs that
//! move their text to huge pages) copies our breakpoints with it.
//!
//! A breakpoint that is at no address of ours is taken for a copy where the bytes around it are those around one of
//! ours, or where what follows jumps back behind one of ours, and if all such places agree on the byte that belongs
//! there. The program's own breakpoints are among the bytes of its files: what is most like one of those is left alone.

use crate::plan::{FileOffset, Plan};
use crate::supervisor::decide::planted_text::PlantedText;
use platform::Avma;
use platform::arch::BREAKPOINT;
use std::collections::HashMap;
use std::fs::File;

/// What becomes of a program whose breakpoint is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftAlone {
    /// It may handle that.
    Handled,
    /// It ends of it, so that there is no use for one of its own.
    Fatal,
}

impl LeftAlone {
    /// Of a program that SIGTRAP may end.
    pub fn of(is_fatal: bool) -> Self {
        if is_fatal { LeftAlone::Fatal } else { LeftAlone::Handled }
    }
}

/// How many bytes on each side are compared.
const REACH: usize = 32;
/// So many equal bytes are no chance, if some of them follow: many functions begin alike.
const ENOUGH: usize = 10;
/// So many have to follow, unless a breakpoint that is left alone is fatal: code may be copied to its last byte.
const FOLLOWING: usize = 2;
/// A jump back counts as so many more.
const JUMP_BACK: usize = 24;
/// How much of a file is read at a time.
const CHUNK: usize = 256 * 1024;

/// Bytes of memory around a breakpoint, with zeroes for what cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Around {
    bytes: [u8; 2 * REACH + 1],
    at: Avma,
}

impl Around {
    /// Takes `memory`, which starts at `start`, around the address `at` in it.
    pub fn take(memory: &[u8], start: Avma, at: Avma) -> Self {
        let mut bytes = [0; 2 * REACH + 1];
        for (byte, address) in bytes.iter_mut().zip(at.0.wrapping_sub(REACH as u64)..) {
            let index = usize::try_from(address.wrapping_sub(start.0)).ok();
            *byte = index.and_then(|index| memory.get(index)).copied().unwrap_or(0);
        }
        Around { bytes, at }
    }

    /// Where to begin reading for the address `at`, and how much.
    pub fn extent(at: Avma) -> (Avma, usize) {
        (Avma(at.0.saturating_sub(REACH as u64)), 2 * REACH + 1)
    }

    /// Where the breakpoint is.
    pub fn at(&self) -> Avma {
        self.at
    }

    /// Whether there is a breakpoint.
    pub fn is_breakpoint(&self) -> bool {
        self.bytes[REACH] == BREAKPOINT
    }

    fn behind(&self) -> [u8; 2] {
        [self.bytes[REACH + 1], self.bytes[REACH + 2]]
    }

    fn before(&self) -> [u8; 2] {
        [self.bytes[REACH - 2], self.bytes[REACH - 1]]
    }

    /// How many bytes in a row are equal on both sides, other breakpoints aside; behind the breakpoint, how many in all.
    fn equal(&self, file: &[u8]) -> (usize, usize) {
        let side = |indices: &mut dyn Iterator<Item = usize>| {
            let same = |index: &usize| self.bytes[*index] == file[*index] || self.bytes[*index] == BREAKPOINT;
            let equal: Vec<usize> = indices.take_while(same).collect();
            let counts = equal.iter().filter(|index| self.bytes[**index] == file[**index]).count();
            (counts, equal.len())
        };
        let (before, _) = side(&mut (0..REACH).rev());
        let (behind, length) = side(&mut (REACH + 1..=2 * REACH));
        (before + behind, length)
    }

    /// Whether what follows the `copied` bytes behind the breakpoint holds the address that follows the same bytes at
    /// `original`, or one shortly after it: as a distance, or as it is.
    fn jumps_back(&self, original: Avma, copied: usize) -> bool {
        /// Bytes of a trampoline's jump, and how far behind the copied bytes it may lead.
        const JUMP: usize = 16;
        /// What is as near as this is no copy, but the same code.
        const NEAR: u64 = 4096;
        if self.at.0.abs_diff(original.0) < NEAR {
            return false;
        }
        let back = original.0.wrapping_add(1)..original.0.wrapping_add(copied as u64 + JUMP as u64);
        let tail = &self.bytes[REACH + 1..];
        (0..tail.len().min(copied + JUMP)).any(|index| {
            let next = self.at.0.wrapping_add(index as u64 + 5);
            let near = tail[index..].first_chunk().map(|bytes| next.wrapping_add(i32::from_le_bytes(*bytes) as u64));
            let far = tail[index..].first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
            near.is_some_and(|to| back.contains(&to)) || far.is_some_and(|to| back.contains(&to))
        })
    }
}

/// What a breakpoint is a copy of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Likeness {
    score: usize,
    original: u8,
    /// Whether another place that is as like has another byte.
    ambiguous: bool,
}

/// Gives for each breakpoint the byte that belongs there, if it is a copy of one of ours.
pub fn originals<'a>(
    found: &[Around],
    left_alone: LeftAlone,
    sources: impl Iterator<Item = (&'a PlantedText, &'a File)>,
) -> Vec<Option<u8>> {
    let following = if left_alone == LeftAlone::Fatal { 0 } else { FOLLOWING };
    let mut best: Vec<Option<Likeness>> = vec![None; found.len()];
    let (behind, before) = (by(found, Around::behind), by(found, Around::before));
    for (source, file) in sources {
        for_each_breakpoint(&source.plan, file, |offset, bytes| {
            let after = behind.get(&[bytes[REACH + 1], bytes[REACH + 2]]);
            let ahead = before.get(&[bytes[REACH - 2], bytes[REACH - 1]]);
            for &index in after.into_iter().chain(ahead).flatten() {
                compare(&found[index], bytes, source.instance.bias.address(offset), following, &mut best[index]);
            }
        });
    }
    let is_ours = |best: &Likeness| !best.ambiguous && best.original != BREAKPOINT;
    best.into_iter().map(|best| best.filter(is_ours).map(|best| best.original)).collect()
}

fn compare(found: &Around, file: &[u8], at: Avma, following: usize, best: &mut Option<Likeness>) {
    let (equal, behind) = found.equal(file);
    let jumps_back = found.jumps_back(at, behind);
    if (equal < ENOUGH || behind < following) && !jumps_back {
        return;
    }
    let score = equal + if jumps_back { JUMP_BACK } else { 0 };
    let like = Likeness { score, original: file[REACH], ambiguous: false };
    match best {
        Some(best) if best.score > score => {}
        Some(best) if best.score == score => best.ambiguous |= best.original != like.original,
        Some(_) | None => *best = Some(like),
    }
}

fn by(found: &[Around], key: impl Fn(&Around) -> [u8; 2]) -> HashMap<[u8; 2], Vec<usize>> {
    let mut keys: HashMap<[u8; 2], Vec<usize>> = HashMap::new();
    for (index, around) in found.iter().enumerate() {
        keys.entry(key(around)).or_default().push(index);
    }
    keys
}

/// Gives every place of a plan that gets a breakpoint, and those of the file's own, with the file's bytes around it.
fn for_each_breakpoint(plan: &Plan, file: &File, mut each: impl FnMut(FileOffset, &[u8])) {
    let offsets: Vec<FileOffset> = plan.places().into_iter().map(|place| place.0).collect();
    let mut chunk = vec![0; CHUNK + 2 * REACH + 1];
    let mut rest = &offsets[..];
    while let Some(&first) = rest.first() {
        let (now, later) = rest.split_at(rest.partition_point(|&offset| offset.abs_diff(first) < CHUNK as u64));
        rest = later;
        let Some(start) = first.0.checked_sub(REACH as u64) else { continue };
        let Ok(len) = platform::read_up_to(file, &mut chunk, start) else { continue };
        chunk[len..].fill(0);
        for &offset in now {
            let index = offset.abs_diff(first) as usize;
            each(offset, &chunk[index..=index + 2 * REACH]);
        }
        for distance in breakpoints(&chunk[REACH..len.saturating_sub(REACH).max(REACH)]) {
            let index = distance as usize;
            each(first.saturating_add(distance), &chunk[index..=index + 2 * REACH]);
        }
    }
}

/// How far from the start of `memory` breakpoints are, but for longer runs of them, with which allocators of code fill
/// what they do not use.
pub fn breakpoints(memory: &[u8]) -> Vec<u64> {
    const LONGEST_RUN: usize = 2;
    let mut found = Vec::new();
    let mut at = 0;
    for run in memory.chunk_by(|a, b| (*a == BREAKPOINT) == (*b == BREAKPOINT)) {
        if run[0] == BREAKPOINT && run.len() <= LONGEST_RUN {
            found.extend(at..at + run.len() as u64);
        }
        at += run.len() as u64;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::ImageId;
    use crate::plan::LoadBias;
    use crate::supervisor::decide::ids::InstanceId;
    use std::io::Write;
    use std::rc::Rc;

    const BIAS: u64 = 0x40_0000;
    const OFFSET: u64 = 0x100;

    /// A file with a probe at `OFFSET`, whose bytes around it do not repeat.
    fn file() -> (Vec<u8>, File, PlantedText) {
        let bytes: Vec<u8> = (0..0x200u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8 & 0x7f).collect();
        let mut file = tempfile::tempfile().expect("file");
        file.write_all(&bytes).expect("write");
        let plan = Plan {
            offsets: vec![FileOffset(OFFSET)],
            originals: vec![bytes[OFFSET as usize]],
            straight: vec![1],
            lines: vec![0],
            ..Plan::default()
        };
        (
            bytes,
            file,
            PlantedText { instance: InstanceId { image: ImageId(0), bias: LoadBias(BIAS) }, plan: Rc::new(plan) },
        )
    }

    fn original(memory: &[u8], at: u64) -> Option<u8> {
        let (_, file, source) = file();
        left(LeftAlone::Handled, memory, at, &source, &file)
    }

    fn left(left_alone: LeftAlone, memory: &[u8], at: u64, source: &PlantedText, file: &File) -> Option<u8> {
        originals(&[Around::take(memory, Avma(0x7000), Avma(at))], left_alone, std::iter::once((source, file)))[0]
    }

    #[test]
    fn a_copy_that_ends_at_a_breakpoint_is_known_where_it_is_fatal() {
        let (bytes, file, source) = file();
        let mut copy = bytes[0xe0..=0x100].to_vec();
        copy[0x20] = BREAKPOINT;
        let found = |left_alone, copy: &[u8]| left(left_alone, copy, 0x7020, &source, &file);
        assert_eq!(found(LeftAlone::Handled, &copy), None);
        assert_eq!(found(LeftAlone::Fatal, &copy), Some(bytes[0x100]));
        copy[0x18] ^= 0xff;
        assert_eq!(found(LeftAlone::Fatal, &copy), None);
    }

    #[test]
    fn a_copy_is_known_by_what_is_around_it() {
        let (bytes, ..) = file();
        let mut copy = bytes[0xf0..0x120].to_vec();
        copy[0x10] = BREAKPOINT;
        assert_eq!(original(&copy, 0x7010), Some(bytes[0x100]));
        // Another breakpoint of ours beside it is no difference.
        copy[0x12] = BREAKPOINT;
        assert_eq!(original(&copy, 0x7010), Some(bytes[0x100]));
        copy[0x0c..0x10].fill(0x90);
        copy[0x14..0x18].fill(0x90);
        assert_eq!(original(&copy, 0x7010), None);
    }

    #[test]
    fn a_few_copied_bytes_are_known_by_the_jump_back() {
        let (bytes, ..) = file();
        let mut near = vec![BREAKPOINT, bytes[0x101], bytes[0x102], bytes[0x103], 0xe9];
        let behind = BIAS + OFFSET + 4;
        near.extend((behind.wrapping_sub(0x7009) as u32).to_le_bytes());
        assert_eq!(original(&near, 0x7000), Some(bytes[0x100]));
        let mut far = vec![BREAKPOINT, bytes[0x101], bytes[0x102], bytes[0x103], 0xff, 0x25, 0, 0, 0, 0];
        far.extend(behind.to_le_bytes());
        assert_eq!(original(&far, 0x7000), Some(bytes[0x100]));
        far[10] += 0x40;
        assert_eq!(original(&far, 0x7000), None);
    }

    /// Two functions that begin alike: one goes on with a breakpoint of its own, the other with a line that has ours.
    #[test]
    fn the_programs_own_breakpoint_and_a_copy_of_it_stay() {
        let (mut bytes, ..) = file();
        let (beginning, own) = (bytes[0xf0..0x100].to_vec(), 0x150);
        bytes[own - 0x10..own].copy_from_slice(&beginning);
        bytes[own] = BREAKPOINT;
        bytes.copy_within(0x101..0x105, own + 1);
        let (_, _, source) = file();
        let mut with_own = tempfile::tempfile().expect("file");
        with_own.write_all(&bytes).expect("write");
        let around = |memory: &[u8]| {
            let of = |left_alone| left(left_alone, memory, 0x7010, &source, &with_own);
            assert_eq!(of(LeftAlone::Handled), of(LeftAlone::Fatal));
            of(LeftAlone::Fatal)
        };
        assert_eq!(around(&bytes[own - 0x10..own + 0x20]), None);
        let mut ours = bytes[0xf0..0x120].to_vec();
        ours[0x10] = BREAKPOINT;
        assert_eq!(around(&ours), Some(bytes[0x100]));
    }

    #[test]
    fn breakpoints_that_fill_are_passed_over() {
        assert_eq!(breakpoints(&[1, BREAKPOINT, 2, BREAKPOINT, BREAKPOINT, BREAKPOINT, 3, BREAKPOINT]), [1, 7]);
    }
}
