//! Which pages of a mapping are in memory, and which are the process's own copies, changed since they were mapped.

use crate::arch::PAGE;
use crate::{Avma, Tid};
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;

const PRESENT: u64 = 1 << 63;
const SWAPPED: u64 = 1 << 62;

/// The runs of pages between `start` and `end` that are copies of a process's own (`/proc/PID/pagemap`, proc(5));
/// `None` where the kernel does not tell.
pub fn own_pages(tid: Tid, start: Avma, end: Avma) -> Option<Vec<Range<u64>>> {
    pages(tid, start, end, is_own)
}

/// The runs of pages between `start` and `end` that a process has in memory, its own or shared.
pub(crate) fn present_pages(tid: Tid, start: Avma, end: Avma) -> Option<Vec<Range<u64>>> {
    pages(tid, start, end, |entry| entry & (PRESENT | SWAPPED) != 0)
}

fn pages(tid: Tid, start: Avma, end: Avma, is_wanted: fn(u64) -> bool) -> Option<Vec<Range<u64>>> {
    let pages = (end.0 - start.0).div_ceil(PAGE);
    let mut entries = vec![0; usize::try_from(pages * 8).ok()?];
    let pagemap = File::open(format!("/proc/{tid}/pagemap")).ok()?;
    pagemap.read_exact_at(&mut entries, start.0 / PAGE * 8).ok()?;
    Some(runs(start.0, &entries, is_wanted))
}

fn runs(start: u64, entries: &[u8], is_wanted: fn(u64) -> bool) -> Vec<Range<u64>> {
    let mut runs: Vec<Range<u64>> = Vec::new();
    for (page, entry) in (0..).zip(entries.as_chunks::<8>().0) {
        if !is_wanted(u64::from_ne_bytes(*entry)) {
            continue;
        }
        let at = start + page * PAGE;
        match runs.last_mut() {
            Some(run) if run.end == at => run.end += PAGE,
            Some(_) | None => runs.push(at..at + PAGE),
        }
    }
    runs
}

/// Present and not a page of the file, or in swap, where pages of files never are.
fn is_own(entry: u64) -> bool {
    const OF_FILE: u64 = 1 << 61;
    entry & SWAPPED != 0 || (entry & PRESENT != 0 && entry & OF_FILE == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_runs_of_own_pages() {
        let entries: Vec<u8> = [1u64 << 63, 1 << 62, 0, 1 << 63 | 1 << 61, 1 << 63]
            .iter()
            .flat_map(|entry: &u64| entry.to_ne_bytes())
            .collect();
        assert_eq!(runs(0x1000, &entries, is_own), [0x1000..0x3000, 0x5000..0x6000]);
    }

    #[test]
    fn text_that_nobody_changed_is_the_files() {
        let me = Tid(std::process::id() as i32);
        let at = Avma(finds_runs_of_own_pages as fn() as usize as u64 & !(PAGE - 1));
        assert_eq!(own_pages(me, at, Avma(at.0 + PAGE)), Some(Vec::new()));
    }
}
