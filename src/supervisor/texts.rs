//! The text of every address space: its memory, opened, and the planting that is still to be done in it.
//!
//! Invariant: a text that is being restored is planted no further.

use super::input::Input;
use super::space::{InstanceId, SpaceId, Sync};
use super::text::{self, Planting};
use crate::link::ProcessNo;
use platform::arch::BREAKPOINT;
use platform::{Avma, Memory, OsError, TextMapping, Tid, Tracer, procfs, remote};
use std::collections::{HashMap, VecDeque};
use std::ops::Range;

/// What is known of the spaces' memory.
#[derive(Debug, Default)]
pub(super) struct Texts {
    memories: HashMap<SpaceId, Memory>,
    vdso: HashMap<SpaceId, Range<u64>>,
    to_plant: VecDeque<Planting>,
    planted: u64,
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
        let refused = |error: OsError| {
            let call = copy_of.and_then(|of| self.find_call(of)).filter(|_| !procfs::is_confined(tid));
            call.map_or(Err(error), |call| remote::open_undumpable(tracer, tid, call))
        };
        if let Ok(memory) = Memory::open(tid).or_else(refused) {
            self.memories.insert(space, memory);
        }
    }

    /// Forgets a space.
    pub fn close(&mut self, space: SpaceId) {
        self.memories.remove(&space);
        self.vdso.remove(&space);
        self.to_plant.retain(|planting| planting.sync().space != space);
    }

    /// Reads what is mapped in a space in which `tid` lives.
    pub fn mappings(&mut self, tid: Tid, space: SpaceId) -> Result<Vec<TextMapping>, OsError> {
        let mapped = platform::mapped(tid)?;
        if let Some(vdso) = mapped.vdso {
            self.vdso.insert(space, vdso);
        }
        Ok(mapped.text)
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
        remote::find_syscall(self.memories.get(&space)?, self.vdso.get(&space)?)
    }

    /// Brings text to a wanted state at once.
    pub fn sync(&mut self, tracer: &Tracer, sync: Box<Sync>, inputs: &mut VecDeque<Input>) {
        if sync.landmarks == Some(false) {
            self.to_plant.retain(|planting| planting.sync().space != sync.space);
        }
        let memory = self.memories.get(&sync.space);
        let mut planting = Planting::new(sync);
        while planting.advance(tracer, memory) {}
        inputs.extend(outcome(planting));
    }

    /// Has text brought to a wanted state by and by.
    pub fn plant(&mut self, sync: Box<Sync>) {
        self.to_plant.push_back(Planting::new(sync));
    }

    /// Does a page of what is to be planted; false when nothing is left.
    pub fn plant_a_page(&mut self, tracer: &Tracer, inputs: &mut VecDeque<Input>) -> bool {
        let Some(planting) = self.to_plant.front_mut() else { return false };
        if !planting.advance(tracer, self.memories.get(&planting.sync().space))
            && let Some(done) = self.to_plant.pop_front()
        {
            self.planted += done.planted;
            inputs.extend(outcome(done));
        }
        true
    }

    /// Whether something is still to be planted.
    pub fn is_planting(&self) -> bool {
        !self.to_plant.is_empty()
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
    pub fn restore_bytes(&self, tracer: &Tracer, space: SpaceId, tid: Tid, places: &[(Avma, u8)]) {
        text::restore_bytes(tracer, self.memories.get(&space), tid, places);
    }

    /// Restores one byte.
    pub fn restore_byte(
        &self,
        tracer: &Tracer,
        space: SpaceId,
        tid: Tid,
        at: Avma,
        original: u8,
    ) -> Result<(), OsError> {
        text::restore_byte(tracer, self.memories.get(&space), tid, at, original)
    }
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
