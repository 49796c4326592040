//! The text of every address space: its memory, opened; and the work that is still to be done, a little at a time so that
//! no report waits long for it: planting, and looking at threads.
//!
//! Invariant: a text that is being restored is planted no further.

use super::copies::{self, Around, Source};
use super::image_files::ImageFiles;
use super::input::{Input, Sought};
use super::space::{InstanceId, SpaceId, Sync};
use super::text::{self, Beside, Place, Planting};
use crate::link::ProcessNo;
use platform::arch::{self, BREAKPOINT};
use platform::procfs::Disposition;
use platform::{Access, Avma, Memory, OsError, PAGE, Signal, TextMapping, Tid, Tracer, procfs, remote};
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::ops::Range;

/// How many of the programs' own breakpoints are remembered.
const REMEMBERED: usize = 4096;

/// Something that takes long.
#[derive(Debug)]
enum Work {
    /// Finding out what threads are doing.
    Look(Vec<Tid>),
    /// Learning how threads of a process treat signals.
    Meet(ProcessNo, Vec<Tid>),
    /// Bringing text to a wanted state.
    Plant(Planting),
}

/// A piece of work to do now that is not about text.
#[derive(Debug)]
pub(super) enum Piece {
    Look(Vec<Tid>),
    Meet(ProcessNo, Vec<Tid>),
}

/// How many threads are looked at before it is heard whether somebody reports.
const THREADS_AT_ONCE: usize = 16;

/// What is known of the spaces' memory.
#[derive(Debug, Default)]
pub(super) struct Texts {
    memories: HashMap<SpaceId, Memory>,
    /// Spaces whose memory is reached by ptrace only, and only while they are dumpable.
    locked: HashSet<SpaceId>,
    vdso: HashMap<SpaceId, Range<u64>>,
    work: VecDeque<Work>,
    planted: u64,
    /// The measured images' files.
    pub files: ImageFiles,
    /// Where copies of breakpoints were taken out.
    copies: HashMap<SpaceId, BTreeSet<u64>>,
    /// What was around breakpoints that are the program's own: it may meet them often.
    foreign: HashMap<(SpaceId, u64), Around>,
}

impl Texts {
    /// The memory of a space.
    pub fn memory(&self, space: SpaceId) -> Option<&Memory> {
        self.memories.get(&space)
    }

    /// Opens the memory of a new space. A child of a program that made itself undumpable keeps us out, unless it is
    /// dumpable for that moment.
    pub fn open(&mut self, tracer: &Tracer, space: SpaceId, tid: Tid, copy_of: Option<SpaceId>) {
        if let Some(vdso) = copy_of.and_then(|of| self.vdso.get(&of)).cloned() {
            self.vdso.insert(space, vdso);
        }
        if let Some(of) = copy_of {
            self.files.copied(space, of);
            let copies = self.copies.get(&of).cloned();
            self.copies.extend(copies.map(|copies| (space, copies)));
        }
        let call = || copy_of.and_then(|_| self.find_call(space));
        // A filter of system calls may kill the child for that; but the breakpoints that it inherited do, surely.
        let memory = Memory::open(tid).or_else(|error| {
            let call = call().ok_or(error)?;
            remote::while_dumpable(tracer, tid, call, || Memory::open(tid))?
        });
        match memory {
            Ok(memory) => drop(self.memories.insert(space, memory)),
            Err(_) if call().is_some() => drop(self.locked.insert(space)),
            Err(_) => {}
        }
    }

    /// The memory of a stopped thread in a space.
    pub fn access<'a>(&'a self, tracer: &'a Tracer, space: SpaceId, tid: Tid) -> Access<'a> {
        let unlock = self.locked.contains(&space).then(|| self.find_call(space)).flatten();
        Access { tracer, tid, memory: self.memories.get(&space), unlock }
    }

    /// Has text of a space changed through a stopped thread, whose memory ptrace reaches meanwhile.
    fn unlocked<T>(&self, tracer: &Tracer, space: SpaceId, tid: Tid, mut act: impl FnMut() -> T) -> T {
        let unlock = self.access(tracer, space, tid).unlock;
        let done = unlock.and_then(|call| remote::while_dumpable(tracer, tid, call, &mut act).ok());
        done.unwrap_or_else(act)
    }

    /// Forgets a space.
    pub fn close(&mut self, space: SpaceId) {
        self.memories.remove(&space);
        self.locked.remove(&space);
        self.vdso.remove(&space);
        self.plant_no_more(space);
        self.files.close(space);
        self.copies.remove(&space);
        self.foreign.retain(|(of, _), _| *of != space);
    }

    fn plant_no_more(&mut self, space: SpaceId) {
        self.work.retain(|work| !matches!(work, Work::Plant(planting) if planting.sync().space == space));
    }

    /// Reads what is mapped in a space in which `tid` lives.
    pub fn mappings(&mut self, tid: Tid, space: SpaceId) -> Result<Vec<TextMapping>, OsError> {
        let mapped = platform::mapped(tid)?;
        if let Some(vdso) = mapped.vdso {
            self.vdso.insert(space, vdso);
        }
        Ok(mapped.text.into_iter().chain(mapped.dormant).collect())
    }

    /// The same through whichever of `threads` has not ended.
    pub fn mappings_live(&mut self, process: ProcessNo, space: SpaceId, threads: &[Tid]) -> Option<Input> {
        let read = |&tid: &Tid| Some((tid, self.mappings(tid, space).ok()?));
        let (tid, mappings) = threads.iter().find_map(read)?;
        self.holds(space, &mappings).then_some(Input::MappedLive { process, tid, mappings })
    }

    /// Whether a space's memory is what is mapped like this: after an exec that we have not heard of it is not.
    fn holds(&self, space: SpaceId, mappings: &[TextMapping]) -> bool {
        let mut byte = [0];
        let readable =
            |at: u64, byte: &mut [u8]| self.memory(space).is_some_and(|memory| memory.read(Avma(at), byte).is_ok());
        mappings.iter().all(|mapping| readable(mapping.start.0, &mut byte) && readable(mapping.end.0 - 1, &mut byte))
    }

    /// A place in a space where system calls can be made.
    pub fn find_call(&self, space: SpaceId) -> Option<Avma> {
        self.find_in_vdso(space, &arch::registers::SYSCALL)
    }

    /// A place in a space where a `ret` stands.
    pub fn find_return(&self, space: SpaceId) -> Option<Avma> {
        self.find_in_vdso(space, &[arch::RETURN])
    }

    fn find_in_vdso(&self, space: SpaceId, instruction: &[u8]) -> Option<Avma> {
        remote::find_in_vdso(self.memories.get(&space), self.vdso.get(&space)?, instruction)
    }

    /// Brings text to a wanted state at once.
    pub fn sync(&mut self, tracer: &Tracer, sync: Box<Sync>, inputs: &mut VecDeque<Input>) {
        if sync.landmarks == Some(false) {
            self.plant_no_more(sync.space);
        }
        self.files.uses(sync.space, sync.instance.image, sync.tid);
        let (space, tid) = (sync.space, sync.tid);
        let place = self.place(tracer, &sync);
        let mut planting = Planting::new(sync);
        let mut advance = || while planting.advance(&place) {};
        match tid {
            Some(tid) => self.unlocked(tracer, space, tid, advance),
            None => advance(),
        }
        inputs.extend(outcome(planting));
    }

    fn place<'a>(&'a self, tracer: &'a Tracer, sync: &Sync) -> Place<'a> {
        Place { tracer, memory: self.memories.get(&sync.space), file: self.files.get(sync.instance.image) }
    }

    /// Has text brought to a wanted state by and by.
    pub fn plant(&mut self, sync: Box<Sync>) {
        self.files.uses(sync.space, sync.instance.image, sync.tid);
        self.work.push_back(Work::Plant(Planting::new(sync)));
    }

    /// Has it found out by and by what a thread is doing, after all that is to be done before.
    pub fn look_later(&mut self, tid: Tid) {
        match self.work.back_mut() {
            Some(Work::Look(tids)) => tids.push(tid),
            Some(Work::Meet(..) | Work::Plant(_)) | None => self.work.push_back(Work::Look(vec![tid])),
        }
    }

    /// The same for how the threads of a process treat signals.
    pub fn meet_later(&mut self, process: ProcessNo, threads: Vec<Tid>) {
        self.work.push_back(Work::Meet(process, threads));
    }

    /// Does a little of the work, or gives what of it is not about text.
    pub fn go_on(&mut self, tracer: &Tracer, inputs: &mut VecDeque<Input>) -> Option<Piece> {
        let some = |tids: &mut Vec<Tid>| tids.split_off(tids.len().saturating_sub(THREADS_AT_ONCE));
        let mut work = self.work.pop_front()?;
        let (piece, is_done) = match &mut work {
            Work::Look(tids) => (Some(Piece::Look(some(tids))), tids.is_empty()),
            Work::Meet(process, tids) => (Some(Piece::Meet(*process, some(tids))), tids.is_empty()),
            Work::Plant(planting) => (None, !planting.advance(&self.place(tracer, planting.sync()))),
        };
        match work {
            work if !is_done => self.work.push_front(work),
            Work::Plant(done) => {
                self.planted += done.planted;
                inputs.extend(outcome(done));
            }
            Work::Look(_) | Work::Meet(..) => {}
        }
        piece
    }

    /// Whether there is work to do.
    pub fn has_work(&self) -> bool {
        !self.work.is_empty()
    }

    /// How many breakpoints were planted by and by.
    pub fn planted(&self) -> u64 {
        self.planted
    }

    /// Which instances of a copied text were copied before their last breakpoint, of which one stands at each place.
    pub fn copied_without(&self, space: SpaceId, places: Vec<(InstanceId, Avma)>) -> Vec<InstanceId> {
        let stands = |at: Avma| {
            let mut byte = [0];
            self.memories.get(&space).is_some_and(|memory| memory.read(at, &mut byte).is_ok()) && byte == [BREAKPOINT]
        };
        places.into_iter().filter(|(_, at)| !stands(*at)).map(|(id, _)| id).collect()
    }

    /// Restores bytes that tell nothing new, in order of address.
    pub fn restore_bytes(&self, tracer: &Tracer, space: SpaceId, tid: Tid, places: &[(Avma, u8)], beside: Beside) {
        if !places.is_empty() {
            let memory = self.memories.get(&space);
            self.unlocked(tracer, space, tid, || text::restore_bytes(tracer, memory, tid, places, beside));
        }
    }

    /// Restores one byte; if the breakpoint `is_there` for sure, without looking.
    pub fn restore_byte(
        &self,
        tracer: &Tracer,
        space: SpaceId,
        tid: Tid,
        at: Avma,
        original: u8,
        is_there: bool,
    ) -> Result<(), OsError> {
        let memory = self.memories.get(&space);
        if is_there && memory.is_some_and(|memory| memory.write(at, &[original]).is_ok()) {
            return Ok(());
        }
        self.unlocked(tracer, space, tid, || text::restore_byte(tracer, memory, tid, at, original))
    }

    /// Finds out about a breakpoint that is at no address of ours, and takes it out if it is a copy of one of ours.
    pub fn seek_copy(&mut self, tracer: &Tracer, space: SpaceId, tid: Tid, at: Avma, sources: &[Source]) -> Sought {
        let Some(memory) = self.memories.get(&space) else { return Sought::Foreign };
        let Some(around) = around(memory, at) else { return Sought::Foreign };
        let copies = self.copies.entry(space).or_default();
        if !around.is_breakpoint() {
            // One that we took out, unless the program took out its own.
            return if copies.contains(&at.0) { Sought::Ours } else { Sought::Foreign };
        }
        if self.foreign.get(&(space, at.0)) == Some(&around) {
            return Sought::Foreign;
        }
        if let Some(original) = self.files.originals(&[around], sources)[0]
            && text::restore_byte(tracer, Some(memory), tid, at, original).is_ok()
        {
            copies.insert(at.0);
            return Sought::Ours;
        }
        if is_without_file_and_handler(tid, at) {
            return Sought::Unknown;
        }
        if self.foreign.len() < REMEMBERED {
            self.foreign.insert((space, at.0), around);
        }
        Sought::Foreign
    }

    /// Takes copies of breakpoints out of all other executable memory of a space, as far as that is cheap.
    pub fn restore_copies(&mut self, space: SpaceId, tid: Tid, sources: &[Source], ranges: &[Range<u64>]) {
        /// More breakpoints than these are a program's own.
        const AT_MOST: usize = 4096;
        let Some(memory) = self.memories.get(&space) else { return };
        let Ok(executable) = platform::executable_memory(tid) else { return };
        let planted = |range: &Range<u64>| ranges.iter().any(|own| own.start < range.end && range.start < own.end);
        let mut found = Vec::new();
        for run in executable.iter().filter(|range| !planted(range)).flat_map(|range| present(tid, range)) {
            let mut bytes = vec![0; (run.end - run.start) as usize];
            if memory.read(Avma(run.start), &mut bytes).is_ok() {
                let around = |at| Around::take(&bytes, run.start, at);
                found.extend(copies::breakpoints(&bytes, run.start).into_iter().map(around));
            }
        }
        if found.len() > AT_MOST {
            return;
        }
        let originals = self.files.originals(&found, sources);
        let copies = self.copies.entry(space).or_default();
        for (around, original) in found.iter().zip(originals) {
            if let Some(original) = original
                && memory.write(Avma(around.at()), &[original]).is_ok()
            {
                copies.insert(around.at());
            }
        }
    }
}

/// Whether SIGTRAP for a breakpoint there ends the program, and no file of it has that breakpoint.
fn is_without_file_and_handler(tid: Tid, at: Avma) -> bool {
    let is_there = |mapping: &TextMapping| mapping.start <= at && at < mapping.end;
    let of_file = platform::mapped(tid).is_ok_and(|mapped| mapped.text.iter().any(is_there));
    let is_default = |state: procfs::SignalState| state.disposition(Signal::TRAP) == Disposition::Default;
    !of_file && procfs::signal_state(tid).is_ok_and(is_default)
}

/// The memory around an address, or as much of it as is in its page.
fn around(memory: &Memory, at: Avma) -> Option<Around> {
    let (start, len) = Around::extent(at.0);
    let mut bytes = vec![0; len];
    if memory.read(Avma(start), &mut bytes).is_ok() {
        return Some(Around::take(&bytes, start, at.0));
    }
    let (page, next) = (at.0 & !(PAGE - 1), (at.0 | (PAGE - 1)) + 1);
    let (start, end) = (start.max(page), next.min(start + len as u64));
    bytes.truncate((end - start) as usize);
    memory.read(Avma(start), &mut bytes).ok().map(|()| Around::take(&bytes, start, at.0))
}

/// What of a mapping is in memory and the process's own, in pieces; nothing of one that is too large to be looked at.
fn present(tid: Tid, range: &Range<u64>) -> Vec<Range<u64>> {
    const LARGEST: u64 = 64 << 20;
    let small = range.end - range.start <= LARGEST;
    let pages = platform::own_pages(tid, Avma(range.start), Avma(range.end));
    pages.unwrap_or_else(|| if small { std::iter::once(range.clone()).collect() } else { Vec::new() })
}

fn outcome(done: Planting) -> Option<Input> {
    let (space, instance) = (done.sync().space, done.sync().instance);
    if !done.refused.is_empty() {
        Some(Input::Refused { space, instance, probes: done.refused })
    } else if done.left && done.sync().tid.is_none() {
        Some(Input::Unrestored { space })
    } else {
        None
    }
}
