//! With `--once`: a breakpoint that another process has spent is taken out of the page of a hit, and of all pages of a
//! process that forks, so that its children do not inherit it.

use super::instance::Instance;
use super::once::{RunOfImage, RunOnce};
use super::space::Space;
use super::text_change::TextChange;
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
}

impl Space {
    /// Disarms the probes that are spent by now; gives the text to change, through a thread that is stopped.
    pub fn catch_up(&mut self, tid: Tid, once: &RunOnce) -> Vec<TextChange> {
        let mut changes = Vec::new();
        for instance in self.instances.values_mut() {
            let Some(known) = once.of(instance.id.image) else { continue };
            let Some(change) = instance.arm(self.id, Some(tid), instance.armed.without(&known.is_spent)) else {
                continue;
            };
            // Some may be still to be planted, as was decided before.
            if self.planted_live {
                instance.taken_out = instance.taken_out.without(&change.change);
            }
            changes.push(change);
        }
        changes
    }
}
