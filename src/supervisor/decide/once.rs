//! What any process of the measurement has run, for `--once`: a breakpoint that would tell nothing else is planted nowhere
//! any more.
//!
//! Invariant: what is spent stays spent.

use super::covered::{Covered, Planned};
use crate::link::ImageId;
use crate::plan::{Bits, Stretches};
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

    /// A process has executed a probe of an image that ends a stretch.
    pub fn learn(&mut self, image: ImageId, planned: impl FnOnce() -> Planned, probe: u32) {
        let Some(images) = &mut self.images else { return };
        let planned = planned();
        let known = images.entry(image).or_insert_with(|| RunOfImage::nothing(&planned));
        known.learn(&planned, probe);
    }
}

impl RunOfImage {
    fn nothing(planned: &Planned) -> Self {
        RunOfImage {
            covered: Covered::nothing(&planned.lines, &planned.functions),
            is_spent: Bits::clear_of(planned.plan.len()),
        }
    }

    fn learn(&mut self, planned: &Planned, probe: u32) {
        let Planned { plan, lines, functions, .. } = planned;
        let before = plan.executed_with(probe).skip(1).flatten();
        let executed = before.chain(plan.first_of_stretch(probe)..=probe);
        let new = self.covered.take(plan, functions, executed);
        self.spend(planned, probe);
        for same_line in new.lines.iter().flat_map(|line| lines.of(*line)) {
            self.spend(planned, plan.stretch_of(*same_line).end - 1);
        }
        for code in new.functions.iter().flat_map(|function| functions.probes(*function)).cloned() {
            let mut next = code.start;
            while next < code.end {
                let end = plan.stretch_of(next).end;
                self.spend(planned, end - 1);
                next = end;
            }
        }
    }

    /// A probe that ends a stretch is spent, if all that it would tell is known.
    fn spend(&mut self, planned: &Planned, last: u32) {
        let is_known = |probe: u32| self.covered.has(&planned.plan, &planned.functions, probe);
        if !self.is_spent.get(last) && planned.plan.executed_with(last).flatten().all(is_known) {
            self.is_spent.put(last, true);
        }
    }
}
