//! What any process of the measurement has run, for `--once`: a breakpoint that would tell nothing else is planted nowhere
//! any more. Where one is planted already, it is taken out of the page of a hit, and of all pages of a process that forks,
//! so that its children do not inherit it.
//!
//! Invariant: what is spent stays spent, so an address space has caught up with the first so many of [`RunOfImage::spent`].

use super::ids::InstanceId;
use super::instance::{Covered, Instance};
use super::space::Space;
use super::text_change::{LandmarkChange, TextChange};
use crate::link::ImageId;
use crate::plan::{Bits, Stretches};
use platform::{PAGE, Tid};
use std::collections::BTreeMap;

/// What was run of the images, in any process.
#[derive(Debug, Default)]
pub(crate) struct RunOnce {
    /// None unless each line is to be told of once in the measurement.
    images: Option<BTreeMap<ImageId, RunOfImage>>,
}

/// What was run of an image.
#[derive(Debug)]
pub(crate) struct RunOfImage {
    /// The lines and functions.
    pub covered: Covered,
    /// The probes that tell nothing new to any process.
    pub is_spent: Bits,
    /// The same in the order in which they became so.
    pub spent: Vec<u32>,
}

impl RunOnce {
    /// Of a measurement that tells of each line once.
    pub fn begun() -> Self {
        RunOnce { images: Some(BTreeMap::new()) }
    }

    /// What was run of an image, if it is kept.
    pub fn of(&self, image: ImageId) -> Option<&RunOfImage> {
        self.images.as_ref()?.get(&image)
    }

    /// A process has executed a probe that ends a stretch, as an instance of the image tells.
    pub fn learn(&mut self, instance: &Instance, probe: u32) {
        let Some(images) = &mut self.images else { return };
        let known = images.entry(instance.id.image).or_insert_with(|| RunOfImage::nothing(instance));
        known.learn(instance, probe);
    }
}

impl RunOfImage {
    fn nothing(instance: &Instance) -> Self {
        RunOfImage {
            covered: Covered::nothing(&instance.lines, &instance.functions),
            is_spent: Bits::clear_of(instance.plan.len()),
            spent: Vec::new(),
        }
    }

    fn learn(&mut self, instance: &Instance, probe: u32) {
        let Instance { plan, lines, functions, .. } = instance;
        let executed: Vec<u32> = plan.executed_with(probe).skip(1).flatten().collect();
        let executed = executed.into_iter().chain(plan.first_of_stretch(probe)..=probe);
        let new = self.covered.take(plan, functions, executed);
        self.spend(instance, probe);
        for same_line in new.lines.iter().flat_map(|line| lines.of(*line)) {
            self.spend(instance, plan.stretch_of(*same_line).end - 1);
        }
        for code in new.functions.iter().flat_map(|function| functions.probes(*function)).cloned() {
            let mut next = code.start;
            while next < code.end {
                let end = plan.stretch_of(next).end;
                self.spend(instance, end - 1);
                next = end;
            }
        }
    }

    /// A probe that ends a stretch is spent, if all that it would tell is known.
    fn spend(&mut self, instance: &Instance, last: u32) {
        let is_known = |probe: u32| self.covered.has(&instance.plan, &instance.functions, probe);
        if !self.is_spent.get(last) && instance.plan.executed_with(last).flatten().all(is_known) {
            self.is_spent.put(last, true);
            self.spent.push(last);
        }
    }
}

impl Instance {
    /// Disarms the probes in the page of a hit that are spent, and gives them.
    pub(super) fn catch_up_beside(&mut self, probe: u32, known: &RunOfImage) -> Vec<u32> {
        let offsets = &self.plan.offsets;
        let page = offsets[probe as usize].0 / PAGE;
        let begin = offsets.partition_point(|offset| offset.0 / PAGE < page) as u32;
        let end = offsets.partition_point(|offset| offset.0 / PAGE <= page) as u32;
        let mut disarmed = Vec::new();
        let mut next = begin;
        while let Some(armed) = self.armed.first_in(next..end) {
            next = armed + 1;
            if known.is_spent.get(armed) {
                self.disarm(armed);
                disarmed.push(armed);
            }
        }
        disarmed
    }

    /// Disarms what was spent since the last time; gives what changed, if anything did.
    fn catch_up(&mut self, known: &RunOfImage) -> Option<Bits> {
        let news = known.spent.get(self.caught_up..).unwrap_or_default();
        self.caught_up = known.spent.len();
        let armed: Vec<u32> = news.iter().copied().filter(|probe| self.armed.get(*probe)).collect();
        if armed.is_empty() {
            return None;
        }
        let mut change = Bits::clear_of(self.plan.len());
        for probe in armed {
            self.disarm(probe);
            change.put(probe, true);
        }
        Some(change)
    }
}

impl Space {
    /// Disarms the probes that are spent by now; gives the text to change, through a thread that is stopped.
    pub fn catch_up(&mut self, tid: Tid, once: &RunOnce) -> Vec<TextChange> {
        let (space, planted_live) = (self.id, self.planted_live);
        let change = |(id, instance): (&InstanceId, &mut Instance)| {
            let taken_out = instance.taken_out.without(&instance.armed);
            let change = instance.catch_up(once.of(id.image)?)?;
            // Some may be still to be planted, as was decided before.
            if planted_live {
                instance.taken_out = instance.taken_out.without(&change);
            }
            Some(TextChange { taken_out, ..instance.text_change(space, Some(tid), change, LandmarkChange::Keep) })
        };
        self.instances.iter_mut().filter_map(change).collect()
    }
}
