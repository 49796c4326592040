//! Writing breakpoints into text and taking them out, page by page.
//!
//! Invariants: a byte is only ever changed between a probe's original and the breakpoint, and only after it was read
//! there; what holds anything else is refused and left alone.

use super::space::Sync;
use platform::arch::BREAKPOINT;
use platform::{Avma, Errno, Memory, OsError, PAGE, Tid, Tracer};

/// A byte to hold in a page: the probe's number (landmarks have none), its place in the page, its original and whether
/// it is to be armed.
#[derive(Clone, Copy)]
struct Wanted {
    probe: Option<u32>,
    place: usize,
    original: u8,
    armed: bool,
}

/// How many neighbouring pages are read and written at a time: that costs less for each, and no trap waits long for it.
const AT_ONCE: u64 = 16;

/// Text that is being brought to a wanted state, a page at a time, so that traps can be served in between.
#[derive(Debug)]
pub(super) struct Planting {
    sync: Box<Sync>,
    next_landmark: usize,
    next_probe: u32,
    /// Probes that could not be planted.
    pub refused: Vec<u32>,
    /// How many breakpoints were planted.
    pub planted: u64,
    /// Whether a breakpoint that is to go could not be taken out.
    pub left: bool,
}

impl Planting {
    /// Begins; nothing is touched yet.
    pub fn new(sync: Box<Sync>) -> Self {
        Planting { sync, next_landmark: 0, next_probe: 0, refused: Vec::new(), planted: 0, left: false }
    }

    /// Of which text.
    pub fn sync(&self) -> &Sync {
        &self.sync
    }

    /// Does one landmark or the next few pages with a change; false when nothing is left to do.
    pub fn advance(&mut self, tracer: &Tracer, memory: Option<&Memory>) -> bool {
        if let Some(armed) = self.sync.landmarks
            && let Some(landmark) = self.sync.plan.landmarks.get(self.next_landmark).copied()
        {
            self.next_landmark += 1;
            if let Some(at) = self.sync.address(landmark.offset) {
                let place = (at & (PAGE - 1)) as usize;
                let wanted = Wanted { probe: None, place, original: landmark.original, armed };
                self.pages(tracer, memory, at & !(PAGE - 1), &[wanted]);
            }
            return true;
        }
        let Some(probe) = self.sync.change.first_from(self.next_probe) else { return false };
        self.next_probe = probe + 1;
        if let Some((offset, at)) = self.place_of(probe) {
            let first = at & !(PAGE - 1);
            let mut wanted = self.wanted_beside(offset, at);
            for distance in (1..AT_ONCE).map(|page| page * PAGE) {
                let next = self.sync.change.first_from(self.next_probe).and_then(|probe| self.place_of(probe));
                let Some((offset, at)) = next.filter(|(_, at)| at & !(PAGE - 1) == first + distance) else { break };
                let beside = self.wanted_beside(offset, at).into_iter();
                wanted.extend(beside.map(|wanted| Wanted { place: wanted.place + distance as usize, ..wanted }));
            }
            self.pages(tracer, memory, first, &wanted);
        }
        true
    }

    /// The offset of a probe and where it is in memory, if it is mapped.
    fn place_of(&self, probe: u32) -> Option<(u64, u64)> {
        let offset = *self.sync.plan.offsets.get(probe as usize)?;
        Some((offset, self.sync.address(offset)?))
    }

    /// Everything that is known of the page of the probe at `offset`, which is `at` in memory.
    fn wanted_beside(&mut self, offset: u64, at: u64) -> Vec<Wanted> {
        let sync = &self.sync;
        let in_page = at & (PAGE - 1);
        let (first, last) = (offset.saturating_sub(in_page), offset.saturating_add(PAGE - 1 - in_page));
        let begin = sync.plan.offsets.partition_point(|&offset| offset < first);
        let end = sync.plan.offsets.partition_point(|&offset| offset <= last);
        self.next_probe = end as u32;
        let known = |probe: u32| sync.change.get(probe) || sync.armed.get(probe);
        (begin..end)
            .filter(|&index| known(index as u32) && sync.address(sync.plan.offsets[index]).is_some())
            .map(|index| Wanted {
                probe: Some(index as u32),
                place: (sync.bias.wrapping_add(sync.plan.offsets[index]) & (PAGE - 1)) as usize,
                original: sync.plan.originals[index],
                armed: sync.armed.get(index as u32),
            })
            .collect()
    }

    /// Brings neighbouring pages to what is wanted of them, whose places count from the first.
    fn pages(&mut self, tracer: &Tracer, memory: Option<&Memory>, first: u64, wanted: &[Wanted]) {
        let last = wanted.last().map_or(0, |wanted| wanted.place as u64 / PAGE);
        let mut bytes = vec![0; ((last + 1) * PAGE) as usize];
        let tid = self.sync.tid;
        if read_pages(tracer, memory, tid, first, &mut bytes).is_err() {
            if last > 0 {
                return self.page_by_page(tracer, memory, first, wanted);
            }
            // What cannot be read stays known as it is: a breakpoint may stand there, inherited.
            self.left |= memory.is_none();
            return;
        }
        let before = bytes.clone();
        let mut planting = Vec::new();
        for wanted in wanted {
            let byte = &mut bytes[wanted.place];
            match (wanted.armed, *byte) {
                (true, BREAKPOINT) => {}
                (true, found) if found == wanted.original => {
                    *byte = BREAKPOINT;
                    planting.extend(wanted.probe);
                }
                (true, _) => self.refused.extend(wanted.probe),
                (false, BREAKPOINT) => *byte = wanted.original,
                (false, _) => {}
            }
        }
        if bytes == before {
            return;
        }
        match write_pages(tracer, memory, tid, first, &before, &bytes) {
            Ok(()) => self.planted += planting.len() as u64,
            // Some of them may have been written.
            Err(_) if last > 0 => self.page_by_page(tracer, memory, first, wanted),
            Err(_) => {
                self.refused.extend(planting);
                self.left |= wanted.iter().any(|wanted| !wanted.armed);
            }
        }
    }

    /// The same, where one of them is at fault.
    fn page_by_page(&mut self, tracer: &Tracer, memory: Option<&Memory>, first: u64, wanted: &[Wanted]) {
        for page in wanted.chunk_by(|a, b| a.place as u64 / PAGE == b.place as u64 / PAGE) {
            let at = page[0].place as u64 & !(PAGE - 1);
            let in_page = |wanted: &Wanted| Wanted { place: wanted.place - at as usize, ..*wanted };
            self.pages(tracer, memory, first + at, &page.iter().map(in_page).collect::<Vec<_>>());
        }
    }
}

/// Restores one byte.
pub(super) fn restore_byte(
    tracer: &Tracer,
    memory: Option<&Memory>,
    tid: Tid,
    at: Avma,
    original: u8,
) -> Result<(), OsError> {
    match memory.map(|memory| memory.write(at, &[original])) {
        Some(Ok(())) => Ok(()),
        Some(Err(_)) | None => poke_byte(tracer, tid, at, original),
    }
}

/// Restores bytes whose lines are known, given in order of address: where several are in one page, in one write. What
/// cannot be restored is met and served later.
pub(super) fn restore_bytes(tracer: &Tracer, memory: Option<&Memory>, tid: Tid, places: &[(Avma, u8)]) {
    /// Reading and writing all that lies between costs as much as writing so many single bytes.
    const SEVERAL: usize = 3;
    for page in places.chunk_by(|(a, _), (b, _)| a.0 / PAGE == b.0 / PAGE) {
        let (first, last) = (page[0].0, page[page.len() - 1].0);
        if let Some(memory) = memory.filter(|_| page.len() >= SEVERAL) {
            let mut bytes = vec![0; (last.0 - first.0) as usize + 1];
            if memory.read(first, &mut bytes).is_ok() {
                for (at, original) in page {
                    let byte = &mut bytes[(at.0 - first.0) as usize];
                    if *byte == BREAKPOINT {
                        *byte = *original;
                    }
                }
                let _met_later = memory.write(first, &bytes);
                continue;
            }
        }
        for (at, original) in page {
            let _met_later = restore_byte(tracer, memory, tid, *at, *original);
        }
    }
}

/// Reads through ptrace where /proc/PID/mem is closed to us (no descriptor left, `proc_mem.force_override`).
fn read_pages(
    tracer: &Tracer,
    memory: Option<&Memory>,
    tid: Option<Tid>,
    page: u64,
    bytes: &mut [u8],
) -> Result<(), OsError> {
    let read = memory.map(|memory| memory.read(Avma(page), bytes));
    let (Some(tid), None | Some(Err(_))) = (tid, &read) else { return read.unwrap_or_else(|| Err(not_stopped(page))) };
    for (index, word) in bytes.chunks_exact_mut(8).enumerate() {
        word.copy_from_slice(&tracer.peek_word(tid, Avma(page + index as u64 * 8))?.to_ne_bytes());
    }
    Ok(())
}

fn write_pages(
    tracer: &Tracer,
    memory: Option<&Memory>,
    tid: Option<Tid>,
    page: u64,
    before: &[u8],
    after: &[u8],
) -> Result<(), OsError> {
    let first = before.iter().zip(after).position(|(a, b)| a != b).unwrap_or(0);
    let last = before.iter().zip(after).rposition(|(a, b)| a != b).unwrap_or(0);
    let wrote = memory.map(|memory| memory.write(Avma(page + first as u64), &after[first..=last]));
    let (Some(tid), None | Some(Err(_))) = (tid, &wrote) else {
        return wrote.unwrap_or_else(|| Err(not_stopped(page)));
    };
    for (index, (old, new)) in before.chunks_exact(8).zip(after.chunks_exact(8)).enumerate() {
        if old != new {
            let mut word = [0; 8];
            word.copy_from_slice(new);
            tracer.poke_word(tid, Avma(page + index as u64 * 8), u64::from_ne_bytes(word))?;
        }
    }
    Ok(())
}

fn not_stopped(page: u64) -> OsError {
    OsError::new("access memory at", Avma(page), Errno::EACCES)
}

fn poke_byte(tracer: &Tracer, tid: Tid, at: Avma, byte: u8) -> Result<(), OsError> {
    let aligned = Avma(at.0 & !7);
    let mut word = tracer.peek_word(tid, aligned)?.to_ne_bytes();
    word[(at.0 & 7) as usize] = byte;
    tracer.poke_word(tid, aligned, u64::from_ne_bytes(word))
}
