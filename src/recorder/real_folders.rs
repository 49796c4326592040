//! Names of folders without symbolic links.
//!
//! Invariant: each folder is looked at once in a measurement.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// What is known of folders; none is known of what is no folder.
#[derive(Debug, Default)]
pub(super) struct RealFolders(Mutex<HashMap<PathBuf, Option<PathBuf>>>);

impl RealFolders {
    /// The name of a folder without symbolic links; none of what is no folder.
    pub fn of(&self, folder: &Path) -> Option<PathBuf> {
        let Some(parent) = folder.parent() else { return Some(folder.to_owned()) };
        // What `..` leads to is not the parent by name.
        let Some(name) = folder.file_name() else { return folder.canonicalize().ok() };
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(folder).cloned();
        known.unwrap_or_else(|| {
            let place = self.of(parent).map(|parent| parent.join(name));
            let found = place.and_then(|place| Some((place.symlink_metadata().ok()?, place)));
            let real = found.and_then(|(found, place)| match found.is_symlink() {
                true => place.canonicalize().ok(),
                false => found.is_dir().then_some(place),
            });
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_owned(), real.clone());
            real
        })
    }

    /// A path in a folder that is named without symbolic links; none if there is no such folder.
    pub fn in_real(&self, path: &Path) -> Option<PathBuf> {
        Some(self.of(path.parent()?)?.join(path.file_name()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_are_followed_wherever_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("real/inner")).unwrap();
        fs::create_dir(root.join("real/b")).unwrap();
        symlink("real", root.join("link")).unwrap();
        symlink(root.join("link/inner"), root.join("other")).unwrap();
        symlink("nowhere", root.join("broken")).unwrap();
        let real = RealFolders::default();
        let of = |path: &str| real.in_real(&root.join(path));
        for path in
            ["real/inner/a.c", "link/inner/a.c", "other/a.c", "other/a.c", "other/../inner/a.c", "real/b/../inner/a.c"]
        {
            assert_eq!(of(path), Some(root.join("real/inner/a.c")), "{path}");
        }
        assert_eq!((of("broken/a.c"), of("gone/a.c")), (None, None));
    }
}
