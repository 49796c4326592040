//! Taking breakpoints out of a process whose plans are gone: what belongs there was left by the supervisor, or else the
//! mapped files tell.
//!
//! Invariant: a byte is only changed where memory holds a breakpoint and another byte is known to belong there. Of a
//! program that handles SIGTRAP a breakpoint whose instruction goes on differently than in the file is its own and stays.

use platform::arch;
use platform::procfs::{self, Disposition};
use platform::{
    Avma, Difference, Expected, GuardTable, Memory, Original, Originals, OsError, PAGE, Pid, Signal, TextMapping,
};
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
    let own = match procfs::signal_state(pid.leader()).is_ok_and(handles) {
        true => OwnBreakpoints::Possible,
        false => OwnBreakpoints::None,
    };
    let mut restored = Vec::new();
    for mapping in platform::mapped(pid.leader())?.text {
        restore_mapping(pid, &memory, &mapping, originals, own, &mut restored);
    }
    Ok(restored)
}

/// Whether a program has a handler for breakpoints, and so may have written some itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum OwnBreakpoints {
    Possible,
    None,
}

fn restore_mapping(
    pid: Pid,
    memory: &Memory,
    mapping: &TextMapping,
    originals: &[Original],
    own: OwnBreakpoints,
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
    let compared = match own {
        OwnBreakpoints::Possible => platform::open_mapped(pid.leader(), mapping).ok(),
        OwnBreakpoints::None => None,
    };
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
    platform::differences(&now, offset_of(mapping, at.start), Expected::Replaced(&[original])).count()
}

/// Where in its file a mapping has what is at an address.
fn offset_of(mapping: &TextMapping, at: u64) -> u64 {
    mapping.offset + (at - mapping.start.0)
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
    let offset = offset_of(mapping, at.start);
    let file = match belongs {
        Belongs::Left(_) => Vec::new(),
        Belongs::File(file) => read_file(file, offset, now.len()),
    };
    let expected = match belongs {
        Belongs::Left(original) => Expected::Replaced(std::slice::from_ref(original)),
        Belongs::File(_) => Expected::File(&file),
    };
    let compared = compared.map(|file| read_file(file, offset, now.len()));
    let is_own = |index: usize| {
        let both = compared.as_ref().and_then(|there| Some((now.get(index..)?, there.get(index..)?)));
        both.is_some_and(|(here, there)| arch::is_rewritten(here, there))
    };
    let is_ours = |found: &Difference| found.is_breakpoint() && !is_own(found.index);
    let ours: Vec<Difference> = platform::differences(&now, offset, expected).filter(is_ours).collect();
    for page in ours.chunk_by(|a, b| a.index as u64 / PAGE == b.index as u64 / PAGE) {
        page.iter().for_each(|found| now[found.index] = found.expected);
        let (first, last) = (page[0].index, page[page.len() - 1].index);
        if memory.write(Avma(at.start + first as u64), &now[first..=last]).is_ok() {
            restored.extend(page.iter().map(|found| Avma(at.start + found.index as u64)));
        }
    }
}

/// What the file has there; as much as it has.
fn read_file(file: &File, offset: u64, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    let got = platform::read_up_to(file, &mut bytes, offset).unwrap_or(0);
    bytes.truncate(got);
    bytes
}
