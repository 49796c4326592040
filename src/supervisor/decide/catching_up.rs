//! With `--once`: a breakpoint that another process has spent is taken out of the page of a hit, and of all pages of a
//! process that forks, so that its children do not inherit it.
//!
//! Invariant: an address space has caught up with the first so many of [`RunOfImage::spent`].

use super::ids::InstanceId;
use super::instance::Instance;
use super::once::{RunOfImage, RunOnce};
use super::space::Space;
use super::text_change::{LandmarkChange, TextChange};
use crate::plan::Bits;
use platform::{PAGE, Tid};

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
