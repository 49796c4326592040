//! The digests of an image's code: making them takes longer than all else that a warm start does.
//!
//! Invariant: what is given for a file is what reading it now would give, as its identity tells.

use super::Cache;
use super::folder::CacheFolder;
use super::identity::FileIdentity;
use crate::debuginfo::CodeDigests;
use platform::MappedFile;
use std::ffi::OsString;
use std::fs::Metadata;
use std::io::{self, Write};
use std::time::SystemTime;

impl Cache {
    /// The digests of the code of an image, which was like `before`.
    pub fn code(&self, before: &Metadata) -> Option<CodeDigests> {
        let file = self.folder.open_file(&name(before))?;
        let bytes = MappedFile::map(&file).ok()?;
        let (identity, digests) = postcard::take_from_bytes::<FileIdentity>(&bytes).ok()?;
        (identity == FileIdentity::of(before)).then(|| CodeDigests::decode(digests))?
    }

    /// Keeps those of an image, which was like `before` before the first byte was read.
    pub fn keep_code(&self, before: &Metadata, digests: &CodeDigests) {
        let identity = FileIdentity::of(before);
        if identity.is_settled(SystemTime::now()) {
            // The name alone does not tell one file from another that took its place.
            let mut bytes = postcard::to_stdvec(&identity).expect("invariant: numbers always encode");
            bytes.extend(digests.encode());
            let put = |mut file: std::fs::File| file.write_all(&bytes).map(|()| file);
            let _made_again_next_time: io::Result<()> = self.folder.replace(&name(before), put);
        }
    }
}

fn name(image: &Metadata) -> OsString {
    CacheFolder::whole(&format!("{}.code", FileIdentity::of(image).name()))
}

#[cfg(test)]
mod tests {
    use super::super::tests::settled_file;
    use super::*;
    use std::fs;

    #[test]
    fn digests_are_kept_for_as_long_as_the_image_is_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let image = folder.path().join("image");
        let before = settled_file(&image, "one");
        let cache = Cache::open(&folder.path().join("cache")).unwrap();
        let digests = CodeDigests { rest: 7, functions: vec![(1, 2)], ..CodeDigests::default() };
        cache.keep_code(&before, &digests);
        assert_eq!(cache.code(&before), Some(digests));
        fs::write(&image, "two!").unwrap();
        assert_eq!(cache.code(&fs::metadata(&image).unwrap()), None);
    }
}
