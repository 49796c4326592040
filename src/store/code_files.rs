//! The files of a data directory that hold the digests of the code of its images, `images/KEY.code`: with them it can be
//! told what another build does otherwise, although this one is gone.
//!
//! Invariant: a file is written whole, and what was damaged is as if it were not there.

use super::fact_files::{FOLDER, folder_to_write};
use super::keys::ContentKey;
use super::staged::Staged;
use super::{DataDir, ImageFacts, StoreError};
use crate::debuginfo::CodeDigests;

/// No file is longer.
const LONGEST: u64 = 1 << 30;

impl DataDir {
    /// Writes the digests of the code of an image, unless the directory has them; `made` makes them, if that can be done.
    pub(crate) fn keep_code(
        &self,
        image: &ImageFacts,
        made: impl FnOnce() -> Option<CodeDigests>,
    ) -> Result<(), StoreError> {
        let name = name_of(ContentKey::of_image(image));
        let folder = folder_to_write(self)?;
        if folder.kind_of(name.as_ref()).is_ok_and(|kind| kind.is_some()) {
            return Ok(());
        }
        let Some(digests) = made() else { return Ok(()) };
        Staged::write(&folder.into(), name.as_ref(), &digests.encode())?.publish()
    }

    /// The digests of the code of an image, if the directory has them.
    pub fn code_of(&self, image: &ImageFacts) -> Option<CodeDigests> {
        let path = self.path().join(FOLDER).join(name_of(ContentKey::of_image(image)));
        CodeDigests::decode(&platform::read_regular(&path, LONGEST).ok()?)
    }
}

/// The name of the file of an image.
fn name_of(key: ContentKey) -> String {
    format!("{key}.code")
}
