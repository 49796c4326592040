//! What is found out of images in a thread of its own, so that no program waits for that: their sources, and digests of their
//! code.

use super::facts::{Facts, StoredFacts};
use crate::cache::{Cache, Digests};
use crate::debuginfo::{self, CodeDigests, ImageIndex};
use crate::link::{ImageId, RunDir};
use crate::store::DataDir;
use platform::MappedFile;
use std::fs::Metadata;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};

/// Facts whose sources are to be found.
pub(super) struct Sourceless {
    pub image: ImageId,
    pub facts: StoredFacts,
    /// What the image's file was like before it was read.
    pub before: Metadata,
    /// Whether the run's directory has the facts.
    pub are_kept: bool,
    /// What digests of its code are made of, if anything is measured of it.
    pub code: Option<CodeToDigest>,
}

/// An image whose code is to be digested.
pub(super) struct CodeToDigest {
    pub bytes: Arc<MappedFile>,
    pub index: Arc<ImageIndex>,
}

/// The thread that finds sources.
pub(super) struct SourceFinder {
    pub run: RunDir,
    pub data: DataDir,
    pub cache: Option<Cache>,
    pub done: Sender<(ImageId, Facts)>,
}

impl SourceFinder {
    /// Finds the sources of each, until nobody can ask any more.
    pub fn serve(self, sourceless: &Receiver<Sourceless>) {
        for Sourceless { image, mut facts, before, are_kept, code } in sourceless {
            let digests = find_sources(&mut facts, &before, self.cache.as_ref());
            // Opened again, since many may wait here, and a limit may leave few descriptors (`ulimit -n`).
            let file = are_kept.then(|| self.run.facts_to_append(image));
            let _disk_full = file.map(|file| file.and_then(|file| facts.write_sources(file)));
            let facts = facts.into_facts();
            if !facts.image.files.is_empty() {
                // While the program runs, so that its end need not wait for it. Whoever writes a process tells what fails.
                let _tried_again = self.data.keep_image(&facts.image);
            }
            let described = facts.image.clone();
            let _recorder_ends = self.done.send((image, facts));
            // When nobody waits any more.
            digests.store();
            if let Some(code) = code {
                // Without them nothing is known of what another build does otherwise, and `affected` says so.
                let _disk_full = self.data.keep_code(&described, || self.digests_of(&before, &code));
            }
        }
    }

    /// The digests of the code of an image, with which its functions can be compared with those of another build.
    fn digests_of(&self, before: &Metadata, code: &CodeToDigest) -> Option<CodeDigests> {
        let known = self.cache.as_ref().and_then(|cache| cache.code(before));
        known.or_else(|| {
            let lines = |part| code.index.lines_in(part);
            let made = std::panic::catch_unwind(AssertUnwindSafe(|| debuginfo::code_digests(&code.bytes, &lines)));
            code.bytes.release();
            let digests = made.ok()?.ok()?;
            if let Some(cache) = &self.cache {
                cache.keep_code(before, &digests);
            }
            Some(digests)
        })
    }
}

/// Finds the sources of an image, by digests of theirs that the cache keeps; gives these, for the cache to keep again.
/// `before` is what the image's file was like before it was read.
pub(super) fn find_sources(facts: &mut StoredFacts, before: &Metadata, cache: Option<&Cache>) -> Digests {
    let digests = cache.map(|cache| cache.digests(before)).unwrap_or_default();
    facts.find_sources(before, &digests);
    digests
}
