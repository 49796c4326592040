//! Deciding about mapped files: which are new, whose plan is awaited, what is to be planted.

use super::action::Action;
use super::covered::Planned;
use super::ids::{InstanceId, SpaceId};
use super::reading::{AwaitedPlans, Reading};
use super::state::{Doing, State};
use super::text_change::TextChange;
use crate::link::{ImageId, ProcessNo};
use crate::plan::Plan;
use crate::warning::WarningKind;
use platform::{Avma, TextMapping, Tid};
use std::collections::BTreeSet;
use std::rc::Rc;

impl State {
    /// A thread stays stopped until all that is mapped in its space has a plan.
    pub(crate) fn mapped(&mut self, tid: Tid, mappings: Vec<TextMapping>) {
        let reading = self.want_images(tid, self.space_of(tid), mappings);
        if let Some(number) = self.process_number(tid) {
            self.note_images(number, &reading);
        }
        match self.complete(reading) {
            Err(awaited) if !self.leaving => self.set_doing(tid, Doing::Parked(awaited)),
            Ok(reading) | Err(AwaitedPlans { reading, .. }) => self.plant(tid, reading),
        }
    }

    /// Numbers the mapped files, and asks for the plans of those that are new. What `space` had mapped before is what
    /// it was, whatever can be learned of its file now: it may have been replaced, removed or written to meanwhile.
    pub(crate) fn want_images(&mut self, tid: Tid, space: Option<SpaceId>, mappings: Vec<TextMapping>) -> Reading {
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
                self.out.push(Action::WantImage { image, tid, mapping: mapping.clone() });
            }
            reading.text.push((image, mapping));
        }
        reading
    }

    /// What was read, if no plan is missing.
    pub(crate) fn complete(&self, reading: Reading) -> Result<Reading, AwaitedPlans> {
        let images = reading.text.iter().map(|(image, _)| *image);
        let missing: BTreeSet<ImageId> = images.filter(|image| !self.plans.contains_key(image)).collect();
        if missing.is_empty() { Ok(reading) } else { Err(AwaitedPlans { reading, missing }) }
    }

    /// Nothing new can be learned of what is mapped, so all that is known of it stays.
    pub(crate) fn unreadable(&mut self, tid: Tid) {
        self.out.push(Action::Warn {
            process: self.process_number(tid),
            kind: WarningKind::MappingsUnreadable,
            text: "the kernel does not let us read what is mapped (the program made itself undumpable), so what was \
                   mapped since is not measured"
                .to_owned(),
            count: 1,
        });
        self.release(tid, None);
    }

    pub(crate) fn note_images(&mut self, number: ProcessNo, reading: &Reading) {
        let Some(process) = self.processes.get_mut(&number) else { return };
        for &(image, _) in &reading.text {
            if process.images.insert(image) {
                self.out.push(Action::Maps { process: number, image });
            }
        }
    }

    pub(crate) fn planned(&mut self, image: ImageId, plan: Rc<Plan>) {
        let planned = Planned::from(plan);
        let planned = if self.exact { planned.exactly() } else { planned };
        self.plans.insert(image, planned);
        let mut ready = Vec::new();
        for (tid, tracee) in &mut self.tracees {
            if let Doing::Parked(awaited) = &mut tracee.doing {
                ready.extend(awaited.without(image).map(|reading| (*tid, reading)));
            }
        }
        for (tid, reading) in ready {
            self.plant(tid, reading);
        }
        self.plant_waiting(image);
    }

    fn plant(&mut self, tid: Tid, reading: Reading) {
        if !self.leaving
            && let Some(id) = self.space_of(tid)
        {
            let changes = self.remap(id, Some(tid), reading);
            self.change_text(changes);
        }
        self.release(tid, None);
    }

    /// Takes what was read of a space; gives the text to change for what is new.
    pub(crate) fn remap(&mut self, id: SpaceId, tid: Option<Tid>, reading: Reading) -> Vec<TextChange> {
        let Reading { number, text, dormant } = reading;
        let planned = |(image, mapping)| self.plans.get(&image).map(|plan| (image, plan.clone(), mapping));
        let text: Vec<_> = text.into_iter().filter_map(planned).collect();
        let Some(space) = self.spaces.get_mut(&id) else { return Vec::new() };
        // What was read before what was taken last tells nothing new of it.
        if space.is_as_read(number) { space.remap(tid, &text, &dormant, &self.once) } else { Vec::new() }
    }

    pub(crate) fn overwritten(&mut self, space: SpaceId, places: &[Avma]) {
        if let Some(space) = self.spaces.get_mut(&space) {
            space.overwritten(places);
        }
    }

    pub(crate) fn refused(&mut self, space: SpaceId, instance: InstanceId, probes: &[u32]) {
        if let Some(space) = self.spaces.get_mut(&space) {
            space.refuse(instance, probes);
        }
        self.out.push(Action::Warn {
            process: self.process_in(space),
            kind: WarningKind::SiteNotPlanted,
            text: "the program's text differs from its file here, or could not be written; lines with no other site \
                   count as not run"
                .to_owned(),
            count: probes.len() as u64,
        });
    }
}
