//! Taking copies of breakpoints out of memory that is not measured, and telling them from the programs' own.
//!
//! Invariant: what is not known to be a copy of a breakpoint of ours is left alone.

use super::bytes;
use super::copies::{self, Around};
use crate::supervisor::decide::ids::SpaceId;
use crate::supervisor::decide::input::Sought;
use platform::{Access, Avma, Memory, OsError, PAGE, SharedMemory, Spot, TextMapping, Tid, procfs};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;

/// How many breakpoints that are left alone are remembered.
const REMEMBERED: usize = 4096;

/// What is known of breakpoints that are at no address of ours.
#[derive(Debug, Default)]
pub(crate) struct Copied {
    /// Where copies were taken out.
    taken: HashMap<SpaceId, BTreeSet<Avma>>,
    /// The same in shared memory, which other address spaces have at other addresses.
    shared: HashSet<Spot>,
    /// What was around breakpoints that are left alone: the program may meet them often.
    foreign: HashMap<(SpaceId, Avma), Around>,
}

impl Copied {
    /// A space is a copy of another.
    pub fn inherit(&mut self, space: SpaceId, of: SpaceId) {
        let taken = self.taken.get(&of).cloned();
        self.taken.extend(taken.map(|taken| (space, taken)));
    }

    /// A space is gone.
    pub fn close(&mut self, space: SpaceId) {
        self.taken.remove(&space);
        self.foreign.retain(|(of, _), _| *of != space);
    }

    /// Finds out about the breakpoint that a thread has executed, and takes it out if it is a copy of one of ours.
    /// `call` is where the thread can be made to make system calls; `is_fatal` tells whether SIGTRAP ends the program, and
    /// `originals` gives the bytes that belong there.
    pub fn seek(
        &mut self,
        access: &Access<'_>,
        space: SpaceId,
        at: Avma,
        call: Option<Avma>,
        is_fatal: impl Fn() -> bool,
        originals: impl FnOnce(&[Around]) -> Vec<Option<u8>>,
    ) -> Sought {
        let Some(around) = access.memory.and_then(|memory| around(memory, at)) else { return Sought::Foreign };
        if !around.is_breakpoint() {
            // One that we took out, unless the program took out its own.
            return if self.was_taken(access.tid, space, at) { Sought::Ours } else { Sought::Foreign };
        }
        if self.foreign.get(&(space, at)) == Some(&around) {
            return Sought::Foreign;
        }
        let is_copy = match originals(&[around])[0] {
            Some(original) => {
                let shared = SharedMemory::of(access.tid).ok();
                let mut take =
                    |call: Option<Avma>| self.take(access, (space, shared.as_ref()), at, original, call).is_ok();
                // A filter of system calls may kill the program for ours; but what it has met does so surely.
                if take(call.filter(|_| !procfs::is_confined(access.tid))) || (is_fatal() && take(call)) {
                    return Sought::Ours;
                }
                true
            }
            None => false,
        };
        if is_copy || !is_fatal() || is_of_file(access.tid, at) {
            // To have the thread make calls makes it meet its SIGTRAP once more.
            if self.foreign.len() < REMEMBERED {
                self.foreign.insert((space, at), around);
            }
            return if is_copy { Sought::Stuck } else { Sought::Foreign };
        }
        Sought::Unknown
    }

    fn was_taken(&self, tid: Tid, space: SpaceId, at: Avma) -> bool {
        let is_shared = || SharedMemory::of(tid).ok()?.spot(at).filter(|spot| self.shared.contains(spot));
        self.taken.get(&space).is_some_and(|taken| taken.contains(&at))
            || (!self.shared.is_empty() && is_shared().is_some())
    }

    fn take(
        &mut self,
        access: &Access<'_>,
        (space, shared): (SpaceId, Option<&SharedMemory>),
        at: Avma,
        original: u8,
        call: Option<Avma>,
    ) -> Result<(), OsError> {
        let spot = shared.and_then(|shared| shared.spot(at));
        bytes::restore_byte(access.tracer, access.memory, access.tid, at, original).map(drop).or_else(|error| {
            match shared {
                Some(shared) if spot.is_some() => shared.write(access, at, original, call),
                Some(_) | None => Err(error),
            }
        })?;
        self.taken.entry(space).or_default().insert(at);
        self.shared.extend(spot);
        Ok(())
    }

    /// Takes copies out of all executable memory of a space, but for what is `measured`, as far as that is cheap; gives
    /// how many could not be taken out.
    pub fn restore(
        &mut self,
        access: &Access<'_>,
        space: SpaceId,
        measured: &[Range<Avma>],
        call: Option<Avma>,
        originals: impl Fn(&[Around]) -> Vec<Option<u8>>,
    ) -> usize {
        /// More breakpoints than these are a program's own.
        const AT_MOST: usize = 4096;
        let Some(memory) = access.memory else { return 0 };
        let mut found = Vec::new();
        for run in executable(access.tid, measured) {
            let mut bytes = vec![0; (run.end - run.start) as usize];
            if memory.read(Avma(run.start), &mut bytes).is_ok() {
                let start = Avma(run.start);
                let around = |distance| Around::take(&bytes, start, Avma(run.start + distance));
                found.extend(copies::breakpoints(&bytes).into_iter().map(around));
            }
        }
        if found.len() > AT_MOST {
            return 0;
        }
        let copies =
            found.iter().zip(originals(&found)).filter_map(|(around, original)| Some((around.at(), original?)));
        let shared = SharedMemory::of(access.tid).ok();
        let take =
            |&(at, original): &(Avma, u8)| self.take(access, (space, shared.as_ref()), at, original, call).is_err();
        copies.filter(take).count()
    }
}

/// Executable memory that is not measured, in pieces.
fn executable(tid: Tid, measured: &[Range<Avma>]) -> Vec<Range<u64>> {
    let is_measured =
        |range: &Range<u64>| measured.iter().any(|own| own.start.0 < range.end && range.start < own.end.0);
    let private = platform::executable_memory(tid).unwrap_or_default();
    let private = private.iter().filter(|range| !is_measured(range)).flat_map(|range| present(tid, range));
    let shared = SharedMemory::of(tid).map(|shared| shared.executable()).unwrap_or_default();
    private.chain(shared).collect()
}

/// Whether a file is mapped there.
fn is_of_file(tid: Tid, at: Avma) -> bool {
    let is_there = |mapping: &TextMapping| mapping.start <= at && at < mapping.end;
    platform::mapped(tid).is_ok_and(|mapped| mapped.text.iter().any(is_there))
}

/// The memory around an address, or as much of it as is in its page.
fn around(memory: &Memory, at: Avma) -> Option<Around> {
    let (start, len) = Around::extent(at);
    let mut bytes = vec![0; len];
    if memory.read(start, &mut bytes).is_ok() {
        return Some(Around::take(&bytes, start, at));
    }
    let (page, next) = (at.0 & !(PAGE - 1), (at.0 | (PAGE - 1)) + 1);
    let (start, end) = (start.0.max(page), next.min(start.0 + len as u64));
    bytes.truncate((end - start) as usize);
    memory.read(Avma(start), &mut bytes).ok().map(|()| Around::take(&bytes, Avma(start), at))
}

/// What of a mapping is in memory and the process's own, in pieces; nothing of one that is too large to be looked at.
fn present(tid: Tid, range: &Range<u64>) -> Vec<Range<u64>> {
    const LARGEST: u64 = 64 << 20;
    let small = range.end - range.start <= LARGEST;
    let pages = platform::own_pages(tid, Avma(range.start), Avma(range.end));
    pages.unwrap_or_else(|| if small { std::iter::once(range.clone()).collect() } else { Vec::new() })
}
