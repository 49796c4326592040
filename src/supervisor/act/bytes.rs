//! Bytes of text, read and written through /proc/PID/mem, or by ptrace where that is refused.
//!
//! Invariant: a byte is restored only where a breakpoint is: whatever else is there, the program has put there.

use crate::supervisor::decide::ids::OriginalByte;
use platform::arch::BREAKPOINT;
use platform::{Avma, Errno, Memory, OsError, PAGE, Tid, Tracer};

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
    places: &[OriginalByte],
    beside: Beside,
) -> Vec<Avma> {
    /// Writing all that lies between costs as much as writing so many single bytes.
    const SEVERAL: usize = 3;
    let mut not_restored = Vec::new();
    for page in places.chunk_by(|a, b| a.at.0 / PAGE == b.at.0 / PAGE) {
        let (first, last) = (page[0].at, page[page.len() - 1].at);
        let mut bytes = vec![0; (last.0 - first.0) as usize + 1];
        let Some(memory) = memory.filter(|memory| memory.read(first, &mut bytes).is_ok()) else {
            let is_left =
                |place: &&OriginalByte| !poke_byte(tracer, tid, place.at, place.byte).is_ok_and(|there| there);
            not_restored.extend(page.iter().filter(is_left).map(|place| place.at));
            continue;
        };
        let mut restored = Vec::new();
        for place in page {
            let byte = &mut bytes[(place.at.0 - first.0) as usize];
            if *byte == BREAKPOINT {
                *byte = place.byte;
                restored.push(*place);
            } else {
                not_restored.push(place.at);
            }
        }
        if beside == Beside::Nobody && restored.len() >= SEVERAL {
            if memory.write(first, &bytes).is_err() {
                not_restored.extend(restored.iter().map(|place| place.at));
            }
        } else {
            let failed = restored.iter().filter(|place| memory.write(place.at, &[place.byte]).is_err());
            not_restored.extend(failed.map(|place| place.at));
        }
    }
    not_restored
}

/// Reads through ptrace where /proc/PID/mem is closed to us (no descriptor left, `proc_mem.force_override`).
pub(super) fn read_pages(
    tracer: &Tracer,
    memory: Option<&Memory>,
    tid: Option<Tid>,
    page: Avma,
    bytes: &mut [u8],
) -> Result<(), OsError> {
    if tid.is_some_and(|tid| bytes.len() as u64 > PAGE && Memory::read_of(tid, page, bytes).is_ok()) {
        return Ok(());
    }
    let read = memory.map(|memory| memory.read(page, bytes));
    let (Some(tid), None | Some(Err(_))) = (tid, &read) else { return read.unwrap_or_else(|| Err(not_stopped(page))) };
    tracer.read(tid, page, bytes)
}

/// Writes the bytes at these places of a piece of memory, in order: with what lies between them, unless a page lies there
/// whole; through ptrace by words.
pub(super) fn write_places(
    tracer: &Tracer,
    memory: Option<&Memory>,
    tid: Option<Tid>,
    start: Avma,
    bytes: &[u8],
    places: &[usize],
) -> Result<(), OsError> {
    let at = |place: usize| Avma(start.0 + place as u64);
    let piece = |places: &[usize]| (at(places[0]), &bytes[places[0]..=places[places.len() - 1]]);
    let wrote = memory.map(|memory| {
        let mut pages = places.chunk_by(|a, b| at(*b).0 / PAGE <= at(*a).0 / PAGE + 1).map(piece);
        pages.try_for_each(|(at, bytes)| memory.write(at, bytes))
    });
    let (Some(tid), None | Some(Err(_))) = (tid, &wrote) else {
        return wrote.unwrap_or_else(|| Err(not_stopped(start)));
    };
    let mut words = places.chunk_by(|a, b| at(*a).0 / 8 == at(*b).0 / 8).map(piece);
    words.try_for_each(|(at, bytes)| tracer.write(tid, at, bytes))
}

/// Writes the same, each byte by itself.
pub(super) fn write_singly(memory: &Memory, start: Avma, bytes: &[u8], places: &[usize]) -> Result<(), OsError> {
    places.iter().try_for_each(|&place| memory.write(Avma(start.0 + place as u64), &[bytes[place]]))
}

fn not_stopped(page: Avma) -> OsError {
    OsError::new("access memory at", page, Errno::EACCES)
}

/// Restores one byte through ptrace, if there is a breakpoint; tells whether there was.
fn poke_byte(tracer: &Tracer, tid: Tid, at: Avma, byte: u8) -> Result<bool, OsError> {
    let mut now = [0];
    tracer.read(tid, at, &mut now)?;
    if now == [BREAKPOINT] { tracer.write(tid, at, &[byte]).map(|()| true) } else { Ok(false) }
}
