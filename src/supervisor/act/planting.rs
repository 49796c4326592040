//! Bringing text to a wanted state: breakpoints are planted and taken out page by page.
//!
//! Invariants: a byte is only ever changed between a probe's original and the breakpoint, and only after it was read
//! there; what holds anything else is refused and left alone, and so is what is among bytes that are not the file's,
//! and a breakpoint of the program's own.

use super::bytes::{read_pages, write_pages, write_singly};
use super::own::Owner;
use crate::plan::FileOffset;
use crate::supervisor::decide::input::Input;
use crate::supervisor::decide::text_change::{LandmarkChange, TextChange};
use platform::arch::{self, BREAKPOINT};
use platform::{Avma, Expected, Memory, PAGE, Tracer};
use std::fs::File;

/// A byte to hold in a page: the probe's number (landmarks have none), its place in the page, its original and whether
/// it is to be armed.
#[derive(Clone, Copy)]
struct WantedByte {
    probe: Option<u32>,
    place: usize,
    original: u8,
    armed: bool,
    /// Whether its breakpoint was out before.
    taken_out: bool,
}

/// How many neighbouring pages are read and written at a time: that costs less for each, and no trap waits long for it.
const AT_ONCE: u64 = 4;

/// What text is read and written by, the file that it is of, and what tells whose the breakpoints in it are.
pub(crate) struct TextAccess<'a> {
    pub tracer: &'a Tracer,
    pub memory: Option<&'a Memory>,
    pub file: Option<&'a File>,
    pub owner: Owner<'a>,
}

impl TextAccess<'_> {
    /// What the file has at an offset, with zeroes behind its end, as in memory.
    fn in_file(&self, offset: FileOffset, len: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; len];
        platform::read_up_to(self.file?, &mut bytes, offset.0).ok().map(|_| bytes)
    }
}

/// Whether the bytes around a place are the file's, breakpoints aside, as far as they are here.
fn is_around(bytes: &[u8], file: &[u8], place: usize) -> bool {
    let around = place.saturating_sub(arch::LONGEST)..(place + arch::LONGEST).min(bytes.len());
    platform::differences(&bytes[around.clone()], 0, Expected::File(&file[around])).all(|found| found.is_breakpoint())
}

/// The start of the page that an address is in.
fn page_of(at: Avma) -> Avma {
    Avma(at.0 & !(PAGE - 1))
}

/// Text that is being brought to a wanted state, a page at a time, so that traps can be served in between.
#[derive(Debug)]
pub(crate) struct Planting {
    change: Box<TextChange>,
    next_landmark: usize,
    next_probe: u32,
    /// Probes that could not be planted.
    refused: Vec<u32>,
    /// Where the program had written over breakpoints that were to be taken out.
    overwritten: Vec<Avma>,
    /// How many breakpoints were planted.
    pub planted: u64,
    /// Whether a breakpoint that is to go could not be taken out.
    left: bool,
}

impl Planting {
    /// Begins; nothing is touched yet.
    pub fn new(change: Box<TextChange>) -> Self {
        Planting {
            change,
            next_landmark: 0,
            next_probe: 0,
            refused: Vec::new(),
            overwritten: Vec::new(),
            planted: 0,
            left: false,
        }
    }

    /// Of which text.
    pub fn change(&self) -> &TextChange {
        &self.change
    }

    /// What is to be heard of it, once it is done.
    pub fn outcome(self) -> Vec<Input> {
        let (space, instance) = (self.change.space, self.change.instance);
        let mut inputs = Vec::new();
        if !self.refused.is_empty() {
            inputs.push(Input::Refused { space, instance, probes: self.refused });
        } else if self.left && self.change.tid.is_none() {
            inputs.push(Input::Unrestored { space });
        }
        if !self.overwritten.is_empty() {
            inputs.push(Input::Overwritten { space, places: self.overwritten });
        }
        inputs
    }

    /// Does one landmark or the next few pages with a change; false when nothing is left to do.
    pub fn advance(&mut self, place: &TextAccess<'_>) -> bool {
        if self.change.landmarks != LandmarkChange::Keep
            && let Some(landmark) = self.change.plan.landmarks.get(self.next_landmark).copied()
        {
            self.next_landmark += 1;
            if let Some(at) = self.change.address(landmark.offset) {
                let in_page = (at.0 & (PAGE - 1)) as usize;
                let (original, armed) = (landmark.original, self.change.landmarks == LandmarkChange::Arm);
                let wanted = WantedByte { probe: None, place: in_page, original, armed, taken_out: false };
                self.pages(place, page_of(at), &[wanted]);
            }
            return true;
        }
        let Some(probe) = self.change.change.first_from(self.next_probe) else { return false };
        self.next_probe = probe + 1;
        if let Some((offset, at)) = self.place_of(probe) {
            let first = page_of(at);
            let mut wanted = self.wanted_beside(offset, at);
            for distance in (1..AT_ONCE).map(|page| page * PAGE) {
                let next = self.change.change.first_from(self.next_probe).and_then(|probe| self.place_of(probe));
                let Some((offset, at)) = next.filter(|(_, at)| page_of(*at).0 == first.0 + distance) else { break };
                let beside = self.wanted_beside(offset, at).into_iter();
                wanted.extend(beside.map(|wanted| WantedByte { place: wanted.place + distance as usize, ..wanted }));
            }
            self.pages(place, first, &wanted);
        }
        true
    }

    /// The offset of a probe and where it is in memory, if it is mapped.
    fn place_of(&self, probe: u32) -> Option<(FileOffset, Avma)> {
        let offset = *self.change.plan.offsets.get(probe as usize)?;
        Some((offset, self.change.address(offset)?))
    }

    /// Everything that is known of the page of the probe at `offset`, which is `at` in memory.
    fn wanted_beside(&mut self, offset: FileOffset, at: Avma) -> Vec<WantedByte> {
        let change = &self.change;
        let in_page = at.0 & (PAGE - 1);
        let (first, last) = (offset.saturating_sub(in_page), offset.saturating_add(PAGE - 1 - in_page));
        let begin = change.plan.offsets.partition_point(|&offset| offset < first);
        let end = change.plan.offsets.partition_point(|&offset| offset <= last);
        self.next_probe = end as u32;
        let known = |probe: u32| change.change.get(probe) || change.armed.get(probe);
        (begin..end)
            .filter(|&index| known(index as u32) && change.address(change.plan.offsets[index]).is_some())
            .map(|index| WantedByte {
                probe: Some(index as u32),
                place: (change.instance.bias.address(change.plan.offsets[index]).0 & (PAGE - 1)) as usize,
                original: change.plan.originals[index],
                armed: change.armed.get(index as u32),
                taken_out: change.taken_out.get(index as u32),
            })
            .collect()
    }

    /// Brings neighbouring pages to what is wanted of them, whose places count from the first.
    fn pages(&mut self, place: &TextAccess<'_>, first: Avma, wanted: &[WantedByte]) {
        let last = wanted.last().map_or(0, |wanted| wanted.place as u64 / PAGE);
        let mut bytes = vec![0; ((last + 1) * PAGE) as usize];
        let tid = self.change.tid;
        if read_pages(place.tracer, place.memory, tid, first, &mut bytes).is_err() {
            if last > 0 {
                return self.page_by_page(place, first, wanted);
            }
            // What cannot be read stays known as it is: a breakpoint may be there, inherited.
            self.left |= place.memory.is_none();
            return;
        }
        let before = bytes.clone();
        let file = place.in_file(self.change.instance.bias.offset(first), bytes.len());
        let (mut planting, mut is_patched) = (Vec::new(), false);
        let differing = file.filter(|file| *file != before);
        let goes = self.change.landmarks == LandmarkChange::Disarm;
        let is_rewritten = |wanted: &WantedByte| {
            let file = differing.as_ref().filter(|_| place.owner.may_be());
            file.is_some_and(|file| arch::is_rewritten(&before[wanted.place..], &file[wanted.place..]))
        };
        for wanted in wanted {
            let as_in_file = || differing.as_ref().is_none_or(|file| is_around(&before, file, wanted.place));
            let at = Avma(first.0 + wanted.place as u64);
            let is_own = wanted.taken_out && before[wanted.place] == BREAKPOINT && place.owner.has(at);
            match (wanted.armed, before[wanted.place]) {
                (true, BREAKPOINT) if !is_own => {}
                (true, found) if found == wanted.original && as_in_file() => {
                    bytes[wanted.place] = BREAKPOINT;
                    planting.push(*wanted);
                }
                (true, _) => {
                    is_patched = true;
                    self.refused.extend(wanted.probe);
                }
                (false, BREAKPOINT) if !(is_own || goes && is_rewritten(wanted)) => {
                    bytes[wanted.place] = wanted.original;
                }
                (false, found) if found != wanted.original => {
                    is_patched = true;
                    self.overwritten.extend(wanted.probe.filter(|_| !is_own).map(|_| at));
                }
                (false, _) => {}
            }
        }
        if bytes == before {
            return;
        }
        let is_patched = is_patched || (tid.is_none() && place.owner.may_be());
        let written = match place.memory.filter(|_| is_patched) {
            // Who changes its own text may do so at this moment: not a byte of that is written.
            Some(memory) => write_singly(memory, first, &before, &bytes),
            None => write_pages(place.tracer, place.memory, tid, first, &before, &bytes),
        };
        match written {
            Ok(()) => self.planted += planting.iter().filter(|wanted| wanted.probe.is_some()).count() as u64,
            // Some of them may have been written.
            Err(_) if last > 0 => self.page_by_page(place, first, wanted),
            Err(_) => {
                self.left |= wanted.iter().any(|wanted| !wanted.armed);
                let read = read_pages(place.tracer, place.memory, tid, first, &mut bytes).is_ok();
                let is_absent = |wanted: &&WantedByte| read && bytes[wanted.place] != BREAKPOINT;
                self.refused.extend(planting.iter().filter(is_absent).filter_map(|wanted| wanted.probe));
            }
        }
    }

    /// The same, where one of them is at fault.
    fn page_by_page(&mut self, place: &TextAccess<'_>, first: Avma, wanted: &[WantedByte]) {
        for page in wanted.chunk_by(|a, b| a.place as u64 / PAGE == b.place as u64 / PAGE) {
            let at = page[0].place as u64 & !(PAGE - 1);
            let in_page = |wanted: &WantedByte| WantedByte { place: wanted.place - at as usize, ..*wanted };
            self.pages(place, Avma(first.0 + at), &page.iter().map(in_page).collect::<Vec<_>>());
        }
    }
}
