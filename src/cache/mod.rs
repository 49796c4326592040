//! Indexes of images that were read before, and digests of their sources, so that reading them again costs next to
//! nothing: two files per image in a folder of the user's.
//!
//! Invariants: what comes out of it is what reading the image again would give, or nothing; whatever fails here, the image
//! is read instead, without a message. Files are replaced whole, so any number of runs may share the folder.

mod code;
mod contents;
mod digests;
mod folder;
mod identity;
#[cfg(test)]
mod tests;

use crate::debuginfo::ImageIndex;
use contents::Maker;
pub(crate) use digests::Digests;
use folder::CacheFolder;
use identity::FileIdentity;
use platform::MappedFile;
use std::ffi::OsString;
use std::fs::Metadata;
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// How much the folder may hold, in bytes.
const LIMIT: u64 = 512 << 20;

/// How long the last use of a file may be wrong: touching it costs a write.
const USE_IS_NOTED: Duration = Duration::from_secs(24 * 60 * 60);

/// Where the indexes are.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: CacheFolder,
    maker: Maker,
}

/// The place of one image in the cache.
#[derive(Debug)]
pub struct CacheSlot<'c> {
    cache: &'c Cache,
    identity: FileIdentity,
    /// Whether what is read now cannot change without a change of the identity.
    settled: bool,
    name: OsString,
}

impl Cache {
    /// The cache in a folder, which is made if need be; None if it is not this user's alone to write to.
    pub fn open(folder: &Path) -> Option<Cache> {
        Cache::holding(folder, LIMIT)
    }

    fn holding(folder: &Path, limit: u64) -> Option<Cache> {
        Some(Cache { folder: CacheFolder::open(folder, limit)?, maker: Maker::this() })
    }

    /// Where the index of an image belongs.
    ///
    /// `before` is what its file was like before the first byte was read: should it be changed meanwhile, what is read
    /// belongs to nothing that anybody will look for.
    pub fn place(&self, before: &Metadata) -> CacheSlot<'_> {
        let identity = FileIdentity::of(before);
        let name = CacheFolder::whole(&identity.name());
        CacheSlot { cache: self, settled: identity.is_settled(SystemTime::now()), identity, name }
    }

    /// The digests of the sources of an image.
    pub fn digests(&self, image: &Metadata) -> Digests {
        Digests::load(&self.folder, CacheFolder::whole(&format!("{}.sources", FileIdentity::of(image).name())))
    }
}

/// How much was written.
struct Counted(u64);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl CacheSlot<'_> {
    /// The index of the image, if it is there, whole, and fits the image.
    pub fn load(&self, image: &[u8]) -> Option<ImageIndex> {
        let file = self.cache.folder.open_file(&self.name)?;
        let mapped = MappedFile::map(&file).ok()?;
        let index = contents::decode(&mapped, &self.cache.maker, &self.identity, image)?;
        let now = SystemTime::now();
        let used = file.metadata().and_then(|meta| meta.modified()).ok()?;
        if now.duration_since(used).is_ok_and(|since| since > USE_IS_NOTED) {
            let _kept_all_the_same = file.set_modified(now);
        }
        Some(index)
    }

    /// How many bytes the file of an index would have, if that is more than the cache holds.
    pub fn exceeds(&self, index: &ImageIndex) -> Option<u64> {
        let limit = self.cache.folder.limit();
        // Most are far from it, and need not be counted.
        if contents::at_most(index) <= limit {
            return None;
        }
        let counted = contents::write(Counted(0), index, &self.cache.maker, &self.identity).ok()?.0;
        (counted > limit).then_some(counted)
    }

    /// Puts the index of the image there, and makes room by removing what was used longest ago.
    pub fn store(&self, index: &ImageIndex) {
        if !self.settled {
            return;
        }
        let put = |file| contents::write(file, index, &self.cache.maker, &self.identity);
        let _read_anew_next_time: io::Result<()> = self.cache.folder.replace(&self.name, put);
    }
}
