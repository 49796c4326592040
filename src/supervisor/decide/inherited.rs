//! Address spaces at a fork: the copy that a child gets, and the space that a vfork child borrows.

use super::covered::Covered;
use super::ids::{InstanceId, SpaceId};
use super::instance::{Instance, Known};
use super::space::{Lent, Space};
use super::text_change::TextChange;
use crate::plan::Bits;
use platform::{Avma, Tid};
use std::collections::BTreeMap;

impl Space {
    /// The copy that a forked child gets.
    pub fn copied(&self, copy: SpaceId) -> Space {
        Space { id: copy, users: 1, lent: None, copy_of: Some(self.id), unrestored: false, ..self.clone() }
    }

    /// Arms everything that was ever armed, for one of whom nothing is known; gives the text to change.
    pub fn rearm(&mut self, tid: Tid) -> Vec<TextChange> {
        let nothing = |instance: &Instance| Known {
            armed: instance.planted.clone(),
            covered: Covered::nothing(&instance.lines, &instance.functions),
        };
        let known = self.instances.iter().map(|(id, instance)| (*id, nothing(instance))).collect();
        self.set_known(tid, known)
    }

    /// Takes it that nothing of these instances is armed, as in a copy that was made before they were planted.
    pub fn was_copied_without(&mut self, lacking: &[InstanceId]) {
        for id in lacking {
            if let Some(instance) = self.instances.get_mut(id) {
                instance.armed = Bits::clear_of(instance.plan.len());
            }
        }
    }

    /// Takes it that none of its breakpoints may be in a copy that was made while they were planted anew.
    pub fn was_copied_in_the_midst(&mut self) {
        let all: Vec<InstanceId> = self.instances.keys().copied().collect();
        self.was_copied_without(&all);
        self.doubt_all();
        self.rearming = false;
    }

    /// Takes it that a breakpoint of ours may be everywhere, as in a copy that was made while others were taking them out.
    pub fn doubt_all(&mut self) {
        for instance in self.instances.values_mut() {
            instance.taken_out = Bits::clear_of(instance.plan.len());
        }
    }

    /// For each instance the place of the armed probe that is planted last: a copy that has it has all.
    pub fn planted_last(&self) -> Vec<(InstanceId, Avma)> {
        let place = |instance: &Instance| {
            let offset = instance.plan.offsets.get(instance.armed.last()? as usize)?;
            Some((instance.id, instance.id.bias.address(*offset)))
        };
        self.instances.values().filter_map(place).collect()
    }

    fn set_known(&mut self, tid: Tid, mut known: BTreeMap<InstanceId, Known>) -> Vec<TextChange> {
        let mut changes = Vec::new();
        for (id, instance) in &mut self.instances {
            let Some(Known { armed, covered }) = known.remove(id) else { continue };
            instance.covered = covered;
            changes.extend(instance.arm(self.id, Some(tid), armed));
        }
        changes
    }

    /// A vfork child lives in it from here on: arms for it what its maker had spent.
    pub fn lend(&mut self, tid: Tid) -> Vec<TextChange> {
        match &mut self.lent {
            Some(lent) => lent.children += 1,
            None => {
                let known =
                    |instance: &Instance| Known { armed: instance.armed.clone(), covered: instance.covered.clone() };
                let known = self.instances.iter().map(|(id, instance)| (*id, known(instance))).collect();
                self.lent = Some(Lent { children: 1, known });
            }
        }
        self.rearm(tid)
    }

    /// A vfork child has left: with the last one, its maker's probes are armed as they would be without it.
    pub fn take_back(&mut self, tid: Tid) -> Vec<TextChange> {
        match self.lent.as_mut().map(|lent| {
            lent.children -= 1;
            lent.children
        }) {
            Some(0) => {
                let known = self.lent.take().map(|lent| lent.known).unwrap_or_default();
                self.set_known(tid, known)
            }
            Some(_) | None => Vec::new(),
        }
    }
}
