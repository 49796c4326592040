//! Taking breakpoints out of a process whose plans are gone: what belongs there was left by the supervisor, or else the
//! mapped files tell.
//!
//! Invariant: a byte is only changed where memory holds a breakpoint and another byte is known to belong there. Of a
//! program that handles SIGTRAP a breakpoint whose instruction goes on differently than in the file is its own and stays.

use platform::arch::{self, BREAKPOINT};
use platform::procfs::{self, Disposition};
use platform::{Avma, GuardTable, Memory, Original, Originals, OsError, PAGE, Pid, Signal, TextMapping};
use std::fs::File;
use std::ops::Range;

/// How much is compared at a time.
const CHUNK: u64 = 64 * PAGE;

/// Who knows what belongs into a mapping.
enum Belongs<'a> {
    /// What the supervisor left of its file.
    Left(&'a Original),
    /// The file itself.
    File(File),
}

/// What the supervisor left.
pub(super) fn originals(table: &GuardTable) -> Vec<Original> {
    table.originals().map(Originals::read).unwrap_or_default()
}

/// Takes every breakpoint out of a process's text; gives where they stood. `supervisor` is who has its memory open.
pub(super) fn restore(pid: Pid, supervisor: Pid, originals: &[Original]) -> Result<Vec<Avma>, OsError> {
    let memory = Memory::open(pid.leader()).or_else(|_| Memory::as_open_in(supervisor, pid))?;
    let handles = |state: procfs::SignalState| state.disposition(Signal::TRAP) == Disposition::Handled;
    let may_have_own = procfs::signal_state(pid.leader()).is_ok_and(handles);
    let mut restored = Vec::new();
    for mapping in platform::mapped(pid.leader())?.text {
        restore_mapping(pid, &memory, &mapping, originals, may_have_own, &mut restored);
    }
    Ok(restored)
}

fn restore_mapping(
    pid: Pid,
    memory: &Memory,
    mapping: &TextMapping,
    originals: &[Original],
    may_have_own: bool,
    restored: &mut Vec<Avma>,
) {
    let (start, end) = (mapping.start, mapping.end);
    // A breakpoint is a change, so only changed pages can hold one.
    let pages = platform::own_pages(pid.leader(), start, end);
    let pages = pages.unwrap_or_else(|| std::iter::once(start.0..end.0).collect());
    let chunks = || pages.iter().flat_map(|run| chunks_of(run.clone()));
    let left: Vec<&Original> = originals.iter().filter(|original| original.is_of(mapping)).collect();
    let belongs = match left[..] {
        _ if pages.is_empty() => return,
        [] => match platform::open_mapped(pid.leader(), mapping) {
            Ok(file) => Belongs::File(file),
            Err(_) => return,
        },
        [only] => Belongs::Left(only),
        // The file was written to between two processes' mapping it: the one that explains most was there first.
        [first, ..] => {
            let explains =
                |original: &&&Original| chunks().map(|at| explained(memory, mapping, at, original)).sum::<usize>();
            Belongs::Left(left.iter().max_by_key(explains).unwrap_or(&first))
        }
    };
    let compared = may_have_own.then(|| platform::open_mapped(pid.leader(), mapping).ok()).flatten();
    for at in chunks() {
        restore_chunk(memory, &belongs, compared.as_ref(), mapping, at, restored);
    }
}

fn chunks_of(run: Range<u64>) -> impl Iterator<Item = Range<u64>> {
    let end = run.end;
    run.step_by(CHUNK as usize).map(move |at| at..end.min(at + CHUNK))
}

/// How many breakpoints in a part of a mapping are where `original` has a byte.
fn explained(memory: &Memory, mapping: &TextMapping, at: Range<u64>, original: &Original) -> usize {
    let mut now = vec![0; (at.end - at.start) as usize];
    if memory.read(Avma(at.start), &mut now).is_err() {
        return 0;
    }
    let offsets = mapping.offset + (at.start - mapping.start.0)..;
    offsets.zip(now).filter(|(offset, byte)| *byte == BREAKPOINT && original.at(*offset).is_some()).count()
}

fn restore_chunk(
    memory: &Memory,
    belongs: &Belongs<'_>,
    compared: Option<&File>,
    mapping: &TextMapping,
    at: Range<u64>,
    restored: &mut Vec<Avma>,
) {
    let mut now = vec![0; (at.end - at.start) as usize];
    if memory.read(Avma(at.start), &mut now).is_err() {
        return;
    }
    let offset = mapping.offset + (at.start - mapping.start.0);
    let file = match belongs {
        Belongs::Left(_) => Vec::new(),
        Belongs::File(file) => read_file(file, offset, now.len()),
    };
    let before = compared.map(|file| (now.clone(), read_file(file, offset, now.len())));
    let is_own = |index: usize| {
        let both = before.as_ref().and_then(|(here, there)| Some((here.get(index..)?, there.get(index..)?)));
        both.is_some_and(|(here, there)| arch::is_rewritten(here, there))
    };
    for (page, now) in (0..).zip(now.chunks_mut(PAGE as usize)) {
        let changed = put_back(now, |index| match belongs {
            _ if is_own((page * PAGE) as usize + index) => None,
            Belongs::Left(original) => original.at(offset + page * PAGE + index as u64),
            Belongs::File(_) => file.get((page * PAGE) as usize + index).copied(),
        });
        if let (Some(&first), Some(&last)) = (changed.first(), changed.last()) {
            let start = at.start + page * PAGE;
            if memory.write(Avma(start + first as u64), &now[first..=last]).is_ok() {
                restored.extend(changed.iter().map(|&index| Avma(start + index as u64)));
            }
        }
    }
}

/// Replaces every breakpoint at which another byte belongs; gives where they were.
fn put_back(now: &mut [u8], original: impl Fn(usize) -> Option<u8>) -> Vec<usize> {
    let mut changed = Vec::new();
    for (index, now) in now.iter_mut().enumerate().filter(|(_, now)| **now == BREAKPOINT) {
        if let Some(original) = original(index).filter(|&original| original != BREAKPOINT) {
            *now = original;
            changed.push(index);
        }
    }
    changed
}

/// What the file has there; as much as it has.
fn read_file(file: &File, offset: u64, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    let got = platform::read_up_to(file, &mut bytes, offset).unwrap_or(0);
    bytes.truncate(got);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_file(bytes: &[u8]) -> impl Fn(usize) -> Option<u8> {
        |index| bytes.get(index).copied()
    }

    #[test]
    fn only_breakpoints_that_are_not_the_files_are_taken_out() {
        let mut now = [BREAKPOINT, 1, BREAKPOINT, BREAKPOINT, 7];
        assert_eq!(put_back(&mut now, in_file(&[0x55, 1, BREAKPOINT, 0x90, 8])), [0, 3]);
        assert_eq!(now, [0x55, 1, BREAKPOINT, 0x90, 7]);
    }

    #[test]
    fn what_is_behind_the_end_of_the_file_is_left_alone() {
        let mut now = [BREAKPOINT; 3];
        assert_eq!(put_back(&mut now, in_file(&[1])), [0]);
        assert_eq!(now, [1, BREAKPOINT, BREAKPOINT]);
    }
}
