//! The folder that a site is written into, replaced as a whole.
//!
//! Invariants: a folder with anything in it that is not a site of ours is never touched; readers see the old site or the
//! new one; an attempt that fails leaves nothing behind.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The file that tells a site of ours.
const MARK: &str = ".cov-trace-html";

/// Why a site cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// There is something else in the folder.
    #[error("write {}: it is there already and is no report of cov-trace html; name another folder with -o", path.display())]
    NotOurs {
        /// The folder.
        path: PathBuf,
    },
    /// The system refuses.
    #[error("write {}: {source}; another folder can be named with -o", path.display())]
    Write {
        /// What it was about.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

/// A folder that is being written, beside the one that it is to replace.
#[derive(Debug)]
pub(super) struct Folder {
    target: PathBuf,
    written: TempDir,
}

impl Folder {
    /// Starts a folder that is to be at a path.
    pub(super) fn new(path: &Path) -> Result<Folder, SiteError> {
        let refused = |source| SiteError::Write { path: path.to_owned(), source };
        let target = match fs::canonicalize(path) {
            Ok(target) => target,
            Err(error) if error.kind() == io::ErrorKind::NotFound => std::path::absolute(path).map_err(refused)?,
            Err(error) => return Err(refused(error)),
        };
        if !is_ours(&target).map_err(refused)? {
            return Err(SiteError::NotOurs { path: path.to_owned() });
        }
        let parent = target.parent().ok_or(SiteError::NotOurs { path: path.to_owned() })?;
        fs::create_dir_all(parent).map_err(refused)?;
        let written = temporary(parent).map_err(refused)?;
        fs::write(written.path().join(MARK), "").map_err(refused)?;
        Ok(Folder { target, written })
    }

    /// Writes a file. Its name must be one of ours, not of what was measured.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<(), SiteError> {
        let refused = |source| SiteError::Write { path: self.target.join(name), source };
        let path = self.written.path().join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(refused)?;
        }
        fs::write(path, text).map_err(refused)
    }

    /// Puts it in its place.
    pub(super) fn finish(self) -> Result<(), SiteError> {
        let refused = |source| SiteError::Write { path: self.target.clone(), source };
        if !is_ours(&self.target).map_err(refused)? {
            return Err(SiteError::NotOurs { path: self.target.clone() });
        }
        let parent = self.target.parent().unwrap_or(&self.target);
        let old = temporary(parent).map_err(refused)?;
        let before = old.path().join("before");
        let replaces = match fs::rename(&self.target, &before) {
            Ok(()) => true,
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(refused(error)),
        };
        if let Err(error) = fs::rename(self.written.path(), &self.target) {
            if replaces {
                fs::rename(&before, &self.target).map_err(refused)?;
            }
            return Err(refused(error));
        }
        // It is not there any more under this name.
        let _ = self.written.keep();
        Ok(())
    }
}

/// A folder that anybody may read whom the user's mask lets.
fn temporary(parent: &Path) -> io::Result<TempDir> {
    use std::os::unix::fs::PermissionsExt;
    tempfile::Builder::new()
        .prefix(".cov-trace-html-")
        .permissions(fs::Permissions::from_mode(0o777))
        .tempdir_in(parent)
}

/// Whether there is nothing at a path, an empty folder, or a site of ours.
fn is_ours(path: &Path) -> io::Result<bool> {
    let mut entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Ok(false),
        Err(error) => return Err(error),
    };
    Ok(entries.next().is_none() || path.join(MARK).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(path: &Path, text: &str) -> Result<(), SiteError> {
        let folder = Folder::new(path)?;
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
        let folder = Folder::new(&root.path().join("site")).unwrap();
        folder.write("a.html", "").unwrap();
        drop(folder);
        assert_eq!(names(root.path()), [""; 0]);
    }
}
