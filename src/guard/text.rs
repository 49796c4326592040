//! Taking breakpoints out of a process that nobody knows the plans of any more: the files say what belongs there.
//!
//! Invariant: a byte is only changed where memory holds a breakpoint and the file that is mapped there does not.

use platform::arch::BREAKPOINT;
use platform::{Avma, Memory, OsError, PAGE, Pid, TextMapping};
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;

/// How much is compared at a time.
const CHUNK: u64 = 64 * PAGE;

/// Takes every breakpoint out of a process's text; gives where they stood. `supervisor` is who has its memory open.
pub(super) fn restore(pid: Pid, supervisor: Pid) -> Result<Vec<Avma>, OsError> {
    let memory = Memory::open(pid.leader()).or_else(|_| Memory::as_open_in(supervisor, pid))?;
    let mut restored = Vec::new();
    for mapping in platform::mapped(pid.leader())?.text {
        restore_mapping(pid, &memory, &mapping, &mut restored);
    }
    Ok(restored)
}

fn restore_mapping(pid: Pid, memory: &Memory, mapping: &TextMapping, restored: &mut Vec<Avma>) {
    let (start, end) = (mapping.start, mapping.end);
    // A breakpoint is a change, so only changed pages can hold one.
    let pages = platform::own_pages(pid.leader(), start, end);
    let pages = pages.unwrap_or_else(|| std::iter::once(start.0..end.0).collect());
    if pages.is_empty() {
        return;
    }
    let Ok(file) = platform::open_mapped(pid.leader(), mapping) else { return };
    for run in pages {
        for at in (run.start..run.end).step_by(CHUNK as usize) {
            restore_chunk(memory, &file, mapping, at..run.end.min(at + CHUNK), restored);
        }
    }
}

fn restore_chunk(memory: &Memory, file: &File, mapping: &TextMapping, at: Range<u64>, restored: &mut Vec<Avma>) {
    let mut now = vec![0; (at.end - at.start) as usize];
    if memory.read(Avma(at.start), &mut now).is_err() {
        return;
    }
    let original = read_file(file, mapping.offset + (at.start - mapping.start.0), now.len());
    for (page, (now, original)) in (0..).zip(now.chunks_mut(PAGE as usize).zip(original.chunks(PAGE as usize))) {
        let changed = put_back(now, original);
        if let (Some(&first), Some(&last)) = (changed.first(), changed.last()) {
            let start = at.start + page * PAGE;
            if memory.write(Avma(start + first as u64), &now[first..=last]).is_ok() {
                restored.extend(changed.iter().map(|&index| Avma(start + index as u64)));
            }
        }
    }
}

/// Replaces every breakpoint that is not the file's own; gives where they were.
fn put_back(now: &mut [u8], original: &[u8]) -> Vec<usize> {
    let mut changed = Vec::new();
    for (index, (now, &original)) in now.iter_mut().zip(original).enumerate() {
        if *now == BREAKPOINT && original != BREAKPOINT {
            *now = original;
            changed.push(index);
        }
    }
    changed
}

/// What the file has there; as much as it has.
fn read_file(file: &File, offset: u64, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    let mut got = 0;
    while got < len {
        match file.read_at(&mut bytes[got..], offset + got as u64) {
            Ok(0) | Err(_) => break,
            Ok(more) => got += more,
        }
    }
    bytes.truncate(got);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_breakpoints_that_are_not_the_files_are_taken_out() {
        let mut now = [BREAKPOINT, 1, BREAKPOINT, BREAKPOINT, 7];
        assert_eq!(put_back(&mut now, &[0x55, 1, BREAKPOINT, 0x90, 8]), [0, 3]);
        assert_eq!(now, [0x55, 1, BREAKPOINT, 0x90, 7]);
    }

    #[test]
    fn what_is_behind_the_end_of_the_file_is_left_alone() {
        let mut now = [BREAKPOINT; 3];
        assert_eq!(put_back(&mut now, &[1]), [0]);
        assert_eq!(now, [1, BREAKPOINT, BREAKPOINT]);
    }
}
