//! Deciding about mapped files: which are new, whose plan is awaited, what is to be planted.

use super::action::Action;
use super::space::{InstanceId, Planned, SpaceId};
use super::state::{Doing, State};
use crate::link::{ImageId, Plan, ProcessNo};
use platform::{TextMapping, Tid};
use std::collections::BTreeSet;
use std::rc::Rc;

impl State {
    /// A thread stands still until all that is mapped in its space has a plan.
    pub(super) fn mapped(&mut self, tid: Tid, mappings: Vec<TextMapping>, out: &mut Vec<Action>) {
        let mapped = self.want_images(tid, mappings, out);
        if let Some(number) = self.process_number(tid) {
            self.note_images(number, &mapped, out);
        }
        let missing = self.without_plan(&mapped);
        if missing.is_empty() || self.leaving {
            self.plant(tid, mapped, out);
        } else {
            self.set_doing(tid, Doing::Parked { mapped, missing });
        }
    }

    /// Numbers the mapped files, and asks for the plans of those that are new.
    pub(super) fn want_images(
        &mut self,
        tid: Tid,
        mappings: Vec<TextMapping>,
        out: &mut Vec<Action>,
    ) -> Vec<(ImageId, TextMapping)> {
        let mut mapped = Vec::with_capacity(mappings.len());
        for mapping in mappings {
            let next = ImageId(self.images.len() as u32);
            let image = *self.images.entry(mapping.file).or_insert(next);
            if image == next {
                out.push(Action::WantImage { image, tid, mapping: mapping.clone() });
            }
            mapped.push((image, mapping));
        }
        mapped
    }

    /// Those of the mapped files whose plan has not come.
    pub(super) fn without_plan(&self, mapped: &[(ImageId, TextMapping)]) -> BTreeSet<ImageId> {
        mapped.iter().map(|(image, _)| *image).filter(|image| !self.plans.contains_key(image)).collect()
    }

    /// Nothing new can be learned of what is mapped, so all that is known of it stays.
    pub(super) fn unreadable(&mut self, tid: Tid, out: &mut Vec<Action>) {
        out.push(Action::Warn {
            process: self.process_number(tid),
            slug: "mappings-unreadable",
            text: "the kernel does not let us read what is mapped (the program made itself undumpable), so what was \
                   mapped since is not measured"
                .to_owned(),
            count: 1,
        });
        self.release(tid, None, out);
    }

    pub(super) fn note_images(&mut self, number: ProcessNo, mapped: &[(ImageId, TextMapping)], out: &mut Vec<Action>) {
        let Some(process) = self.processes.get_mut(&number) else { return };
        for &(image, _) in mapped {
            if process.images.insert(image) {
                out.push(Action::Maps { process: number, image });
            }
        }
    }

    pub(super) fn planned(&mut self, image: ImageId, plan: Rc<Plan>, out: &mut Vec<Action>) {
        self.plans.insert(image, plan.into());
        let mut ready = Vec::new();
        for (tid, tracee) in &mut self.tracees {
            if let Doing::Parked { mapped, missing } = &mut tracee.doing {
                missing.remove(&image);
                if missing.is_empty() {
                    ready.push((*tid, std::mem::take(mapped)));
                }
            }
        }
        for (tid, mapped) in ready {
            self.plant(tid, mapped, out);
        }
        self.plant_waiting(image, out);
    }

    fn plant(&mut self, tid: Tid, mapped: Vec<(ImageId, TextMapping)>, out: &mut Vec<Action>) {
        let planned = self.with_plans(mapped);
        if !self.leaving
            && let Some(id) = self.space_of(tid)
            && let Some(space) = self.spaces.get_mut(&id)
        {
            out.extend(space.remap(id, Some(tid), &planned).into_iter().map(|sync| Action::Sync(Box::new(sync))));
        }
        self.release(tid, None, out);
    }

    pub(super) fn with_plans(&self, mapped: Vec<(ImageId, TextMapping)>) -> Vec<(ImageId, Planned, TextMapping)> {
        let planned = |(image, mapping)| self.plans.get(&image).map(|plan| (image, plan.clone(), mapping));
        mapped.into_iter().filter_map(planned).collect()
    }

    pub(super) fn refused(&mut self, space: SpaceId, instance: InstanceId, probes: &[u32], out: &mut Vec<Action>) {
        if let Some(space) = self.spaces.get_mut(&space) {
            space.refuse(instance, probes);
        }
        let process = self.processes.iter().find(|(_, process)| process.space == space).map(|(number, _)| *number);
        out.push(Action::Warn {
            process,
            slug: "site-not-planted",
            text: "the program's text differs from its file here, or could not be written; lines with no other site \
                   count as not run"
                .to_owned(),
            count: probes.len() as u64,
        });
    }
}
