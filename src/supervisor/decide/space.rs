//! Address spaces: which images are mapped where, and which of their probes are armed.
//!
//! Invariants: a breakpoint belongs to an address space, never to a pid; a probe that was ever armed in a space stays
//! known there as long as its image is mapped, so that a stale trap is always recognised.

use super::ids::{FileAt, FilePlace, InstanceId, MappedText, OriginalByte, ProbeSite, SpaceId};
use super::instance::{Instance, Known};
use super::once::RunOnce;
use super::planted_text::PlantedText;
use super::text_change::{LandmarkChange, TextChange};
use crate::contexts::FunctionLabel;
use crate::link::ImageId;
use crate::plan::{Bits, LandmarkKind, Progress, Stretches};
use platform::{Avma, Tid};
use std::collections::BTreeMap;
use std::ops::Range;

/// What was known before the space was lent to a vfork child.
#[derive(Clone, Debug)]
pub(super) struct Lent {
    pub(super) children: u32,
    pub(super) known: BTreeMap<InstanceId, Known>,
}

/// One address space.
#[derive(Clone, Debug)]
pub(crate) struct Space {
    pub(crate) id: SpaceId,
    pub(super) instances: BTreeMap<InstanceId, Instance>,
    /// The images of the files that are mapped. A file may have been replaced or written to since it was mapped, and
    /// the kernel may not let us look, but device, inode and address of a mapping stay what they are.
    pub(super) files: BTreeMap<FileAt, ImageId>,
    /// The number of the reading that they are from.
    pub(super) reading: u64,
    pub(super) lookup: Vec<MappedText>,
    pub(super) lent: Option<Lent>,
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
    /// Whether it is being planted anew while its threads run, so that a copy may have been made before or in the midst.
    pub rearming: bool,
}

/// What a process is to the space that it lives in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpaceUser {
    /// The space is its own.
    Owner,
    /// It is lent to it, by the maker that waits for it (vfork).
    Borrower,
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

impl Space {
    fn instance_at(&self, at: Avma) -> Option<&Instance> {
        let next = self.lookup.partition_point(|text| text.range.start <= at);
        let text = next.checked_sub(1).map(|i| &self.lookup[i]).filter(|text| text.range.contains(&at))?;
        self.instances.get(&text.instance)
    }

    /// The images that are measured in it, and where.
    pub fn sources(&self) -> Vec<PlantedText> {
        let source = |instance: &Instance| PlantedText { instance: instance.id, plan: instance.plan.clone() };
        self.instances.values().map(source).collect()
    }

    /// Its measured texts.
    pub fn texts(&self) -> Vec<MappedText> {
        self.lookup.clone()
    }

    /// Where its measured images are.
    pub fn ranges(&self) -> Vec<Range<Avma>> {
        self.lookup.iter().map(|text| text.range.clone()).collect()
    }

    /// What is at `at`.
    pub fn find(&self, at: Avma) -> Found {
        let Some(instance) = self.instance_at(at) else {
            return Found::Nothing;
        };
        let offset = instance.id.bias.offset(at);
        let site = instance.plan.probe_at(offset).map(|probe| instance.site(probe));
        match (instance.plan.landmark_at(offset), site) {
            (Some(landmark), site) => Found::Landmark(landmark.kind, site),
            (None, Some(site)) if instance.armed.get(site.probe) => Found::Armed(site),
            (None, Some(site)) if instance.planted.get(site.probe) => Found::Spent(site),
            (None, _) => Found::Nothing,
        }
    }

    /// The label of the context that the function is which begins at an address.
    pub fn context_at(&self, at: Avma) -> Option<&FunctionLabel> {
        let instance = self.instance_at(at)?;
        instance.plan.context_at(instance.id.bias.offset(at))
    }

    /// Where an address of a measured image is in its file.
    pub fn in_file(&self, at: Avma) -> Option<FilePlace> {
        let InstanceId { image, bias } = self.instance_at(at)?.id;
        Some(FilePlace { image, offset: bias.offset(at) })
    }

    /// Where it makes all kinds of system calls.
    pub fn all_calls(&self) -> Vec<Avma> {
        let calls = |instance: &Instance| {
            let calls = instance.plan.landmarks.iter().filter(|landmark| landmark.kind == LandmarkKind::Call);
            let bias = instance.id.bias;
            calls.map(move |landmark| bias.address(landmark.offset)).collect::<Vec<_>>()
        };
        let mapped = |at: &Avma| matches!(self.find(*at), Found::Landmark(LandmarkKind::Call, _));
        self.instances.values().flat_map(calls).filter(mapped).collect()
    }

    /// The last probe that a thread at `at` has executed in the straight-line code there.
    pub fn executed_at(&self, at: Avma, progress: Progress) -> Option<ProbeSite> {
        let instance = self.instance_at(at)?;
        let offset = instance.id.bias.offset(at);
        let probe = match instance.exact {
            Some(_) => instance.plan.executed_of_stretch(offset, progress),
            None => instance.plan.executed_at(offset, progress),
        }?;
        instance.planted_stretch(probe).then(|| instance.site(probe))
    }

    /// A thread is at `at`: if that is within a stretch, a switch of the context cuts it there.
    pub fn note_position(&mut self, at: Avma, progress: Progress) {
        if let Some((id, last)) = self.within_stretch(at, progress)
            && let Some(instance) = self.instances.get_mut(&id)
        {
            instance.positions.insert(last);
        }
    }

    /// The last probe that a thread at `at` has executed of a stretch that goes on behind it.
    pub fn within_stretch(&self, at: Avma, progress: Progress) -> Option<(InstanceId, u32)> {
        let instance = self.instance_at(at)?;
        let last = instance.plan.executed_of_stretch(instance.id.bias.offset(at), progress)?;
        (!instance.plan.ends_stretch(last)).then_some((instance.id, last))
    }

    /// A probe was hit and its byte is being restored; gives the armed probes that tell nothing new after that, which
    /// are to be restored too, in order of address.
    pub fn spend(&mut self, site: ProbeSite, by: SpaceUser, once: &mut RunOnce) -> Vec<OriginalByte> {
        let Some(instance) = self.instances.get_mut(&site.instance) else {
            return Vec::new();
        };
        instance.disarm(site.probe);
        match &mut self.lent {
            None => {
                let mut useless = instance.learn(site.probe);
                once.learn(site.instance.image, || instance.planned(), site.probe);
                if let Some(known) = once.of(site.instance.image) {
                    useless.extend(instance.catch_up_beside(site.probe, known));
                    useless.sort_unstable();
                }
                let place = |probe: u32| {
                    let at = site.instance.bias.address(instance.plan.offsets[probe as usize]);
                    OriginalByte { at, byte: instance.plan.originals[probe as usize] }
                };
                useless.into_iter().map(place).collect()
            }
            // Lender and borrower know different things of the same text.
            Some(lent) => {
                if let Some(known) = lent.known.get_mut(&site.instance).filter(|_| by == SpaceUser::Owner) {
                    known.armed.put(site.probe, false);
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
            let probe = |instance: &Instance| instance.plan.probe_at(instance.id.bias.offset(at));
            let found = self.instance_at(at).and_then(|instance| Some((instance.id, probe(instance)?)));
            if let Some((id, probe)) = found
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

    /// A space with one user, in which nothing is known to be mapped.
    pub fn new(id: SpaceId) -> Space {
        Space {
            id,
            instances: BTreeMap::new(),
            files: BTreeMap::new(),
            reading: 0,
            lookup: Vec::new(),
            lent: None,
            users: 1,
            unread: false,
            copy_of: None,
            planted_live: false,
            unrestored: false,
            rearming: false,
        }
    }

    /// The same, where something is mapped that was not read yet.
    pub fn unread(id: SpaceId) -> Space {
        Space { unread: true, ..Space::new(id) }
    }

    /// A space of one user who runs while it is planted.
    pub fn planted_live(id: SpaceId) -> Space {
        Space { planted_live: true, ..Space::new(id) }
    }

    /// Takes out every breakpoint that may be in it, landmarks included; whatever was planted stays known.
    pub fn restore(&mut self, tid: Option<Tid>) -> Vec<TextChange> {
        let space = self.id;
        let restore = |instance: &mut Instance| {
            let taken_out = instance.taken_out.without(&instance.armed);
            instance.armed = Bits::clear_of(instance.plan.len());
            let change = instance.text_change(space, tid, instance.planted.clone(), LandmarkChange::Disarm);
            TextChange { taken_out, ..change }
        };
        self.instances.values_mut().map(restore).collect()
    }
}
