//! The folder of the cache: who may write to it, how a file comes into it, and which have to go.
//!
//! Invariant: a file under its final name is whole.

use platform::process::effective_user;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// How the names of whole files end.
const WHOLE: &str = "index";

/// How the names of files that are being written end.
const UNFINISHED: &str = "new";

/// After this time nobody writes to an unfinished file any more.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

/// A folder that only this user writes to.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    path: PathBuf,
    limit: u64,
}

impl Folder {
    /// Opens or makes a folder that may hold `limit` bytes.
    pub(super) fn open(path: &Path, limit: u64) -> Option<Folder> {
        const OTHERS_WRITE: u32 = 0o022;
        DirBuilder::new().recursive(true).mode(0o700).create(path).ok()?;
        let meta = path.metadata().ok()?;
        let own = meta.uid() == effective_user() && meta.mode() & OTHERS_WRITE == 0;
        own.then(|| Folder { path: path.to_owned(), limit })
    }

    /// Where the file of this name is, if there is one.
    pub(super) fn path_of(&self, name: &str) -> PathBuf {
        self.path.join(format!("{name}.{WHOLE}"))
    }

    /// Opens a file of this user's to read.
    pub(super) fn open_file(&self, path: &Path) -> Option<File> {
        let meta = path.symlink_metadata().ok().filter(|meta| meta.is_file() && meta.uid() == effective_user())?;
        (meta.len() <= self.limit).then(|| platform::open_regular(path, OpenOptions::new().read(true)).ok())?
    }

    /// Puts a file that `put` writes in the place of another, or of none, and makes room.
    ///
    /// # Errors
    /// When it cannot be written; then nothing is left of it.
    pub(super) fn replace(&self, path: &Path, put: impl FnOnce(File) -> io::Result<File>) -> io::Result<()> {
        static WRITTEN: AtomicU64 = AtomicU64::new(0);
        let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
        let unfinished = self.path.join(format!("{}-{number}.{UNFINISHED}", std::process::id()));
        let write = || {
            let file = put(OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?)?;
            if file.metadata()?.len() > self.limit {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
            std::fs::rename(&unfinished, path)
        };
        write().inspect_err(|_| {
            let _never_made = std::fs::remove_file(&unfinished);
        })?;
        self.make_room()
    }

    /// Removes what was used longest ago until the rest is within the limit, and what nobody will finish.
    fn make_room(&self) -> io::Result<()> {
        let now = SystemTime::now();
        let mut whole = Vec::new();
        for entry in std::fs::read_dir(&self.path)?.map_while(Result::ok) {
            let path = entry.path();
            // Others make room too.
            let Ok(meta) = entry.metadata() else { continue };
            let Ok(used) = meta.modified() else { continue };
            if path.extension().is_some_and(|extension| extension == WHOLE) {
                whole.push((used, meta.len(), path));
            } else if path.extension().is_some_and(|extension| extension == UNFINISHED)
                && now.duration_since(used).is_ok_and(|since| since > ABANDONED)
            {
                let _gone_already = std::fs::remove_file(path);
            }
        }
        whole.sort();
        let mut held = whole.iter().fold(0u64, |sum, (_, len, _)| sum.saturating_add(*len));
        for (_, len, path) in whole {
            if held <= self.limit {
                break;
            }
            held = held.saturating_sub(len);
            let _gone_already = std::fs::remove_file(path);
        }
        Ok(())
    }
}
