//! The folder of the cache: who may write to it, how a file comes into it, and which have to go.
//!
//! Invariants: a file under its final name is whole; the folder is this user's alone, no link, and in no folder where
//! another user could put one in its place (root with another user's HOME has no cache).

use platform::process::effective_user;
use platform::{EntryKind, Trust};
use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// How the names of whole files end.
const WHOLE: &str = "index";

/// How the names of files that are being written end.
const UNFINISHED: &str = "new";

/// After this time nobody writes to an unfinished file any more.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

/// Nobody else may write to the folder itself; above it a user's group may, as some systems have it by default.
const OTHERS_WRITE: u32 = 0o022;
const EVERYBODY_WRITES: u32 = 0o002;

/// In such a folder others cannot rename or remove what is not theirs (inode(7)).
const STICKY: u32 = 0o1000;

/// A folder that only this user writes to.
#[derive(Clone, Debug)]
pub(super) struct CacheFolder {
    folder: Arc<platform::Folder>,
    limit: u64,
}

impl CacheFolder {
    /// Opens or makes a folder that may hold `limit` bytes.
    pub(super) fn open(path: &Path, limit: u64) -> Option<CacheFolder> {
        const OWN: u32 = 0o700;
        let (trust, name) = (Trust::own(), path.file_name()?);
        let above = path.ancestors().skip(1).find_map(|above| platform::Folder::open(above, trust).ok())?;
        let parent = path.parent().filter(|_| is_safe(&above)).filter(|parent| *parent != Path::new(""))?;
        let parent = platform::Folder::open_or_make(parent, trust, OWN).ok().filter(is_safe)?;
        let made = parent.make_folder(name, OWN);
        let folder = made.or_else(|_| parent.folder(name)).ok()?;
        let own = folder.owner().ok()? == effective_user() && folder.mode().ok()? & OTHERS_WRITE == 0;
        own.then(|| CacheFolder { folder: Arc::new(folder), limit })
    }

    /// How many bytes it may hold.
    pub(super) fn limit(&self) -> u64 {
        self.limit
    }

    /// What the whole file of this name is called.
    pub(super) fn whole(name: &str) -> OsString {
        format!("{name}.{WHOLE}").into()
    }

    /// Opens a file of this user's to read.
    pub(super) fn open_file(&self, name: &OsStr) -> Option<File> {
        let file = self.folder.open_file(name).ok()?;
        let meta = file.metadata().ok()?;
        (meta.uid() == effective_user() && meta.len() <= self.limit).then_some(file)
    }

    /// Puts a file that `put` writes in the place of another, or of none, and makes room.
    ///
    /// # Errors
    /// When it cannot be written; then nothing is left of it.
    pub(super) fn replace(&self, name: &OsStr, put: impl FnOnce(File) -> io::Result<File>) -> io::Result<()> {
        let unfinished = |number: u64| OsString::from(format!("{number:016x}.{UNFINISHED}"));
        let (unfinished, file) = self.folder.create_some_file(unfinished, 0o600)?;
        let write = || {
            if put(file)?.metadata()?.len() > self.limit {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
            self.folder.rename(&unfinished, &self.folder, name)
        };
        write().inspect_err(|_| {
            let _never_made = self.folder.remove_file(&unfinished);
        })?;
        self.make_room()
    }

    /// Removes what was used longest ago until the rest is within the limit, and what nobody will finish.
    fn make_room(&self) -> io::Result<()> {
        let now = SystemTime::now();
        let mut whole = Vec::new();
        for entry in self.folder.entries()?.into_iter().filter(|entry| entry.kind == EntryKind::File) {
            let extension = Path::new(&entry.name).extension();
            let (is_whole, is_unfinished) =
                [WHOLE, UNFINISHED].map(|known| extension.is_some_and(|extension| extension == known)).into();
            if !is_whole && !is_unfinished {
                continue;
            }
            // Others make room too.
            let Ok((used, len)) = self.folder.open_file(&entry.name).and_then(|file| use_of(&file.metadata()?)) else {
                continue;
            };
            if is_whole {
                whole.push((used, len, entry.name));
            } else if now.duration_since(used).is_ok_and(|since| since > ABANDONED) {
                let _gone_already = self.folder.remove_file(&entry.name);
            }
        }
        whole.sort();
        let mut held = whole.iter().fold(0u64, |sum, (_, len, _)| sum.saturating_add(*len));
        for (_, len, name) in whole {
            if held <= self.limit {
                break;
            }
            held = held.saturating_sub(len);
            let _gone_already = self.folder.remove_file(&name);
        }
        Ok(())
    }
}

fn use_of(meta: &Metadata) -> io::Result<(SystemTime, u64)> {
    Ok((meta.modified()?, meta.len()))
}

/// Whether nobody but this user and root can replace what is in a folder.
fn is_safe(folder: &platform::Folder) -> bool {
    let (Ok(owner), Ok(mode)) = (folder.owner(), folder.mode()) else { return false };
    is_safe_with(Trust::own(), owner, mode)
}

fn is_safe_with(trust: Trust, owner: u32, mode: u32) -> bool {
    trust.takes(owner) && (mode & EVERYBODY_WRITES == 0 || mode & STICKY != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_others_or_open_to_them_is_not_safe() {
        let (trust, own) = (Trust::own(), effective_user());
        for mode in [0o755, 0o700, 0o775, 0o1777] {
            assert!(is_safe_with(trust, own, mode) && is_safe_with(trust, 0, mode), "{mode:o}");
            assert!(!is_safe_with(trust, own + 1, mode), "{mode:o}");
        }
        assert!([0o777, 0o757, 0o702].iter().all(|mode| !is_safe_with(trust, own, *mode)));
    }
}
