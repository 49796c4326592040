//! Deciding about mapped files: which are new, whose plan is awaited, what is to be planted.

use super::action::Action;
use super::space::{InstanceId, SpaceId, TextChange};
use super::state::{Doing, Reading, State};
use crate::link::{ImageId, ProcessNo};
use crate::plan::Plan;
use crate::warning::WarningKind;
use platform::{Avma, TextMapping, Tid};
use std::collections::BTreeSet;
use std::rc::Rc;

impl State {
    /// A thread stays stopped until all that is mapped in its space has a plan.
    pub(crate) fn mapped(&mut self, tid: Tid, mappings: Vec<TextMapping>, out: &mut Vec<Action>) {
        let reading = self.want_images(tid, self.space_of(tid), mappings, out);
        if let Some(number) = self.process_number(tid) {
            self.note_images(number, &reading, out);
        }
        let missing = self.without_plan(&reading);
        if missing.is_empty() || self.leaving {
            self.plant(tid, reading, out);
        } else {
            self.set_doing(tid, Doing::Parked { reading, missing });
        }
    }

    /// Numbers the mapped files, and asks for the plans of those that are new. What `space` had mapped before is what
    /// it was, whatever can be learned of its file now: it may have been replaced, removed or written to meanwhile.
    pub(crate) fn want_images(
        &mut self,
        tid: Tid,
        space: Option<SpaceId>,
        mappings: Vec<TextMapping>,
        out: &mut Vec<Action>,
    ) -> Reading {
        let mut reading = Reading { number: self.number_reading(), ..Reading::default() };
        let space = space.and_then(|space| self.spaces.get(&space));
        for mapping in mappings {
            if mapping.dormant {
                reading.dormant.push(mapping);
                continue;
            }
            let next = ImageId(self.images.len() as u32);
            let known = space.and_then(|space| space.image_of(&mapping));
            let image = known.unwrap_or_else(|| *self.images.entry(mapping.file).or_insert(next));
            if image == next {
                out.push(Action::WantImage { image, tid, mapping: mapping.clone() });
            }
            reading.text.push((image, mapping));
        }
        reading
    }

    /// Those of the mapped files whose plan has not come.
    pub(crate) fn without_plan(&self, reading: &Reading) -> BTreeSet<ImageId> {
        reading.text.iter().map(|(image, _)| *image).filter(|image| !self.plans.contains_key(image)).collect()
    }

    /// Nothing new can be learned of what is mapped, so all that is known of it stays.
    pub(crate) fn unreadable(&mut self, tid: Tid, out: &mut Vec<Action>) {
        out.push(Action::Warn {
            process: self.process_number(tid),
            kind: WarningKind::MappingsUnreadable,
            text: "the kernel does not let us read what is mapped (the program made itself undumpable), so what was \
                   mapped since is not measured"
                .to_owned(),
            count: 1,
        });
        self.release(tid, None, out);
    }

    pub(crate) fn note_images(&mut self, number: ProcessNo, reading: &Reading, out: &mut Vec<Action>) {
        let Some(process) = self.processes.get_mut(&number) else { return };
        for &(image, _) in &reading.text {
            if process.images.insert(image) {
                out.push(Action::Maps { process: number, image });
            }
        }
    }

    pub(crate) fn planned(&mut self, image: ImageId, plan: Rc<Plan>, out: &mut Vec<Action>) {
        self.plans.insert(image, plan.into());
        let mut ready = Vec::new();
        for (tid, tracee) in &mut self.tracees {
            if let Doing::Parked { reading, missing } = &mut tracee.doing {
                missing.remove(&image);
                if missing.is_empty() {
                    ready.push((*tid, std::mem::take(reading)));
                }
            }
        }
        for (tid, reading) in ready {
            self.plant(tid, reading, out);
        }
        self.plant_waiting(image, out);
    }

    fn plant(&mut self, tid: Tid, reading: Reading, out: &mut Vec<Action>) {
        if !self.leaving
            && let Some(id) = self.space_of(tid)
        {
            out.extend(self.remap(id, Some(tid), reading).into_iter().map(|sync| Action::TextChange(Box::new(sync))));
        }
        self.release(tid, None, out);
    }

    /// Takes what was read of a space; gives the text to change for what is new.
    pub(crate) fn remap(&mut self, id: SpaceId, tid: Option<Tid>, reading: Reading) -> Vec<TextChange> {
        let Reading { number, text, dormant } = reading;
        let planned = |(image, mapping)| self.plans.get(&image).map(|plan| (image, plan.clone(), mapping));
        let text: Vec<_> = text.into_iter().filter_map(planned).collect();
        let Some(space) = self.spaces.get_mut(&id) else { return Vec::new() };
        // What was read before what was taken last tells nothing new of it.
        if space.is_as_read(number) { space.remap(id, tid, &text, &dormant) } else { Vec::new() }
    }

    pub(crate) fn overwritten(&mut self, space: SpaceId, places: &[Avma]) {
        if let Some(space) = self.spaces.get_mut(&space) {
            space.overwritten(places);
        }
    }

    pub(crate) fn refused(&mut self, space: SpaceId, instance: InstanceId, probes: &[u32], out: &mut Vec<Action>) {
        if let Some(space) = self.spaces.get_mut(&space) {
            space.refuse(instance, probes);
        }
        let process = self.processes.iter().find(|(_, process)| process.space == space).map(|(number, _)| *number);
        out.push(Action::Warn {
            process,
            kind: WarningKind::SiteNotPlanted,
            text: "the program's text differs from its file here, or could not be written; lines with no other site \
                   count as not run"
                .to_owned(),
            count: probes.len() as u64,
        });
    }
}
