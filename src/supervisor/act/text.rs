//! Writing breakpoints into text and taking them out, page by page.
//!
//! Invariants: a byte is only ever changed between a probe's original and the breakpoint, and only after it was read
//! there; what holds anything else is refused and left alone, and so is what is among bytes that are not the file's,
//! and a breakpoint of the program's own.

use super::own::Owner;
use crate::plan::FileOffset;
use crate::supervisor::decide::text_change::{LandmarkChange, TextChange};
use platform::arch::{self, BREAKPOINT};
use platform::{Avma, Errno, Memory, OsError, PAGE, Tid, Tracer};
use std::fs::File;

/// A byte to hold in a page: the probe's number (landmarks have none), its place in the page, its original and whether
/// it is to be armed.
#[derive(Clone, Copy)]
struct WantedByte {
    probe: Option<u32>,
    place: usize,
    original: u8,
    armed: bool,
    /// Whether its breakpoint was out before.
    taken_out: bool,
}

/// How many neighbouring pages are read and written at a time: that costs less for each, and no trap waits long for it.
const AT_ONCE: u64 = 4;

/// What text is read and written by, the file that it is of, and what tells whose the breakpoints in it are.
pub(crate) struct TextAccess<'a> {
    pub tracer: &'a Tracer,
    pub memory: Option<&'a Memory>,
    pub file: Option<&'a File>,
    pub owner: Owner<'a>,
}

impl TextAccess<'_> {
    /// What the file has at an offset, with zeroes behind its end, as in memory.
    fn in_file(&self, offset: FileOffset, len: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; len];
        platform::read_up_to(self.file?, &mut bytes, offset.0).ok().map(|_| bytes)
    }
}

/// Whether the bytes around a place are the file's, breakpoints aside, as far as they are here.
fn is_around(bytes: &[u8], file: &[u8], place: usize) -> bool {
    let around = place.saturating_sub(arch::LONGEST)..(place + arch::LONGEST).min(bytes.len());
    let mut pairs = bytes[around.clone()].iter().zip(&file[around]);
    pairs.all(|(here, there)| here == there || *here == BREAKPOINT)
}

/// Text that is being brought to a wanted state, a page at a time, so that traps can be served in between.
#[derive(Debug)]
pub(crate) struct Planting {
    sync: Box<TextChange>,
    next_landmark: usize,
    next_probe: u32,
    /// Probes that could not be planted.
    pub refused: Vec<u32>,
    /// Where the program had written over breakpoints that were to be taken out.
    pub overwritten: Vec<Avma>,
    /// How many breakpoints were planted.
    pub planted: u64,
    /// Whether a breakpoint that is to go could not be taken out.
    pub left: bool,
}

impl Planting {
    /// Begins; nothing is touched yet.
    pub fn new(sync: Box<TextChange>) -> Self {
        Planting {
            sync,
            next_landmark: 0,
            next_probe: 0,
            refused: Vec::new(),
            overwritten: Vec::new(),
            planted: 0,
            left: false,
        }
    }

    /// Of which text.
    pub fn sync(&self) -> &TextChange {
        &self.sync
    }

    /// Does one landmark or the next few pages with a change; false when nothing is left to do.
    pub fn advance(&mut self, place: &TextAccess<'_>) -> bool {
        if self.sync.landmarks != LandmarkChange::Keep
            && let Some(landmark) = self.sync.plan.landmarks.get(self.next_landmark).copied()
        {
            self.next_landmark += 1;
            if let Some(at) = self.sync.address(landmark.offset) {
                let in_page = (at.0 & (PAGE - 1)) as usize;
                let (original, armed) = (landmark.original, self.sync.landmarks == LandmarkChange::Arm);
                let wanted = WantedByte { probe: None, place: in_page, original, armed, taken_out: false };
                self.pages(place, page_of(at), &[wanted]);
            }
            return true;
        }
        let Some(probe) = self.sync.change.first_from(self.next_probe) else { return false };
        self.next_probe = probe + 1;
        if let Some((offset, at)) = self.place_of(probe) {
            let first = page_of(at);
            let mut wanted = self.wanted_beside(offset, at);
            for distance in (1..AT_ONCE).map(|page| page * PAGE) {
                let next = self.sync.change.first_from(self.next_probe).and_then(|probe| self.place_of(probe));
                let Some((offset, at)) = next.filter(|(_, at)| page_of(*at).0 == first.0 + distance) else { break };
                let beside = self.wanted_beside(offset, at).into_iter();
                wanted.extend(beside.map(|wanted| WantedByte { place: wanted.place + distance as usize, ..wanted }));
            }
            self.pages(place, first, &wanted);
        }
        true
    }

    /// The offset of a probe and where it is in memory, if it is mapped.
    fn place_of(&self, probe: u32) -> Option<(FileOffset, Avma)> {
        let offset = *self.sync.plan.offsets.get(probe as usize)?;
        Some((offset, self.sync.address(offset)?))
    }

    /// Everything that is known of the page of the probe at `offset`, which is `at` in memory.
    fn wanted_beside(&mut self, offset: FileOffset, at: Avma) -> Vec<WantedByte> {
        let sync = &self.sync;
        let in_page = at.0 & (PAGE - 1);
        let (first, last) = (offset.saturating_sub(in_page), offset.saturating_add(PAGE - 1 - in_page));
        let begin = sync.plan.offsets.partition_point(|&offset| offset < first);
        let end = sync.plan.offsets.partition_point(|&offset| offset <= last);
        self.next_probe = end as u32;
        let known = |probe: u32| sync.change.get(probe) || sync.armed.get(probe);
        (begin..end)
            .filter(|&index| known(index as u32) && sync.address(sync.plan.offsets[index]).is_some())
            .map(|index| WantedByte {
                probe: Some(index as u32),
                place: (sync.instance.bias.address(sync.plan.offsets[index]).0 & (PAGE - 1)) as usize,
                original: sync.plan.originals[index],
                armed: sync.armed.get(index as u32),
                taken_out: sync.taken_out.get(index as u32),
            })
            .collect()
    }

    /// Brings neighbouring pages to what is wanted of them, whose places count from the first.
    fn pages(&mut self, place: &TextAccess<'_>, first: Avma, wanted: &[WantedByte]) {
        let last = wanted.last().map_or(0, |wanted| wanted.place as u64 / PAGE);
        let mut bytes = vec![0; ((last + 1) * PAGE) as usize];
        let tid = self.sync.tid;
        if read_pages(place.tracer, place.memory, tid, first, &mut bytes).is_err() {
            if last > 0 {
                return self.page_by_page(place, first, wanted);
            }
            // What cannot be read stays known as it is: a breakpoint may stand there, inherited.
            self.left |= place.memory.is_none();
            return;
        }
        let before = bytes.clone();
        let file = place.in_file(self.sync.instance.bias.offset(first), bytes.len());
        let (mut planting, mut is_patched) = (Vec::new(), false);
        let differing = file.filter(|file| *file != before);
        let goes = self.sync.landmarks == LandmarkChange::Disarm;
        let is_rewritten = |wanted: &WantedByte| {
            let file = differing.as_ref().filter(|_| place.owner.may_be());
            file.is_some_and(|file| arch::is_rewritten(&before[wanted.place..], &file[wanted.place..]))
        };
        for wanted in wanted {
            let as_in_file = || differing.as_ref().is_none_or(|file| is_around(&before, file, wanted.place));
            let at = Avma(first.0 + wanted.place as u64);
            let is_own = wanted.taken_out && before[wanted.place] == BREAKPOINT && place.owner.has(at);
            match (wanted.armed, before[wanted.place]) {
                (true, BREAKPOINT) if !is_own => {}
                (true, found) if found == wanted.original && as_in_file() => {
                    bytes[wanted.place] = BREAKPOINT;
                    planting.push(*wanted);
                }
                (true, _) => {
                    is_patched = true;
                    self.refused.extend(wanted.probe);
                }
                (false, BREAKPOINT) if !(is_own || goes && is_rewritten(wanted)) => {
                    bytes[wanted.place] = wanted.original;
                }
                (false, found) if found != wanted.original => {
                    is_patched = true;
                    self.overwritten.extend(wanted.probe.filter(|_| !is_own).map(|_| at));
                }
                (false, _) => {}
            }
        }
        if bytes == before {
            return;
        }
        let is_patched = is_patched || (tid.is_none() && place.owner.may_be());
        let written = match place.memory.filter(|_| is_patched) {
            // Who changes its own text may do so at this moment: not a byte of that is written.
            Some(memory) => write_singly(memory, first, &before, &bytes),
            None => write_pages(place.tracer, place.memory, tid, first, &before, &bytes),
        };
        match written {
            Ok(()) => self.planted += planting.iter().filter(|wanted| wanted.probe.is_some()).count() as u64,
            // Some of them may have been written.
            Err(_) if last > 0 => self.page_by_page(place, first, wanted),
            Err(_) => {
                self.left |= wanted.iter().any(|wanted| !wanted.armed);
                let read = read_pages(place.tracer, place.memory, tid, first, &mut bytes).is_ok();
                let is_absent = |wanted: &&WantedByte| read && bytes[wanted.place] != BREAKPOINT;
                self.refused.extend(planting.iter().filter(is_absent).filter_map(|wanted| wanted.probe));
            }
        }
    }

    /// The same, where one of them is at fault.
    fn page_by_page(&mut self, place: &TextAccess<'_>, first: Avma, wanted: &[WantedByte]) {
        for page in wanted.chunk_by(|a, b| a.place as u64 / PAGE == b.place as u64 / PAGE) {
            let at = page[0].place as u64 & !(PAGE - 1);
            let in_page = |wanted: &WantedByte| WantedByte { place: wanted.place - at as usize, ..*wanted };
            self.pages(place, Avma(first.0 + at), &page.iter().map(in_page).collect::<Vec<_>>());
        }
    }
}

/// The start of the page that an address is in.
fn page_of(at: Avma) -> Avma {
    Avma(at.0 & !(PAGE - 1))
}

/// Whether others may write to the same memory meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beside {
    /// Every thread of the space stays stopped.
    Nobody,
    /// Some may run.
    Threads,
}

/// Restores one byte, if there is a breakpoint: whatever else is there, the program has put there. Tells whether there
/// was one.
pub(crate) fn restore_byte(
    tracer: &Tracer,
    memory: Option<&Memory>,
    tid: Tid,
    at: Avma,
    original: u8,
) -> Result<bool, OsError> {
    let restore = |memory: &Memory| {
        let mut now = [0];
        memory.read(at, &mut now)?;
        if now == [BREAKPOINT] { memory.write(at, &[original]).map(|()| true) } else { Ok(false) }
    };
    match memory.map(restore) {
        Some(Ok(there)) => Ok(there),
        Some(Err(_)) | None => poke_byte(tracer, tid, at, original),
    }
}

/// Restores bytes whose lines are known, given in order of address, where there are breakpoints: several of one page in
/// one write, if nobody can change what is between them meanwhile. What cannot be restored is met and served later. Gives
/// where there was none or it may still be.
pub(crate) fn restore_bytes(
    tracer: &Tracer,
    memory: Option<&Memory>,
    tid: Tid,
    places: &[(Avma, u8)],
    beside: Beside,
) -> Vec<Avma> {
    /// Writing all that lies between costs as much as writing so many single bytes.
    const SEVERAL: usize = 3;
    let mut not_restored = Vec::new();
    for page in places.chunk_by(|(a, _), (b, _)| a.0 / PAGE == b.0 / PAGE) {
        let (first, last) = (page[0].0, page[page.len() - 1].0);
        let mut bytes = vec![0; (last.0 - first.0) as usize + 1];
        let Some(memory) = memory.filter(|memory| memory.read(first, &mut bytes).is_ok()) else {
            let is_left = |(at, byte): &&(Avma, u8)| !poke_byte(tracer, tid, *at, *byte).is_ok_and(|there| there);
            not_restored.extend(page.iter().filter(is_left).map(|(at, _)| *at));
            continue;
        };
        let mut restored = Vec::new();
        for (at, original) in page {
            let byte = &mut bytes[(at.0 - first.0) as usize];
            if *byte == BREAKPOINT {
                *byte = *original;
                restored.push((*at, *original));
            } else {
                not_restored.push(*at);
            }
        }
        if beside == Beside::Nobody && restored.len() >= SEVERAL {
            if memory.write(first, &bytes).is_err() {
                not_restored.extend(restored.iter().map(|(at, _)| at));
            }
        } else {
            let failed = restored.iter().filter(|(at, original)| memory.write(*at, &[*original]).is_err());
            not_restored.extend(failed.map(|(at, _)| at));
        }
    }
    not_restored
}

/// Reads through ptrace where /proc/PID/mem is closed to us (no descriptor left, `proc_mem.force_override`).
fn read_pages(
    tracer: &Tracer,
    memory: Option<&Memory>,
    tid: Option<Tid>,
    page: Avma,
    bytes: &mut [u8],
) -> Result<(), OsError> {
    let read = memory.map(|memory| memory.read(page, bytes));
    let (Some(tid), None | Some(Err(_))) = (tid, &read) else { return read.unwrap_or_else(|| Err(not_stopped(page))) };
    for (index, word) in bytes.chunks_exact_mut(8).enumerate() {
        word.copy_from_slice(&tracer.peek_word(tid, Avma(page.0 + index as u64 * 8))?.to_ne_bytes());
    }
    Ok(())
}

fn write_pages(
    tracer: &Tracer,
    memory: Option<&Memory>,
    tid: Option<Tid>,
    page: Avma,
    before: &[u8],
    after: &[u8],
) -> Result<(), OsError> {
    let first = before.iter().zip(after).position(|(a, b)| a != b).unwrap_or(0);
    let last = before.iter().zip(after).rposition(|(a, b)| a != b).unwrap_or(0);
    let wrote = memory.map(|memory| memory.write(Avma(page.0 + first as u64), &after[first..=last]));
    let (Some(tid), None | Some(Err(_))) = (tid, &wrote) else {
        return wrote.unwrap_or_else(|| Err(not_stopped(page)));
    };
    for (index, (old, new)) in before.chunks_exact(8).zip(after.chunks_exact(8)).enumerate() {
        if old != new {
            let mut word = [0; 8];
            word.copy_from_slice(new);
            tracer.poke_word(tid, Avma(page.0 + index as u64 * 8), u64::from_ne_bytes(word))?;
        }
    }
    Ok(())
}

/// Writes the bytes that differ, each by itself.
fn write_singly(memory: &Memory, page: Avma, before: &[u8], after: &[u8]) -> Result<(), OsError> {
    for (at, (old, new)) in (page.0..).zip(before.iter().zip(after)) {
        if old != new {
            memory.write(Avma(at), &[*new])?;
        }
    }
    Ok(())
}

fn not_stopped(page: Avma) -> OsError {
    OsError::new("access memory at", page, Errno::EACCES)
}

/// Restores one byte through ptrace, if there is a breakpoint; tells whether there was.
fn poke_byte(tracer: &Tracer, tid: Tid, at: Avma, byte: u8) -> Result<bool, OsError> {
    let aligned = Avma(at.0 & !7);
    let mut word = tracer.peek_word(tid, aligned)?.to_ne_bytes();
    let place = &mut word[(at.0 & 7) as usize];
    if *place != BREAKPOINT {
        return Ok(false);
    }
    *place = byte;
    tracer.poke_word(tid, aligned, u64::from_ne_bytes(word)).map(|()| true)
}
