//! The files of the measured images, held open while an address space has breakpoints of theirs: only they tell what
//! belongs around a breakpoint, and by then the names may be those of other files.
//!
//! Invariant: a file that no address space uses any more is closed, so that the disk space of a deleted one is freed.

use super::copies::{self, Around, LeftAlone};
use crate::link::ImageId;
use crate::supervisor::decide::ids::SpaceId;
use crate::supervisor::decide::planted_text::PlantedText;
use platform::{TextMapping, Tid};
use std::collections::{BTreeSet, HashMap};
use std::fs::File;

/// A file, and where it was seen first.
#[derive(Debug)]
struct ImageFile {
    mapping: TextMapping,
    file: Option<File>,
    users: usize,
}

/// The files by image.
#[derive(Debug, Default)]
pub(crate) struct ImageFiles {
    images: HashMap<ImageId, ImageFile>,
    used: HashMap<SpaceId, BTreeSet<ImageId>>,
}

impl ImageFiles {
    /// Opens the file of a new image; gives a descriptor for the recorder, if it can be reached.
    pub fn open(&mut self, image: ImageId, tid: Tid, mapping: TextMapping) -> Option<File> {
        let opened = platform::open_mapped(tid, &mapping).ok();
        let file = opened.as_ref().and_then(held);
        self.images.insert(image, ImageFile { mapping, file, users: 0 });
        opened
    }

    /// The mapping in which an image was seen first.
    pub fn mapping(&self, image: ImageId) -> Option<&TextMapping> {
        self.images.get(&image).map(|image| &image.mapping)
    }

    /// The file of an image, if it could be held.
    pub fn get(&self, image: ImageId) -> Option<&File> {
        self.images.get(&image)?.file.as_ref()
    }

    /// For each breakpoint in memory the byte that belongs there, if it is a copy of one of ours.
    pub fn originals(&self, found: &[Around], left_alone: LeftAlone, sources: &[PlantedText]) -> Vec<Option<u8>> {
        let files = sources.iter().filter_map(|source| Some((source, self.get(source.instance.image)?)));
        copies::originals(found, left_alone, files)
    }

    /// Nothing of an image is to be planted.
    pub fn forget(&mut self, image: ImageId) {
        self.images.remove(&image);
    }

    /// An address space has an image, which is known in it by `tid`.
    pub fn uses(&mut self, space: SpaceId, image: ImageId, tid: Option<Tid>) {
        let Some(entry) = self.images.get_mut(&image) else { return };
        if !self.used.entry(space).or_default().insert(image) {
            return;
        }
        entry.users += 1;
        if entry.file.is_none()
            && entry.users == 1
            && let Some(tid) = tid
        {
            entry.file = platform::open_mapped(tid, &entry.mapping).ok().as_ref().and_then(held);
        }
    }

    /// An address space is a copy of another.
    pub fn copied(&mut self, space: SpaceId, of: SpaceId) {
        for image in self.used.get(&of).cloned().unwrap_or_default() {
            self.uses(space, image, None);
        }
    }

    /// An address space is gone.
    pub fn close(&mut self, space: SpaceId) {
        for image in self.used.remove(&space).unwrap_or_default() {
            if let Some(entry) = self.images.get_mut(&image) {
                entry.users -= 1;
                if entry.users == 0 {
                    entry.file = None;
                }
            }
        }
    }
}

/// The same file once more, unless descriptors are few: the address spaces need theirs more.
fn held(file: &File) -> Option<File> {
    file.try_clone().ok().filter(platform::process::leaves_descriptors)
}
