//! The folder that a site is written into, replaced as a whole.
//!
//! Invariants: a folder with anything in it that is not a site of ours is never touched; readers see the old site or the
//! new one; an attempt that fails leaves nothing behind.

use platform::{EntryKind, Trust, user_in_words};
use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The file that tells a site of ours.
const MARK: &str = ".cov-trace-html";

/// What folders and files allow, less the umask.
const MODE: (u32, u32) = (0o777, 0o666);

/// Why a site cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// There is something else in the folder.
    #[error("write {}: it is there already and is no report of cov-trace html; name another folder with -o", path.display())]
    NotOurs {
        /// Path of the folder that the site was to be written to.
        path: PathBuf,
    },
    /// The folder is another user's.
    #[error("write {}: it is there already and belongs to {}; name another folder with -o", path.display(), user_in_words(*owner))]
    OfAnotherUser {
        /// Path of the folder that the site was to be written to.
        path: PathBuf,
        /// Uid of the owner.
        owner: u32,
    },
    /// The system refuses.
    #[error("write {}: {source}; another folder can be named with -o", path.display())]
    Write {
        /// What it was about.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// A folder that is being written, beside the one that it is to replace.
#[derive(Debug)]
pub(super) struct OutputFolder {
    path: PathBuf,
    trust: Trust,
    parent: platform::Folder,
    /// What it will be called in the parent.
    name: OsString,
    /// What it is called while it is written.
    temporary: Option<OsString>,
    written: platform::Folder,
}

impl OutputFolder {
    /// Starts a folder that is to be at a path.
    pub(super) fn new(path: &Path, trust: Trust) -> Result<OutputFolder, SiteError> {
        let refused = |source| SiteError::Write { path: path.to_owned(), source };
        // The working directory or one above it has a name, too; only the root has none.
        let whole = if path.file_name().is_none() { path.canonicalize().map_err(refused)? } else { path.to_owned() };
        if whole.file_name().is_none() {
            return Err(SiteError::NotOurs { path: path.to_owned() });
        }
        let path = whole.as_path();
        let above = path.parent().filter(|above| *above != Path::new("")).unwrap_or(Path::new("."));
        platform::Folder::open_or_make(above, trust, MODE.0).map_err(refused)?;
        let (parent, name) = platform::Folder::of(path, trust).map_err(refused)?;
        former(&parent, &name, path, trust)?;
        let (temporary, written) = parent.make_some_folder(".cov-trace-html-", MODE.0).map_err(refused)?;
        let folder = OutputFolder { path: path.to_owned(), trust, parent, name, temporary: Some(temporary), written };
        folder.write(MARK, "")?;
        Ok(folder)
    }

    /// Writes a file. Its name must be one of ours, not of what was measured.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<(), SiteError> {
        let refused = |source| SiteError::Write { path: self.path.join(name), source };
        let (above, name) = name.rsplit_once('/').map_or((None, name), |(above, name)| (Some(above), name));
        let mut folder = self.written.try_clone().map_err(refused)?;
        for part in above.iter().flat_map(|above| above.split('/')).map(OsStr::new) {
            folder = folder.folder_or_make(part, MODE.0).map_err(refused)?;
        }
        let mut file = folder.create_file(name.as_ref(), MODE.1).map_err(refused)?;
        file.write_all(text.as_bytes()).map_err(refused)
    }

    /// Puts it in its place.
    pub(super) fn finish(mut self) -> Result<(), SiteError> {
        let refused = |source| SiteError::Write { path: self.path.clone(), source };
        let former = former(&self.parent, &self.name, &self.path, self.trust)?;
        let Some(temporary) = &self.temporary else { return Ok(()) };
        let put = || self.parent.rename(temporary, &self.parent, &self.name);
        if let Some(former) = former {
            const BEFORE: &str = "before";
            let (old, aside) = self.parent.make_some_folder(".cov-trace-html-", 0o700).map_err(refused)?;
            self.parent.rename(&self.name, &aside, BEFORE.as_ref()).map_err(refused)?;
            // Somebody may have put another one there meanwhile.
            let moved = aside.folder(BEFORE.as_ref()).and_then(|moved| moved.identity());
            let same = moved.is_ok_and(|moved| former.identity().is_ok_and(|former| former == moved));
            let done = if same { put() } else { Err(io::ErrorKind::AlreadyExists.into()) };
            if done.is_err() {
                aside.rename(BEFORE.as_ref(), &self.parent, &self.name).map_err(refused)?;
            }
            self.parent.remove_all(&old).map_err(refused)?;
            done.map_err(refused)?;
        } else {
            put().map_err(refused)?;
        }
        self.temporary = None;
        Ok(())
    }
}

impl Drop for OutputFolder {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary {
            // The error that counts came before.
            let _ = self.parent.remove_all(temporary);
        }
    }
}

/// What may be replaced: nothing, an empty folder, or a site, of a trusted user; anything else is refused.
fn former(
    parent: &platform::Folder,
    name: &OsStr,
    path: &Path,
    trust: Trust,
) -> Result<Option<platform::Folder>, SiteError> {
    let refused = |source| SiteError::Write { path: path.to_owned(), source };
    let not_ours = || SiteError::NotOurs { path: path.to_owned() };
    match parent.kind_of(name).map_err(refused)? {
        None => return Ok(None),
        Some(EntryKind::Folder) => {}
        Some(EntryKind::File | EntryKind::Other) => return Err(not_ours()),
    }
    let folder = parent.folder(name).map_err(refused)?;
    let owner = folder.owner().map_err(refused)?;
    if !trust.takes(owner) {
        return Err(SiteError::OfAnotherUser { path: path.to_owned(), owner });
    }
    // Where others may write, a mark of theirs says nothing.
    let mark = || folder.kind_of(MARK.as_ref()).is_ok_and(|kind| kind == Some(EntryKind::File));
    let marked = || mark() && folder.owner_of(MARK.as_ref()).is_ok_and(|owner| owner.is_some_and(|o| trust.takes(o)));
    let ours = folder.entries().map_err(refused)?.is_empty() || marked();
    if ours { Ok(Some(folder)) } else { Err(not_ours()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn site(path: &Path, text: &str) -> Result<(), SiteError> {
        let folder = OutputFolder::new(path, Trust::own())?;
        folder.write("a/b.html", text)?;
        folder.finish()
    }

    fn names(path: &Path) -> Vec<String> {
        let entries = fs::read_dir(path).unwrap();
        entries.map(|entry| entry.unwrap().file_name().to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_site_is_replaced_as_a_whole() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("new/site");
        site(&path, "one").unwrap();
        fs::write(path.join("stale.html"), "").unwrap();
        site(&path, "two").unwrap();
        assert_eq!(fs::read_to_string(path.join("a/b.html")).unwrap(), "two");
        assert!(!path.join("stale.html").exists());
        assert_eq!(names(&root.path().join("new")), ["site"], "nothing is left behind");
    }

    #[test]
    fn what_is_not_ours_is_not_touched() {
        let root = tempfile::tempdir().unwrap();
        let other = root.path().join("other");
        fs::create_dir(&other).unwrap();
        site(&other, "an empty folder is taken").unwrap();
        fs::remove_file(other.join(MARK)).unwrap();
        let file = root.path().join("file");
        fs::write(&file, "text").unwrap();
        for path in [&other, &file] {
            assert!(matches!(site(path, ""), Err(SiteError::NotOurs { .. })), "{path:?}");
        }
        assert!(matches!(site(Path::new("/"), ""), Err(SiteError::NotOurs { .. })));
        assert!(matches!(site(&file.join("below"), ""), Err(SiteError::Write { .. })));
        let mut left = names(root.path());
        left.sort();
        assert_eq!((left, fs::read_to_string(file).unwrap()), (vec!["file".into(), "other".into()], "text".into()));
    }

    #[test]
    fn an_attempt_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        let folder = OutputFolder::new(&root.path().join("site"), Trust::own()).unwrap();
        folder.write("a.html", "").unwrap();
        drop(folder);
        assert_eq!(names(root.path()), [""; 0]);
    }
}
