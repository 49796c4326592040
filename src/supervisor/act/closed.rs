//! A forked child whose memory nothing opens for us: its program is not dumpable, its system calls are filtered, and we
//! lack CAP_SYS_PTRACE. To have it be dumpable for a moment could kill it, so it is made to give up the pages that
//! breakpoints were written to, and goes on unmeasured.
//!
//! Invariant: a page that the program itself has changed is kept.

use super::image_files::ImageFiles;
use crate::supervisor::decide::ids::MappedText;
use platform::{Avma, Expected, Memory, OsError, PAGE, Tid, Tracer, remote};
use std::ops::Range;

/// How much is compared at a time.
const PIECE: u64 = 64 * PAGE;

/// Takes every breakpoint out of a child that is stopped and has not run yet; `original` is the memory that it has a copy
/// of, with these texts. `call` is where it can be made to make system calls.
pub(crate) fn restore(
    (tracer, tid): (&Tracer, Tid),
    call: Avma,
    original: Option<&Memory>,
    files: &ImageFiles,
    texts: &[MappedText],
) -> Result<(), OsError> {
    for text in texts {
        for pages in unchanged(original, files, text) {
            remote::drop_pages(tracer, tid, call, &pages)?;
        }
    }
    Ok(())
}

/// Pages in a row that are the file's but for breakpoints; all of them where that cannot be seen.
fn unchanged(original: Option<&Memory>, files: &ImageFiles, text: &MappedText) -> Vec<Range<u64>> {
    let whole = text.range.start.0..text.range.end.0;
    let (Some(memory), Some(file)) = (original, files.get(text.instance.image)) else {
        return std::iter::once(whole).collect();
    };
    let mut runs: Vec<Range<u64>> = Vec::new();
    let (mut here, mut there) = (vec![0; PIECE as usize], vec![0; PIECE as usize]);
    for start in whole.step_by(PIECE as usize) {
        let len = PIECE.min(text.range.end.0 - start) as usize;
        let (here, there) = (&mut here[..len], &mut there[..len]);
        there.fill(0);
        let is_read = memory.read(Avma(start), here).is_ok()
            && platform::read_up_to(file, there, text.instance.bias.offset(Avma(start)).0).is_ok();
        for (at, (here, there)) in (start..).step_by(PAGE as usize).zip(pages(here).zip(pages(there))) {
            let is_changed =
                || platform::differences(here, 0, Expected::File(there)).any(|found| !found.is_breakpoint());
            if is_read && is_changed() {
                continue;
            }
            match runs.last_mut() {
                Some(run) if run.end == at => run.end += PAGE,
                Some(_) | None => runs.push(at..at + PAGE),
            }
        }
    }
    runs
}

fn pages(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.chunks(PAGE as usize)
}
