//! Where hits are marked: sections of the run's marks, one per process, context and image, made at the first hit.
//!
//! Invariant: a section is in the journal before its first bit is set, so no mark is ever without a meaning.

use crate::link::{ContextId, ImageId, ProcessNo, Record};
use crate::supervisor::decide::action::Mark;
use platform::{CHUNK, Marks, OsError};
use std::collections::{BTreeMap, HashMap};
use std::fs::File;

/// A section's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct SectionPlace {
    in_memory: bool,
    base: u64,
    len: u64,
}

/// One growing file of marks and what of it is free.
#[derive(Debug)]
struct Arena {
    marks: Marks,
    next: u64,
    free: BTreeMap<u64, Vec<u64>>,
}

impl Arena {
    fn new(file: File) -> Self {
        Arena { marks: Marks::new(file), next: 0, free: BTreeMap::new() }
    }

    /// Takes `len` clear bytes.
    fn take(&mut self, len: u64) -> Result<u64, OsError> {
        if let Some(base) = self.free.get_mut(&len).and_then(Vec::pop) {
            self.marks.clear(base, len);
            return Ok(base);
        }
        while self.next + len > self.marks.len() {
            self.marks.grow()?;
        }
        let base = self.next;
        self.next += len;
        Ok(base)
    }
}

/// All sections of a run.
#[derive(Debug)]
pub(crate) struct MarkSections {
    disk: Arena,
    memory: Option<Arena>,
    processes: HashMap<ProcessNo, OfProcess>,
}

/// The sections of a process.
#[derive(Debug, Default)]
struct OfProcess {
    /// The context that it is in.
    context: ContextId,
    places: BTreeMap<ImageId, SectionPlace>,
    /// Those of contexts that it was in.
    former: Vec<SectionPlace>,
}

/// A section that was opened for a hit, which is to be set once the journal tells of it.
#[derive(Debug)]
pub(crate) struct Opened {
    /// For the journal.
    pub section: Record,
    /// The disk took no more: marks go to this memory file from here on.
    pub moved_to: Option<File>,
}

impl MarkSections {
    pub fn new(marks: File) -> Self {
        MarkSections { disk: Arena::new(marks), memory: None, processes: HashMap::new() }
    }

    /// Marks a hit, or opens the section for it. The error is why the hit is lost.
    pub fn mark(&mut self, mark: Mark) -> Result<Option<Opened>, OsError> {
        if self.set(mark) { Ok(None) } else { self.open(mark).map(Some) }
    }

    /// Marks a hit; false if it has no section yet.
    pub fn set(&self, mark: Mark) -> bool {
        let Some(place) = self.processes.get(&mark.process).and_then(|process| process.places.get(&mark.image)) else {
            return false;
        };
        let arena = if place.in_memory { self.memory.as_ref() } else { Some(&self.disk) };
        if let Some(arena) = arena {
            (mark.first..=mark.probe).for_each(|probe| arena.marks.set(place.base, probe));
        }
        true
    }

    fn open(&mut self, mark: Mark) -> Result<Opened, OsError> {
        let len = u64::from(mark.probes).div_ceil(8).next_multiple_of(8).min(CHUNK << 8);
        let (place, moved_to) = self.take(len)?;
        let process = self.processes.entry(mark.process).or_default();
        process.places.insert(mark.image, place);
        let section = Record::Section {
            process: mark.process,
            image: mark.image,
            context: process.context,
            in_memory: place.in_memory,
            base: place.base,
            bits: mark.probes,
            exact: mark.exact,
        };
        Ok(Opened { section, moved_to })
    }

    fn take(&mut self, len: u64) -> Result<(SectionPlace, Option<File>), OsError> {
        let mut moved_to = None;
        if self.memory.is_none() {
            match self.disk.take(len) {
                Ok(base) => return Ok((SectionPlace { in_memory: false, base, len }, None)),
                Err(_full) => {
                    let file = platform::memory_file()?;
                    moved_to = Some(file.try_clone().map_err(|e| OsError::io("duplicate", "memory file", &e))?);
                    self.memory = Some(Arena::new(file));
                }
            }
        }
        let arena = self.memory.as_mut().expect("invariant: made above");
        Ok((SectionPlace { in_memory: true, base: arena.take(len)?, len }, moved_to))
    }

    /// What a process hits from here on is in a context.
    pub fn enter(&mut self, process: ProcessNo, context: ContextId) {
        let process = self.processes.entry(process).or_default();
        if process.context != context {
            process.context = context;
            process.former.extend(std::mem::take(&mut process.places).into_values());
        }
    }

    /// A process's hits are in its file: its sections may be used again.
    pub fn free(&mut self, process: ProcessNo) {
        let OfProcess { places, former, .. } = self.processes.remove(&process).unwrap_or_default();
        for place in places.into_values().chain(former) {
            let arena = if place.in_memory { self.memory.as_mut() } else { Some(&mut self.disk) };
            if let Some(arena) = arena {
                arena.free.entry(place.len).or_default().push(place.base);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(process: u32, probe: u32) -> Mark {
        Mark { process: ProcessNo(process), image: ImageId(0), first: probe, probe, probes: 100, exact: false }
    }

    /// Marks and takes the journal's part as done.
    fn marked(sections: &mut MarkSections, mark: Mark) -> Option<File> {
        let opened = sections.mark(mark).expect("marks");
        assert!(sections.set(mark));
        opened.and_then(|opened| opened.moved_to)
    }

    #[test]
    fn freed_sections_are_used_again_and_clear() {
        let mut sections = MarkSections::new(platform::memory_file().expect("memfd"));
        assert!(marked(&mut sections, mark(1, 99)).is_none());
        assert!(marked(&mut sections, mark(2, 0)).is_none());
        assert_eq!(sections.disk.marks.read(0, 32), [vec![0; 12], vec![8], vec![0; 3], vec![1], vec![0; 15]].concat());
        sections.free(ProcessNo(1));
        assert!(marked(&mut sections, mark(3, 1)).is_none());
        assert_eq!(sections.processes[&ProcessNo(3)].places[&ImageId(0)].base, 0);
        assert_eq!(sections.disk.marks.read(0, 16), [vec![2], vec![0; 15]].concat());
    }

    #[test]
    fn a_section_is_told_of_before_its_first_bit() {
        let mut sections = MarkSections::new(platform::memory_file().expect("memfd"));
        let opened = sections.mark(mark(1, 0)).expect("marks").expect("opens");
        assert!(matches!(opened.section, Record::Section { base: 0, bits: 100, .. }));
        assert_eq!(sections.disk.marks.read(0, 1), [0]);
        assert!(sections.mark(mark(1, 0)).expect("marks").is_none());
        assert_eq!(sections.disk.marks.read(0, 1), [1]);
    }

    #[test]
    fn another_context_has_a_section_of_its_own_and_all_are_freed() {
        let mut sections = MarkSections::new(platform::memory_file().expect("memfd"));
        assert!(marked(&mut sections, mark(1, 0)).is_none());
        sections.enter(ProcessNo(1), ContextId(0));
        assert!(sections.set(mark(1, 1)), "it was in that context before");
        sections.enter(ProcessNo(1), ContextId(7));
        let opened = sections.mark(mark(1, 2)).expect("marks").expect("opens");
        assert!(matches!(opened.section, Record::Section { base: 16, context: ContextId(7), .. }));
        assert!(sections.set(mark(1, 2)));
        assert_eq!(sections.disk.marks.read(0, 17), [vec![3], vec![0; 15], vec![4]].concat());
        sections.free(ProcessNo(1));
        assert_eq!(sections.disk.free[&16].len(), 2);
    }

    #[test]
    fn a_full_disk_moves_marks_to_memory_and_loses_none() {
        let dir = tempfile::tempdir().expect("tempdir");
        // A file that cannot be written means a disk that takes no more.
        let path = dir.path().join("marks");
        std::fs::write(&path, "").expect("write");
        let mut sections = MarkSections::new(File::open(&path).expect("open"));
        let mut other = Marks::new(marked(&mut sections, mark(1, 3)).expect("moved"));
        other.follow().expect("follow");
        assert_eq!(other.read(0, 1), [8]);
    }
}
