//! Address spaces: which images are mapped where, and which of their probes are armed.
//!
//! Invariants: a breakpoint belongs to an address space, never to a pid; a probe that was ever armed in a space stays
//! known there as long as its image is mapped, so that a stale trap is always recognised.

use super::instance::{Covered, Instance};
use super::planted_text::PlantedText;
use crate::link::ImageId;
use crate::plan::{Bits, ByFunction, ByLine, LandmarkKind, Plan};
use platform::{Avma, TextMapping, Tid};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Range;
use std::rc::Rc;

/// Number of an address space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SpaceId(pub u32);

/// An image at one load address within one space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct InstanceId {
    /// The image.
    pub image: ImageId,
    /// Address of offset 0 of its file, wrapping.
    pub bias: u64,
}

/// A file at one load address: what a mapping is a mapping of, as its address space alone tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct FileAt {
    device: u64,
    inode: u64,
    /// Address of offset 0, wrapping.
    bias: u64,
}

impl FileAt {
    fn of(mapping: &TextMapping) -> Self {
        let bias = mapping.start.0.wrapping_sub(mapping.offset);
        FileAt { device: mapping.file.device, inode: mapping.file.inode, bias }
    }
}

/// A plan and its probes by line.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The plan.
    pub plan: Rc<Plan>,
    /// Its probes by line.
    pub lines: Rc<ByLine>,
    /// The same by function.
    pub functions: Rc<ByFunction>,
}

impl From<Rc<Plan>> for Planned {
    fn from(plan: Rc<Plan>) -> Self {
        Planned { lines: Rc::new(plan.by_line()), functions: Rc::new(ByFunction::of(&plan)), plan }
    }
}

/// Text of one instance of an image to bring to a wanted state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextChange {
    /// In this space.
    pub space: SpaceId,
    /// Through this thread, if it is stopped, where memory can be written by ptrace only.
    pub tid: Option<Tid>,
    /// Of this instance.
    pub instance: InstanceId,
    /// Its plan.
    pub plan: Rc<Plan>,
    /// Address of offset 0 of the file, wrapping.
    pub bias: u64,
    /// The addresses that are mapped.
    pub ranges: Vec<Range<u64>>,
    /// Only pages with one of these probes are touched...
    pub change: Bits,
    /// ...and there exactly these are armed.
    pub armed: Bits,
    /// Of these the breakpoint was out before: one that is there may be the program's own, and then stays.
    pub taken_out: Bits,
    /// Whether landmarks are to be armed, disarmed, or left as they are.
    pub landmarks: Option<bool>,
    /// A thread that lives in the space, stopped or not, if one is known.
    pub user: Option<Tid>,
    /// The space that this one was copied from just now, when `taken_out` was true of that one.
    pub copied_from: Option<SpaceId>,
}

impl TextChange {
    /// The same for the landmarks only.
    pub fn of_landmarks(&self) -> TextChange {
        TextChange { change: Bits::clear_of(0), ..self.clone() }
    }

    /// Where a file offset is in memory, if it is mapped.
    pub fn address(&self, offset: u64) -> Option<u64> {
        let at = self.bias.wrapping_add(offset);
        self.ranges.iter().any(|range| range.contains(&at)).then_some(at)
    }
}

/// What was known before the space was lent to a vfork child.
#[derive(Clone, Debug)]
struct Lent {
    children: u32,
    /// Armed probes and what had run.
    known: BTreeMap<InstanceId, (Bits, Covered)>,
}

/// One address space.
#[derive(Clone, Debug, Default)]
pub struct Space {
    instances: BTreeMap<InstanceId, Instance>,
    /// The images of the files that are mapped. A file may have been replaced or written to since it was mapped, and
    /// the kernel may not let us look, but device, inode and address of a mapping stay what they are.
    files: BTreeMap<FileAt, ImageId>,
    /// The number of the reading that they are from.
    reading: u64,
    lookup: Vec<(Range<u64>, InstanceId)>,
    lent: Option<Lent>,
    /// Processes that live in it.
    pub users: u32,
    /// Whether it was copied while something newly mapped was still waiting for its plan.
    pub unread: bool,
    /// The space that it was copied from at a fork.
    pub copy_of: Option<SpaceId>,
    /// Whether it was planted while its threads ran, so that a copy may have been made before.
    pub planted_live: bool,
    /// Whether breakpoints are left in it that only a stopped thread can take out.
    pub unrestored: bool,
}

/// A probe at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbeSite {
    /// Where it belongs.
    pub instance: InstanceId,
    /// Its number in the image.
    pub probe: u32,
    /// How many the image has.
    pub probes: u32,
    /// The byte that belongs there.
    pub original: u8,
}

impl ProbeSite {
    /// Where its file has it; `at` is where it is in memory.
    pub fn offset(&self, at: Avma) -> u64 {
        at.0.wrapping_sub(self.instance.bias)
    }
}

/// What is at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// An armed probe.
    Armed(ProbeSite),
    /// A probe that was armed once.
    Spent(ProbeSite),
    /// A landmark, and the probe at the same place.
    Landmark(LandmarkKind, Option<ProbeSite>),
    /// Nothing of ours.
    Nothing,
}

/// The same ranges, in order, those that touch made one.
fn joined(mut ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    ranges.sort_by_key(|range| range.start);
    let mut joined: Vec<Range<u64>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if last.end >= range.start => last.end = last.end.max(range.end),
            Some(_) | None => joined.push(range),
        }
    }
    joined
}

impl Space {
    fn instance_at(&self, at: Avma) -> Option<(InstanceId, &Instance)> {
        let next = self.lookup.partition_point(|(range, _)| range.start <= at.0);
        let (_, id) = next.checked_sub(1).map(|i| &self.lookup[i]).filter(|(range, _)| range.contains(&at.0))?;
        Some((*id, &self.instances[id]))
    }

    /// The images that are measured in it, and where.
    pub fn sources(&self) -> Vec<PlantedText> {
        let source =
            |(id, instance): (&InstanceId, &Instance)| PlantedText { instance: *id, plan: instance.plan.clone() };
        self.instances.iter().map(source).collect()
    }

    /// Its measured texts.
    pub fn texts(&self) -> Vec<(Range<u64>, InstanceId)> {
        self.lookup.clone()
    }

    /// Where its measured images are.
    pub fn ranges(&self) -> Vec<Range<u64>> {
        self.lookup.iter().map(|(range, _)| range.clone()).collect()
    }

    /// What is at `at`.
    pub fn find(&self, at: Avma) -> Found {
        let Some((id, instance)) = self.instance_at(at) else {
            return Found::Nothing;
        };
        let offset = at.0.wrapping_sub(id.bias);
        let site = instance.plan.probe_at(offset).map(|probe| instance.site(id, probe));
        match (instance.plan.landmark_at(offset), site) {
            (Some(landmark), site) => Found::Landmark(landmark.kind, site),
            (None, Some(site)) if instance.armed.get(site.probe) => Found::Armed(site),
            (None, Some(site)) if instance.planted.get(site.probe) => Found::Spent(site),
            (None, _) => Found::Nothing,
        }
    }

    /// Where it makes all kinds of system calls.
    pub fn all_calls(&self) -> Vec<Avma> {
        let calls = |(id, instance): (&InstanceId, &Instance)| {
            let calls = instance.plan.landmarks.iter().filter(|landmark| landmark.kind == LandmarkKind::Call);
            let bias = id.bias;
            calls.map(move |landmark| Avma(bias.wrapping_add(landmark.offset.0))).collect::<Vec<_>>()
        };
        let mapped = |at: &Avma| matches!(self.find(*at), Found::Landmark(LandmarkKind::Call, _));
        self.instances.iter().flat_map(calls).filter(mapped).collect()
    }

    /// The last probe that a thread at `at` has executed in the straight-line code there; the one at `at`
    /// if `reached`.
    pub fn executed_at(&self, at: Avma, reached: bool) -> Option<ProbeSite> {
        let (id, instance) = self.instance_at(at)?;
        let probe = instance.plan.executed_at(at.0.wrapping_sub(id.bias), reached)?;
        instance.planted_stretch(probe).then(|| instance.site(id, probe))
    }

    /// A probe was hit and its byte is being restored; gives the armed probes that tell nothing new after that, which
    /// are to be restored too. `owner` is false for a process the space is lent to.
    pub fn spend(&mut self, site: ProbeSite, owner: bool) -> Vec<(Avma, u8)> {
        /// Restoring one costs a tenth of a trap or less, and many are never reached.
        const AT_MOST: usize = 128;
        let Some(instance) = self.instances.get_mut(&site.instance) else {
            return Vec::new();
        };
        instance.disarm(site.probe);
        match &mut self.lent {
            None => {
                let useless = instance.learn(site.probe, AT_MOST);
                let place = |probe: u32| {
                    let at = site.instance.bias.wrapping_add(instance.plan.offsets[probe as usize]);
                    (Avma(at), instance.plan.originals[probe as usize])
                };
                useless.into_iter().map(place).collect()
            }
            // Lender and borrower know different things of the same text.
            Some(lent) => {
                if let Some((armed, _)) = lent.known.get_mut(&site.instance).filter(|_| owner) {
                    armed.put(site.probe, false);
                }
                Vec::new()
            }
        }
    }

    /// Probes that could not be planted: their places hold something else. One that had been planted before stays known.
    pub fn refuse(&mut self, id: InstanceId, probes: &[u32]) {
        if let Some(instance) = self.instances.get_mut(&id) {
            for &probe in probes {
                instance.armed.put(probe, false);
                instance.planted.put(probe, instance.taken_out.get(probe));
            }
        }
    }

    /// A breakpoint that was left at a spent site is being taken out.
    pub fn take_out(&mut self, site: ProbeSite) {
        if let Some(instance) = self.instances.get_mut(&site.instance) {
            instance.taken_out.put(site.probe, true);
        }
    }

    /// Whether the breakpoint of a site was taken out, so that one that is there now is not ours.
    pub fn is_taken_out(&self, site: ProbeSite) -> bool {
        self.instances.get(&site.instance).is_some_and(|instance| instance.taken_out.get(site.probe))
    }

    /// The program had overwritten these breakpoints when they were to be taken out. It may have kept them, and put them
    /// back.
    pub fn overwritten(&mut self, places: &[Avma]) {
        for &at in places {
            if let Some((id, instance)) = self.instance_at(at)
                && let Some(probe) = instance.plan.probe_at(at.0.wrapping_sub(id.bias))
                && let Some(instance) = self.instances.get_mut(&id)
            {
                instance.taken_out.put(probe, false);
            }
        }
    }

    /// Whether an address is in the text of a measured image.
    pub fn is_measured(&self, at: Avma) -> bool {
        self.instance_at(at).is_some()
    }

    /// The image of a mapping that was there already when the space was read last.
    pub fn image_of(&self, mapping: &TextMapping) -> Option<ImageId> {
        self.files.get(&FileAt::of(mapping)).copied()
    }

    /// Whether a reading is not older than what is known; what is taken next is of that reading.
    pub fn is_as_read(&mut self, reading: u64) -> bool {
        let as_read = reading >= self.reading;
        self.reading = self.reading.max(reading);
        as_read
    }

    /// Takes what is mapped now; gives the text to change for what is new. Text that was planted stays known while its
    /// file is mapped there, `dormant` though it may be.
    pub fn remap(
        &mut self,
        space: SpaceId,
        tid: Option<Tid>,
        mapped: &[(ImageId, Planned, TextMapping)],
        dormant: &[TextMapping],
    ) -> Vec<TextChange> {
        let mut files = BTreeMap::new();
        let mut now: BTreeMap<InstanceId, Vec<Range<u64>>> = BTreeMap::new();
        for (image, planned, mapping) in mapped {
            let at = FileAt::of(mapping);
            let known = *files.entry(at).or_insert_with(|| self.files.get(&at).copied().unwrap_or(*image));
            let id = InstanceId { image: known, bias: at.bias };
            if let Entry::Vacant(entry) = self.instances.entry(id)
                && known == *image
                && !planned.plan.is_empty()
            {
                entry.insert(Instance::new(planned));
            }
            now.entry(id).or_default().push(mapping.start.0..mapping.end.0);
        }
        for mapping in dormant {
            let at = FileAt::of(mapping);
            let Some(&image) = self.files.get(&at) else { continue };
            files.insert(at, image);
            let id = InstanceId { image, bias: at.bias };
            let Some(instance) = self.instances.get(&id) else { continue };
            now.entry(id).or_default().extend(instance.overlap(&(mapping.start.0..mapping.end.0)));
        }
        (self.files, self.unread) = (files, false);
        self.instances.retain(|id, _| now.contains_key(id));
        let mut changes = Vec::new();
        for (id, instance) in &mut self.instances {
            let ranges = joined(now.remove(id).unwrap_or_default());
            if instance.ranges == ranges {
                continue;
            }
            instance.ranges = ranges;
            let change = instance.cover(id.bias);
            changes.push(instance.sync(space, tid, *id, change, Some(true)));
        }
        self.index();
        changes
    }

    fn index(&mut self) {
        let of = |(id, instance): (&InstanceId, &Instance)| {
            let id = *id;
            instance.ranges.iter().map(move |range| (range.clone(), id)).collect::<Vec<_>>()
        };
        self.lookup = self.instances.iter().flat_map(of).collect();
        self.lookup.sort_by_key(|(range, _)| range.start);
    }

    /// A space with one user; `unread`: nobody looked yet what is mapped in it.
    pub fn fresh(unread: bool) -> Space {
        Space { users: 1, unread, ..Space::default() }
    }

    /// A space of one user who runs while it is planted.
    pub fn planted_live() -> Space {
        Space { planted_live: true, ..Space::fresh(false) }
    }

    /// The copy that a forked child gets; `unread`: something newly mapped still waits for its plan.
    pub fn copied(&self, this: SpaceId, unread: bool) -> Space {
        Space {
            users: 1,
            unread: unread || self.unread,
            lent: None,
            copy_of: Some(this),
            unrestored: false,
            ..self.clone()
        }
    }

    /// Arms everything that was ever armed, for one of whom nothing is known; gives the text to change.
    pub fn rearm(&mut self, space: SpaceId, tid: Tid) -> Vec<TextChange> {
        let nothing =
            |instance: &Instance| (instance.planted.clone(), Covered::nothing(&instance.lines, &instance.functions));
        let known = self.instances.iter().map(|(id, instance)| (*id, nothing(instance))).collect();
        self.set_known(space, tid, known)
    }

    /// Takes it that nothing of these instances is armed, as in a copy that was made before they were planted.
    pub fn was_copied_without(&mut self, lacking: &[InstanceId]) {
        for id in lacking {
            if let Some(instance) = self.instances.get_mut(id) {
                instance.armed = Bits::clear_of(instance.plan.len());
            }
        }
    }

    /// Takes it that a breakpoint of ours may be everywhere, as in a copy that was made while others were taking them out.
    pub fn doubt_all(&mut self) {
        for instance in self.instances.values_mut() {
            instance.taken_out = Bits::clear_of(instance.plan.len());
        }
    }

    /// For each instance the place of the armed probe that is planted last: a copy that has it has all.
    pub fn planted_last(&self) -> Vec<(InstanceId, Avma)> {
        let place = |(id, instance): (&InstanceId, &Instance)| {
            let offset = instance.plan.offsets.get(instance.armed.last()? as usize)?;
            Some((*id, Avma(id.bias.wrapping_add(*offset))))
        };
        self.instances.iter().filter_map(place).collect()
    }

    fn set_known(
        &mut self,
        space: SpaceId,
        tid: Tid,
        mut known: BTreeMap<InstanceId, (Bits, Covered)>,
    ) -> Vec<TextChange> {
        let mut changes = Vec::new();
        for (id, instance) in &mut self.instances {
            let Some((armed, covered)) = known.remove(id) else { continue };
            instance.covered = covered;
            changes.extend(instance.arm(space, tid, *id, armed));
        }
        changes
    }

    /// A vfork child lives in it from here on: arms for it what its maker had spent.
    pub fn lend(&mut self, space: SpaceId, tid: Tid) -> Vec<TextChange> {
        match &mut self.lent {
            Some(lent) => lent.children += 1,
            None => {
                let known = |instance: &Instance| (instance.armed.clone(), instance.covered.clone());
                let known = self.instances.iter().map(|(id, instance)| (*id, known(instance))).collect();
                self.lent = Some(Lent { children: 1, known });
            }
        }
        self.rearm(space, tid)
    }

    /// A vfork child has left: with the last one, its maker's probes are armed as they would be without it.
    pub fn take_back(&mut self, space: SpaceId, tid: Tid) -> Vec<TextChange> {
        match self.lent.as_mut().map(|lent| {
            lent.children -= 1;
            lent.children
        }) {
            Some(0) => {
                let known = self.lent.take().map(|lent| lent.known).unwrap_or_default();
                self.set_known(space, tid, known)
            }
            Some(_) | None => Vec::new(),
        }
    }

    /// Takes out every breakpoint that may be in it, landmarks included; whatever was planted stays known.
    pub fn restore(&mut self, space: SpaceId, tid: Option<Tid>) -> Vec<TextChange> {
        let mut changes = Vec::new();
        for (id, instance) in &mut self.instances {
            let taken_out = instance.taken_out.without(&instance.armed);
            instance.armed = Bits::clear_of(instance.plan.len());
            let sync = instance.sync(space, tid, *id, instance.planted.clone(), Some(false));
            changes.push(TextChange { taken_out, ..sync });
        }
        changes
    }
}
