//! Writing breakpoints into text and taking them out, page by page.
//!
//! Invariants: a byte is only ever changed between a probe's original and the breakpoint, and only after it was read
//! there; what holds anything else is refused and left alone.

use super::space::Sync;
use platform::arch::BREAKPOINT;
use platform::{Avma, Memory, OsError, Tid, Tracer};
use std::collections::BTreeMap;

const PAGE: u64 = 4096;

/// A byte to hold in a page: the probe's number (landmarks have none), its original and whether it is to be armed.
#[derive(Clone, Copy)]
struct Wanted {
    at: u64,
    probe: Option<u32>,
    original: u8,
    armed: bool,
}

/// Brings text to the wanted state; gives the probes that could not be.
pub(super) fn sync(tracer: &Tracer, memory: Option<&Memory>, sync: &Sync) -> Vec<u32> {
    let mut refused = Vec::new();
    for (page, wanted) in pages(sync) {
        let mut bytes = vec![0; PAGE as usize];
        // What cannot be read stays known as it is: a breakpoint may stand there, inherited.
        if read_page(tracer, memory, sync.tid, page, &mut bytes).is_err() {
            continue;
        }
        let before = bytes.clone();
        let mut planting = Vec::new();
        for wanted in &wanted {
            let byte = &mut bytes[(wanted.at - page) as usize];
            match (wanted.armed, *byte) {
                (true, BREAKPOINT) => {}
                (true, found) if found == wanted.original => {
                    *byte = BREAKPOINT;
                    planting.extend(wanted.probe);
                }
                (true, _) => refused.extend(wanted.probe),
                (false, BREAKPOINT) => *byte = wanted.original,
                (false, _) => {}
            }
        }
        if bytes != before && write_page(tracer, memory, sync.tid, page, &before, &bytes).is_err() {
            refused.extend(planting);
        }
    }
    refused
}

/// The bytes to hold, by page: all probes of every page in which one changes, and the landmarks if they change.
fn pages(sync: &Sync) -> BTreeMap<u64, Vec<Wanted>> {
    let mut pages: BTreeMap<u64, Vec<Wanted>> = BTreeMap::new();
    let address = |offset: u64| {
        let at = sync.bias.wrapping_add(offset);
        sync.ranges.iter().any(|range| range.contains(&at)).then_some(at)
    };
    for probe in sync.change.iter() {
        if let Some(at) = sync.plan.offsets.get(probe as usize).and_then(|&offset| address(offset)) {
            pages.entry(at & !(PAGE - 1)).or_default();
        }
    }
    for (&page, wanted) in &mut pages {
        let first = sync.plan.offsets.partition_point(|&offset| sync.bias.wrapping_add(offset) < page);
        for (probe, &offset) in (first as u32..).zip(&sync.plan.offsets[first..]) {
            let at = sync.bias.wrapping_add(offset);
            if at >= page + PAGE {
                break;
            }
            let known = sync.change.get(probe) || sync.armed.get(probe);
            if known && address(offset).is_some() {
                let original = sync.plan.originals[probe as usize];
                wanted.push(Wanted { at, probe: Some(probe), original, armed: sync.armed.get(probe) });
            }
        }
    }
    if let Some(armed) = sync.landmarks {
        for landmark in &sync.plan.landmarks {
            if let Some(at) = address(landmark.offset) {
                let wanted = Wanted { at, probe: None, original: landmark.original, armed };
                pages.entry(at & !(PAGE - 1)).or_default().push(wanted);
            }
        }
    }
    pages
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

/// Reads through ptrace where /proc/PID/mem is closed to us (no descriptor left, `proc_mem.force_override`).
fn read_page(tracer: &Tracer, memory: Option<&Memory>, tid: Tid, page: u64, bytes: &mut [u8]) -> Result<(), OsError> {
    if memory.is_some_and(|memory| memory.read(Avma(page), bytes).is_ok()) {
        return Ok(());
    }
    for (index, word) in bytes.chunks_exact_mut(8).enumerate() {
        word.copy_from_slice(&tracer.peek_word(tid, Avma(page + index as u64 * 8))?.to_ne_bytes());
    }
    Ok(())
}

fn write_page(
    tracer: &Tracer,
    memory: Option<&Memory>,
    tid: Tid,
    page: u64,
    before: &[u8],
    after: &[u8],
) -> Result<(), OsError> {
    let first = before.iter().zip(after).position(|(a, b)| a != b).unwrap_or(0);
    let last = before.iter().zip(after).rposition(|(a, b)| a != b).unwrap_or(0);
    if memory.is_some_and(|memory| memory.write(Avma(page + first as u64), &after[first..=last]).is_ok()) {
        return Ok(());
    }
    for (index, (old, new)) in before.chunks_exact(8).zip(after.chunks_exact(8)).enumerate() {
        if old != new {
            let mut word = [0; 8];
            word.copy_from_slice(new);
            tracer.poke_word(tid, Avma(page + index as u64 * 8), u64::from_ne_bytes(word))?;
        }
    }
    Ok(())
}

fn poke_byte(tracer: &Tracer, tid: Tid, at: Avma, byte: u8) -> Result<(), OsError> {
    let aligned = Avma(at.0 & !7);
    let mut word = tracer.peek_word(tid, aligned)?.to_ne_bytes();
    word[(at.0 & 7) as usize] = byte;
    tracer.poke_word(tid, aligned, u64::from_ne_bytes(word))
}
