//! Bringing text to a wanted state: breakpoints are planted and taken out page by page.
//!
//! Invariants: a byte is only ever changed between a probe's original and the breakpoint, and only after it was read
//! there; what holds anything else is refused and left alone, and so is what is among bytes that are not the file's,
//! and a breakpoint of the program's own.

use super::bytes::{read_pages, write_places, write_singly};
use super::own::Owner;
use crate::plan::FileOffset;
use crate::supervisor::decide::input::Input;
use crate::supervisor::decide::text_change::{LandmarkChange, TextChange};
use platform::arch::{self, BREAKPOINT};
use platform::{Avma, Memory, PAGE, Tracer};
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

/// How many neighbouring pages are read and written at a time: that costs less for each, and no trap waits long for it...
const AT_ONCE: u64 = 4;
/// ...where it waits for all of them anyhow.
const AT_ONCE_IF_STOPPED: u64 = 16;

/// What text is read and written by, the file that it is of, and what tells whose the breakpoints in it are.
pub(crate) struct TextAccess<'a> {
    pub tracer: &'a Tracer,
    pub memory: Option<&'a Memory>,
    pub file: Option<&'a File>,
    pub owner: Owner<'a>,
}

impl TextAccess<'_> {
    /// Fills a buffer with what the file has from an offset on, with zeroes behind its end, as in memory; false if it cannot
    /// be read.
    fn read_file(&self, offset: FileOffset, buffer: &mut [u8]) -> bool {
        let Some(Ok(len)) = self.file.map(|file| platform::read_up_to(file, buffer, offset.0)) else { return false };
        buffer[len..].fill(0);
        true
    }
}

/// Whether the bytes around a place are the file's, breakpoints aside, as far as they are here.
fn is_around(bytes: &[u8], file: &[u8], place: usize) -> bool {
    let around = place.saturating_sub(arch::LONGEST)..(place + arch::LONGEST).min(bytes.len());
    bytes[around.clone()].iter().zip(&file[around]).all(|(here, there)| here == there || *here == BREAKPOINT)
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
    /// What is in memory, and in the file, of the pages at hand.
    here: Vec<u8>,
    there: Vec<u8>,
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
            here: Vec::new(),
            there: Vec::new(),
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

    /// Does the next few pages with a change; false when nothing is left to do.
    pub fn advance(&mut self, place: &TextAccess<'_>) -> bool {
        if self.change.landmarks != LandmarkChange::Keep && self.next_landmark < self.change.plan.landmarks.len() {
            self.landmarks(place);
            return true;
        }
        let Some(probe) = self.change.change.first_from(self.next_probe) else { return false };
        self.next_probe = probe + 1;
        if let Some((offset, at)) = self.place_of(probe) {
            let first = page_of(at);
            let mut wanted = Vec::new();
            self.add_beside(offset, at, 0, &mut wanted);
            let at_once = if self.change.tid.is_some() { AT_ONCE_IF_STOPPED } else { AT_ONCE };
            for distance in (1..at_once).map(|page| page * PAGE) {
                let next = self.change.change.first_from(self.next_probe).and_then(|probe| self.place_of(probe));
                let Some((offset, at)) = next.filter(|(_, at)| page_of(*at).0 == first.0 + distance) else { break };
                self.add_beside(offset, at, distance as usize, &mut wanted);
            }
            self.pages(place, first, &wanted);
        }
        true
    }

    /// Does the next landmarks that are in one page.
    fn landmarks(&mut self, place: &TextAccess<'_>) {
        let armed = self.change.landmarks == LandmarkChange::Arm;
        let (mut page, mut wanted) = (None, Vec::new());
        while let Some(landmark) = self.change.plan.landmarks.get(self.next_landmark).copied() {
            if let Some(at) = self.change.address(landmark.offset) {
                if *page.get_or_insert(page_of(at)) != page_of(at) {
                    break;
                }
                let (in_page, original) = ((at.0 & (PAGE - 1)) as usize, landmark.original);
                wanted.push(WantedByte { probe: None, place: in_page, original, armed, taken_out: false });
            }
            self.next_landmark += 1;
        }
        if let Some(page) = page {
            self.pages(place, page, &wanted);
        }
    }

    /// The offset of a probe and where it is in memory, if it is mapped.
    fn place_of(&self, probe: u32) -> Option<(FileOffset, Avma)> {
        let offset = *self.change.plan.offsets.get(probe as usize)?;
        Some((offset, self.change.address(offset)?))
    }

    /// Adds everything that is known of the page of the probe at `offset`, which is `at` in memory, at a distance from the
    /// first page.
    fn add_beside(&mut self, offset: FileOffset, at: Avma, distance: usize, wanted: &mut Vec<WantedByte>) {
        let change = &self.change;
        let in_page = at.0 & (PAGE - 1);
        let (first, last) = (offset.saturating_sub(in_page), offset.saturating_add(PAGE - 1 - in_page));
        let begin = change.plan.offsets.partition_point(|&offset| offset < first);
        let end = begin + change.plan.offsets[begin..].partition_point(|&offset| offset <= last);
        self.next_probe = end as u32;
        let known = |probe: u32| change.change.get(probe) || change.armed.get(probe);
        let beside = (begin..end)
            .filter(|&index| known(index as u32) && change.address(change.plan.offsets[index]).is_some())
            .map(|index| WantedByte {
                probe: Some(index as u32),
                place: (change.instance.bias.address(change.plan.offsets[index]).0 & (PAGE - 1)) as usize + distance,
                original: change.plan.originals[index],
                armed: change.armed.get(index as u32),
                taken_out: change.taken_out.get(index as u32),
            });
        wanted.extend(beside);
    }

    /// Brings neighbouring pages to what is wanted of them, in order, whose places count from the first.
    fn pages(&mut self, place: &TextAccess<'_>, first: Avma, wanted: &[WantedByte]) {
        let Some((lowest, highest)) = wanted.first().zip(wanted.last()).map(|(a, b)| (a.place, b.place)) else {
            return;
        };
        let last = highest as u64 / PAGE;
        // The instructions there, and what is before them.
        let from = lowest.saturating_sub(arch::LONGEST);
        let end = (highest + arch::LONGEST).min(((last + 1) * PAGE) as usize);
        let start = Avma(first.0 + from as u64);
        let (mut here, mut there) = (std::mem::take(&mut self.here), std::mem::take(&mut self.there));
        here.resize(end - from, 0);
        there.resize(end - from, 0);
        let tid = self.change.tid;
        if read_pages(place.tracer, place.memory, tid, start, &mut here).is_err() {
            if last > 0 {
                return self.page_by_page(place, first, wanted);
            }
            // What cannot be read stays known as it is: a breakpoint may be there, inherited.
            self.left |= place.memory.is_none();
            return;
        }
        let is_known = place.read_file(self.change.instance.bias.offset(start), &mut there);
        let differing = Some(&there).filter(|there| is_known && **there != here);
        let (mut planting, mut is_patched, mut changes) = (Vec::new(), false, Vec::new());
        let goes = self.change.landmarks == LandmarkChange::Disarm;
        let is_rewritten = |at: usize| {
            let file = differing.filter(|_| place.owner.may_be());
            file.is_some_and(|file| arch::is_rewritten(&here[at..], &file[at..]))
        };
        for wanted in wanted {
            let index = wanted.place - from;
            let as_in_file = || differing.is_none_or(|file| is_around(&here, file, index));
            let at = Avma(first.0 + wanted.place as u64);
            let is_own = wanted.taken_out && here[index] == BREAKPOINT && place.owner.has(at);
            match (wanted.armed, here[index]) {
                (true, BREAKPOINT) if !is_own => {}
                (true, found) if found == wanted.original && as_in_file() => {
                    changes.push((index, BREAKPOINT));
                    planting.push(*wanted);
                }
                (true, _) => {
                    is_patched = true;
                    self.refused.extend(wanted.probe);
                }
                (false, BREAKPOINT) if !(is_own || goes && is_rewritten(index)) => {
                    changes.push((index, wanted.original));
                }
                (false, found) if found != wanted.original => {
                    is_patched = true;
                    self.overwritten.extend(wanted.probe.filter(|_| !is_own).map(|_| at));
                }
                (false, _) => {}
            }
        }
        let places: Vec<usize> = changes.iter().map(|(index, _)| *index).collect();
        changes.into_iter().for_each(|(index, byte)| here[index] = byte);
        let is_patched = is_patched || (tid.is_none() && place.owner.may_be());
        let written = match place.memory.filter(|_| is_patched) {
            // Who changes its own text may do so at this moment: not a byte of that is written.
            Some(memory) => write_singly(memory, start, &here, &places),
            None => write_places(place.tracer, place.memory, tid, start, &here, &places),
        };
        match written {
            Ok(()) => self.planted += planting.iter().filter(|wanted| wanted.probe.is_some()).count() as u64,
            // Some of them may have been written.
            Err(_) if last > 0 => return self.page_by_page(place, first, wanted),
            Err(_) => {
                self.left |= wanted.iter().any(|wanted| !wanted.armed);
                let read = read_pages(place.tracer, place.memory, tid, start, &mut here).is_ok();
                let is_absent = |wanted: &&WantedByte| read && here[wanted.place - from] != BREAKPOINT;
                self.refused.extend(planting.iter().filter(is_absent).filter_map(|wanted| wanted.probe));
            }
        }
        (self.here, self.there) = (here, there);
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
