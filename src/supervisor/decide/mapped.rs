//! What is mapped in an address space: the images in it follow what its mappings are read to be.

use super::covered::Planned;
use super::ids::{FileAt, InstanceId, MappedText};
use super::instance::Instance;
use super::once::RunOnce;
use super::space::Space;
use super::text_change::{LandmarkChange, TextChange};
use crate::link::ImageId;
use platform::{Avma, TextMapping, Tid};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Range;

/// The same ranges, in order, those that touch made one.
fn joined(mut ranges: Vec<Range<Avma>>) -> Vec<Range<Avma>> {
    ranges.sort_by_key(|range| range.start);
    let mut joined: Vec<Range<Avma>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if last.end >= range.start => last.end = last.end.max(range.end),
            Some(_) | None => joined.push(range),
        }
    }
    joined
}

impl Space {
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
        tid: Option<Tid>,
        mapped: &[(ImageId, Planned, TextMapping)],
        dormant: &[TextMapping],
        once: &RunOnce,
    ) -> Vec<TextChange> {
        let mut files = BTreeMap::new();
        let mut now: BTreeMap<InstanceId, Vec<Range<Avma>>> = BTreeMap::new();
        for (image, planned, mapping) in mapped {
            let at = FileAt::of(mapping);
            let known = *files.entry(at).or_insert_with(|| self.files.get(&at).copied().unwrap_or(*image));
            let id = InstanceId { image: known, bias: at.bias };
            if let Entry::Vacant(entry) = self.instances.entry(id)
                && known == *image
                && !planned.plan.is_empty()
            {
                entry.insert(Instance::new(id, planned, once.of(id.image)));
            }
            now.entry(id).or_default().push(mapping.start..mapping.end);
        }
        for mapping in dormant {
            let at = FileAt::of(mapping);
            let Some(&image) = self.files.get(&at) else { continue };
            files.insert(at, image);
            let id = InstanceId { image, bias: at.bias };
            let Some(instance) = self.instances.get(&id) else { continue };
            now.entry(id).or_default().extend(instance.overlap(&(mapping.start..mapping.end)));
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
            let change = instance.cover(once.of(id.image).map(|known| &known.is_spent));
            changes.push(instance.text_change(self.id, tid, change, LandmarkChange::Arm));
        }
        self.index();
        changes
    }

    fn index(&mut self) {
        let of = |instance: &Instance| {
            let text = |range: &Range<Avma>| MappedText { range: range.clone(), instance: instance.id };
            instance.ranges.iter().map(text).collect::<Vec<_>>()
        };
        self.lookup = self.instances.values().flat_map(of).collect();
        self.lookup.sort_by_key(|text| text.range.start);
    }
}
