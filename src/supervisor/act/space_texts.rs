//! The text of every address space: its memory, opened, and how it is read and changed through a stopped thread.
//!
//! Invariant: a text that is being restored is planted no further.

use super::bytes::{self, Beside};
use super::closed;
use super::copied::Copied;
use super::copies::{Around, LeftAlone};
use super::image_files::ImageFiles;
use super::own::{self, Owner};
use super::planting::{Planting, TextAccess};
use super::work::{Piece, WorkQueue};
use crate::link::{ImageId, ProcessNo};
use crate::plan::{FileOffset, LandmarkKind};
use crate::supervisor::decide::action::{Spent, SystemCalls};
use crate::supervisor::decide::ids::{InstanceId, MappedText, OriginalByte, SpaceId};
use crate::supervisor::decide::input::{Input, Remains, Sought};
use crate::supervisor::decide::planted_text::PlantedText;
use crate::supervisor::decide::text_change::{LandmarkChange, TextChange};
use platform::arch::{self, BREAKPOINT};
use platform::{Access, Avma, Errno, Memory, OsError, TextMapping, Tid, Tracer, procfs, remote};
use std::collections::{HashMap, HashSet, VecDeque};
use std::ops::Range;

/// Whether a space's memory is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// It is, or nothing is known to be in the way.
    Open,
    /// It is not, so its breakpoints were taken out for good.
    Closed,
}

/// What is known of the spaces' memory.
#[derive(Debug, Default)]
pub(crate) struct SpaceTexts {
    memories: HashMap<SpaceId, Memory>,
    /// Spaces whose memory is reached by ptrace only, and only while they are dumpable.
    locked: HashSet<SpaceId>,
    /// Spaces whose memory is not reached at all, and in which no breakpoints are.
    closed: HashSet<SpaceId>,
    vdso: HashMap<SpaceId, Range<u64>>,
    /// What was mapped when it was read last.
    mapped: HashMap<SpaceId, Vec<TextMapping>>,
    /// Spaces whose program got a SIGTRAP that it handles. Of that /proc does not tell while a breakpoint of ours has reset
    /// the handler.
    handles_trap: HashSet<SpaceId>,
    /// What is still to be done.
    pub work: WorkQueue,
    /// The measured images' files.
    pub files: ImageFiles,
    copied: Copied,
}

impl SpaceTexts {
    /// The memory of a space.
    pub fn memory(&self, space: SpaceId) -> Option<&Memory> {
        self.memories.get(&space)
    }

    /// Opens the memory of a new space, in which these texts are. A child of a program that made itself undumpable keeps
    /// us out, unless it is dumpable for that moment.
    pub fn open(
        &mut self,
        tracer: &Tracer,
        space: SpaceId,
        tid: Tid,
        copy_of: Option<SpaceId>,
        texts: &[MappedText],
    ) -> Reach {
        if let Some(vdso) = copy_of.and_then(|of| self.vdso.get(&of)).cloned() {
            self.vdso.insert(space, vdso);
        }
        if let Some(of) = copy_of {
            if self.handles_trap.contains(&of) {
                self.handles_trap.insert(space);
            }
            self.files.copied(space, of);
            self.copied.inherit(space, of);
        }
        let error = match Memory::open(tid) {
            Ok(memory) => {
                self.memories.insert(space, memory);
                return Reach::Open;
            }
            Err(error) => error,
        };
        let Some((of, call)) = copy_of.and_then(|of| Some((of, self.find_call(space)?))) else { return Reach::Open };
        if self.closed.contains(&of) {
            self.closed.insert(space);
            return Reach::Closed;
        }
        let original = self.memories.get(&of);
        if matches!(error.errno, Errno::EACCES | Errno::EPERM)
            && procfs::is_confined(tid)
            && closed::restore((tracer, tid), call, original, &self.files, texts).is_ok()
        {
            self.closed.insert(space);
            return Reach::Closed;
        }
        // A filter of system calls may kill the child for that; but the breakpoints that it inherited do, surely.
        match remote::while_dumpable(tracer, tid, call, || Memory::open(tid)) {
            Ok(Ok(memory)) => drop(self.memories.insert(space, memory)),
            Ok(Err(_)) | Err(_) => drop(self.locked.insert(space)),
        }
        Reach::Open
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
        self.closed.remove(&space);
        self.vdso.remove(&space);
        self.mapped.remove(&space);
        self.handles_trap.remove(&space);
        self.work.plant_no_more(space);
        self.files.close(space);
        self.copied.close(space);
    }

    /// Reads what is mapped in a space in which `tid` lives.
    pub fn mappings(&mut self, tid: Tid, space: SpaceId) -> Result<Vec<TextMapping>, OsError> {
        let before = self.mapped.remove(&space).unwrap_or_default();
        let mapped = platform::mapped_since(tid, &before)?;
        self.mapped.insert(space, mapped.text.clone());
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
            |at: Avma, byte: &mut [u8]| self.memory(space).is_some_and(|memory| memory.read(at, byte).is_ok());
        let last = |mapping: &TextMapping| Avma(mapping.end.0 - 1);
        mappings.iter().all(|mapping| readable(mapping.start, &mut byte) && readable(last(mapping), &mut byte))
    }

    /// A place in a space where system calls can be made.
    pub fn find_call(&self, space: SpaceId) -> Option<Avma> {
        self.find_in_vdso(space, &arch::SYSCALL)
    }

    /// A place in a space where a `ret` is.
    pub fn find_return(&self, space: SpaceId) -> Option<Avma> {
        self.find_in_vdso(space, &[arch::RETURN])
    }

    fn find_in_vdso(&self, space: SpaceId, instruction: &[u8]) -> Option<Avma> {
        remote::find_in_vdso(self.memories.get(&space), self.vdso.get(&space)?, instruction)
    }

    /// Brings text to a wanted state at once.
    pub fn change(&mut self, tracer: &Tracer, change: Box<TextChange>, inputs: &mut VecDeque<Input>) {
        if change.landmarks == LandmarkChange::Disarm {
            self.work.plant_no_more(change.space);
        }
        self.files.uses(change.space, change.instance.image, change.tid);
        let (space, tid) = (change.space, change.tid);
        let place = text_access(&self.memories, &self.files, &self.handles_trap, tracer, &change);
        let mut planting = Planting::new(change);
        let mut advance = || while planting.advance(&place) {};
        match tid {
            Some(tid) => self.unlocked(tracer, space, tid, advance),
            None => advance(),
        }
        inputs.extend(planting.outcome());
    }

    /// What is where a breakpoint was met that should be out.
    pub fn remains(
        &self,
        tracer: &Tracer,
        tid: Tid,
        spent: Spent,
        at: Avma,
        handles_trap: impl FnOnce() -> bool,
    ) -> Remains {
        let access = self.access(tracer, spent.space, tid);
        own::remains(&access, self.files.get(spent.image), spent, at, handles_trap)
    }

    /// Whether an instruction at which a breakpoint is goes on differently than in the file of an image.
    pub fn is_rewritten(
        &self,
        tracer: &Tracer,
        space: SpaceId,
        tid: Tid,
        at: Avma,
        image: ImageId,
        offset: FileOffset,
    ) -> bool {
        own::is_rewritten_at(&self.access(tracer, space, tid), self.files.get(image), at, offset)
    }

    /// The program of a space gets a SIGTRAP that it handles.
    pub fn handles_trap(&mut self, space: SpaceId) {
        self.handles_trap.insert(space);
    }

    /// Has text brought to a wanted state by and by.
    pub fn plant(&mut self, change: Box<TextChange>) {
        self.files.uses(change.space, change.instance.image, change.tid);
        self.work.plant(change);
    }

    /// Does a little of the work, or gives what of it is not about text.
    pub fn go_on(&mut self, tracer: &Tracer, inputs: &mut VecDeque<Input>) -> Option<Piece> {
        let (memories, files, handles_trap) = (&self.memories, &self.files, &self.handles_trap);
        let place = |change: &TextChange| text_access(memories, files, handles_trap, tracer, change);
        self.work.go_on(place, inputs)
    }

    /// Which instances of a copied text were copied before their last breakpoint, of which one is at each place.
    pub fn copied_without(&self, space: SpaceId, places: Vec<(InstanceId, Avma)>) -> Vec<InstanceId> {
        let is_there = |at: Avma| {
            let mut byte = [0];
            self.memories.get(&space).is_some_and(|memory| memory.read(at, &mut byte).is_ok()) && byte == [BREAKPOINT]
        };
        places.into_iter().filter(|(_, at)| !is_there(*at)).map(|(id, _)| id).collect()
    }

    /// Restores bytes that tell nothing new, in order of address; gives where no breakpoint was taken out.
    pub fn restore_bytes(
        &self,
        tracer: &Tracer,
        space: SpaceId,
        tid: Tid,
        places: &[OriginalByte],
        beside: Beside,
    ) -> Vec<Avma> {
        if places.is_empty() {
            return Vec::new();
        }
        let memory = self.memories.get(&space);
        self.unlocked(tracer, space, tid, || bytes::restore_bytes(tracer, memory, tid, places, beside))
    }

    /// Restores one byte, if there is a breakpoint; tells whether there was one.
    pub fn restore_byte(
        &self,
        tracer: &Tracer,
        space: SpaceId,
        tid: Tid,
        at: Avma,
        original: u8,
    ) -> Result<bool, OsError> {
        let memory = self.memories.get(&space);
        self.unlocked(tracer, space, tid, || bytes::restore_byte(tracer, memory, tid, at, original))
    }

    /// The same where a breakpoint is for sure, so that nobody needs to look.
    pub fn restore_armed_byte(
        &self,
        tracer: &Tracer,
        space: SpaceId,
        tid: Tid,
        at: Avma,
        original: u8,
    ) -> Result<bool, OsError> {
        if self.memories.get(&space).is_some_and(|memory| memory.write(at, &[original]).is_ok()) {
            return Ok(true);
        }
        self.restore_byte(tracer, space, tid, at, original)
    }

    /// Puts the breakpoint of a landmark back, beside threads that run; what else may be there stays.
    pub fn put_back(&self, space: SpaceId, at: Avma, kind: LandmarkKind) {
        let is_there = |memory: &&Memory| {
            let mut byte = [0];
            memory.read(at, &mut byte).is_ok() && byte == [kind.first_byte()]
        };
        if let Some(memory) = self.memories.get(&space).filter(is_there) {
            // Without it the landmark stays out.
            let _out = memory.write(at, &[BREAKPOINT]);
        }
    }

    /// Finds out about a breakpoint that is at no address of ours, and takes it out if it is a copy of one of ours.
    /// `is_own` tells of one that is there whether it is surely the program's.
    pub fn seek_copy(
        &mut self,
        tracer: &Tracer,
        space: SpaceId,
        tid: Tid,
        at: Avma,
        is_own: impl FnOnce() -> bool,
        sources: &[PlantedText],
    ) -> Sought {
        let call = self.find_call(space);
        let access = Access { tracer, tid, memory: self.memories.get(&space), unlock: None };
        let is_fatal = || own::is_trap_fatal(tid, self.handles_trap.contains(&space));
        let originals = |found: &[Around]| {
            if is_own() {
                vec![None; found.len()]
            } else {
                self.files.originals(found, LeftAlone::of(is_fatal()), sources)
            }
        };
        self.copied.seek(&access, space, at, call, is_fatal, originals)
    }

    /// Takes copies of breakpoints out of all other executable memory of a space, as far as that is cheap. Gives how
    /// many could not be taken out.
    pub fn restore_copies(
        &mut self,
        tracer: &Tracer,
        (space, tid): (SpaceId, Tid),
        sources: &[PlantedText],
        ranges: &[Range<Avma>],
        calls: SystemCalls,
    ) -> usize {
        // One whose calls are filtered is not made to call: that could kill it.
        let call =
            (calls == SystemCalls::Allowed && !procfs::is_confined(tid)).then(|| self.find_call(space)).flatten();
        let access = Access { tracer, tid, memory: self.memories.get(&space), unlock: None };
        let left_alone = LeftAlone::of(own::is_trap_fatal(tid, self.handles_trap.contains(&space)));
        let originals = |found: &[Around]| self.files.originals(found, left_alone, sources);
        self.copied.restore(&access, space, ranges, call, originals)
    }
}

/// What text is changed by.
fn text_access<'a>(
    memories: &'a HashMap<SpaceId, Memory>,
    files: &'a ImageFiles,
    handles_trap: &HashSet<SpaceId>,
    tracer: &'a Tracer,
    change: &TextChange,
) -> TextAccess<'a> {
    let copied_from = change.copied_from.map(|space| memories.get(&space));
    TextAccess {
        tracer,
        memory: memories.get(&change.space),
        file: files.get(change.instance.image),
        owner: Owner::new(change.user, copied_from, handles_trap.contains(&change.space)),
    }
}
