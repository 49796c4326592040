//! Digests of what files have that programs read, by which it is seen later whether they have it still.
//!
//! Invariant: a file is read again only if it is not the same, or was written since; memory is bounded.

use std::collections::HashMap;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use twox_hash::XxHash3_64;

/// Digests of files, as long as these are the same.
#[derive(Debug, Default)]
pub(crate) struct ReadFiles(HashMap<PathBuf, (Identity, Option<u64>)>);

/// What is another one where a file is, or was written to: device, inode, length, and when it was written and changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity(u64, u64, u64, (i64, i64), (i64, i64));

impl Identity {
    fn of(file: &Metadata) -> Self {
        let written = (file.mtime(), file.mtime_nsec());
        Identity(file.dev(), file.ino(), file.len(), written, (file.ctime(), file.ctime_nsec()))
    }
}

impl ReadFiles {
    /// So many are known at most.
    const MOST: usize = 1 << 16;

    /// A digest of what a file has now; `None` if it is no regular file, or cannot be read.
    pub fn digest(&mut self, path: &Path) -> Option<u64> {
        let file = path.metadata().ok().filter(Metadata::is_file)?;
        let identity = Identity::of(&file);
        if let Some((_, digest)) = self.0.get(path).filter(|(known, _)| *known == identity) {
            return *digest;
        }
        let digest = digest_of(path, &file);
        if self.0.len() >= Self::MOST {
            self.0.clear();
        }
        self.0.insert(path.to_owned(), (identity, digest));
        digest
    }
}

/// A digest of what a file has now; `None` if it is no regular file, or cannot be read.
pub(crate) fn file_digest(path: &Path) -> Option<u64> {
    let file = path.metadata().ok().filter(Metadata::is_file)?;
    digest_of(path, &file)
}

fn digest_of(path: &Path, file: &Metadata) -> Option<u64> {
    /// Of a longer file no more than its length counts.
    const LONGEST: u64 = 64 << 20;
    match file.len() {
        len if len > LONGEST => Some(len),
        _ => platform::read_regular(path, LONGEST).ok().map(|bytes| XxHash3_64::oneshot(&bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_digest_is_that_of_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (folder.path().join("one"), folder.path().join("other"));
        fs::write(&one, "a").unwrap();
        fs::write(&other, "a").unwrap();
        let mut files = ReadFiles::default();
        let before = files.digest(&one);
        assert!(before.is_some() && before == files.digest(&other) && before == files.digest(&one));
        assert_eq!(file_digest(&one), before);
        fs::write(&one, "bc").unwrap();
        assert_ne!(files.digest(&one), before);
        assert_eq!([files.digest(folder.path()), files.digest(Path::new("/dev/zero"))], [None, None]);
        assert_eq!(files.digest(&folder.path().join("gone")), None);
    }
}
