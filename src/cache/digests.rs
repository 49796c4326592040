//! What the texts of an image's sources were when they were read: reading them again would cost more than all that is
//! asked of them.
//!
//! Invariant: what is given for a file is what reading it now would give, as its identity tells.

use super::folder::CacheFolder;
use super::identity::FileIdentity;
use md5::{Digest as _, Md5};
use platform::MappedFile;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// To be raised whenever what is written changes.
const MAGIC: &[u8; 8] = b"covtext\x01";

/// No source is longer; what is longer has no digest.
const LONGEST: u64 = 64 << 20;

/// What is kept of the text of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextDigest {
    /// Of all its bytes.
    pub md5: [u8; 16],
    /// Its lines, the last of which need not end.
    pub lines: u64,
}

impl TextDigest {
    fn of(text: &[u8]) -> TextDigest {
        let ends = text.iter().filter(|byte| **byte == b'\n').count() as u64;
        let lines = ends + u64::from(text.last().is_some_and(|byte| *byte != b'\n'));
        TextDigest { md5: Md5::digest(text).into(), lines }
    }
}

/// The digests of the sources of an image.
#[derive(Debug, Default)]
pub struct Digests {
    place: Option<(CacheFolder, OsString)>,
    known: HashMap<FileIdentity, TextDigest>,
    /// What was asked for, and whether it was not known.
    asked: Mutex<HashMap<FileIdentity, (TextDigest, bool)>>,
}

impl Digests {
    /// Those that a file of the folder has; none if it is damaged.
    pub(super) fn load(folder: &CacheFolder, name: OsString) -> Digests {
        let bytes = folder.open_file(&name).and_then(|file| MappedFile::map(&file).ok());
        let known = bytes.and_then(|bytes| decode(&bytes)).unwrap_or_default();
        Digests { place: Some((folder.clone(), name)), known, asked: Mutex::default() }
    }

    /// That of a source, which was like `before`; None if it cannot be read or is no text of a sensible length.
    pub fn of(&self, path: &Path, before: &Metadata) -> Option<TextDigest> {
        let identity = FileIdentity::of(before);
        let known = self.known.get(&identity).copied();
        let digest = match known {
            Some(digest) => digest,
            None => TextDigest::of(&platform::read_regular(path, LONGEST).ok()?),
        };
        let is_kept = known.is_some() || {
            let after = fs::metadata(path).ok().map(|after| FileIdentity::of(&after));
            after.as_ref() == Some(&identity) && identity.is_settled(SystemTime::now())
        };
        if is_kept {
            let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            asked.insert(identity, (digest, known.is_none()));
        }
        Some(digest)
    }

    /// Keeps what was asked for, for the next time.
    pub fn store(self) {
        let asked = self.asked.into_inner().unwrap_or_else(PoisonError::into_inner);
        let Some((folder, name)) = self.place.filter(|_| asked.values().any(|(_, is_new)| *is_new)) else { return };
        let entries: BTreeMap<FileIdentity, TextDigest> =
            asked.into_iter().map(|(of, (digest, _))| (of, digest)).collect();
        let put = |mut file: fs::File| file.write_all(&encode(&entries)).map(|()| file);
        let _read_again_next_time: io::Result<()> = folder.replace(&name, put);
    }
}

/// Magic, entries, and the CRC-32 of both.
fn encode(entries: &BTreeMap<FileIdentity, TextDigest>) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend(postcard::to_stdvec(entries).expect("invariant: numbers always encode"));
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    bytes
}

fn decode(bytes: &[u8]) -> Option<HashMap<FileIdentity, TextDigest>> {
    let (content, checksum) = bytes.split_last_chunk::<4>()?;
    let entries = content.strip_prefix(MAGIC)?;
    (crc32fast::hash(content).to_le_bytes() == *checksum).then(|| postcard::from_bytes(entries).ok())?
}

#[cfg(test)]
mod tests {
    use super::super::Cache;
    use super::super::tests::settled_file;
    use super::*;

    #[test]
    fn what_was_read_once_is_known_until_the_source_changes() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(&folder.path().join("cache")).unwrap();
        let (image, source) = (folder.path().join("image"), folder.path().join("a.c"));
        let image = settled_file(&image, "");
        let before = settled_file(&source, "one\ntwo");
        let digest = TextDigest::of(b"one\ntwo");
        assert_eq!(digest.lines, 2);
        let digests = cache.digests(&image);
        assert_eq!(digests.of(&source, &before), Some(digest));
        digests.store();
        let again = cache.digests(&image);
        assert_eq!(again.known.values().collect::<Vec<_>>(), [&digest]);
        assert_eq!(again.of(Path::new("/nowhere"), &before), Some(digest), "it is not read again");
        let after = settled_file(&source, "two\none");
        assert_eq!(again.of(&source, &after), Some(TextDigest::of(b"two\none")));
    }

    #[test]
    fn what_is_damaged_is_not_known() {
        let meta = fs::metadata("/").unwrap();
        let bytes = encode(&BTreeMap::from([(FileIdentity::of(&meta), TextDigest::of(b"x"))]));
        assert_eq!(decode(&bytes).unwrap().len(), 1);
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert_eq!(decode(&damaged), None, "byte {at}");
            assert_eq!(decode(&bytes[..at]), None, "{at} bytes");
        }
    }
}
