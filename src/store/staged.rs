//! Files that appear all at once: written beside their place under a name that nobody can guess, then renamed.
//!
//! Invariants: the file in place is at every moment the former or the new whole; what is dropped without having been
//! published leaves nothing. Writes are not synced: a crash of the machine may lose them.

use super::StoreError;
use super::process_file::temporary_of;
use platform::Folder;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

/// A file that is written and not yet in its place.
#[derive(Debug)]
pub struct Staged {
    folder: Arc<Folder>,
    name: OsString,
    temporary: Option<OsString>,
}

impl Staged {
    /// Writes what will be called `name` in a folder.
    pub fn write(folder: &Arc<Folder>, name: &OsStr, bytes: &[u8]) -> Result<Staged, StoreError> {
        let (staged, mut file) = Staged::begin(folder, name)?;
        file.write_all(bytes).map_err(|source| StoreError::Write { path: staged.path(), source })?;
        Ok(staged)
    }

    /// Begins what will be called `name` in a folder, and is written bit by bit.
    pub fn begin(folder: &Arc<Folder>, name: &OsStr) -> Result<(Staged, File), StoreError> {
        const MODE: u32 = 0o666;
        let failed = |source| StoreError::Write { path: folder.path().join(name), source };
        let temporary = |number| temporary_of(name, number);
        let (temporary, file) = folder.create_some_file(temporary, MODE).map_err(failed)?;
        Ok((Staged { folder: folder.clone(), name: name.to_owned(), temporary: Some(temporary) }, file))
    }

    /// Puts it into its place.
    pub fn publish(mut self) -> Result<(), StoreError> {
        let Some(temporary) = &self.temporary else { return Ok(()) };
        let renamed = self.folder.rename(temporary, &self.folder, &self.name);
        renamed.map_err(|source| StoreError::Write { path: self.path(), source })?;
        self.temporary = None;
        Ok(())
    }

    /// Where it will be.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join(&self.name)
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary {
            // The error that counts came before; what cannot be removed now has a name that nobody looks for.
            let _ = self.folder.remove_file(temporary);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use platform::Trust;
    use std::fs;
    use std::path::Path;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn nothing_is_in_place_before_it_is_published_and_nothing_left_if_it_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let (name, path) = (OsStr::new(".coverage.x"), folder.path().join(".coverage.x"));
        let held = Arc::new(Folder::open(folder.path(), Trust::own()).unwrap());
        let staged = Staged::write(&held, name, b"one").unwrap();
        let temporary = names(folder.path());
        assert!(temporary.len() == 1 && !temporary[0].starts_with(".coverage"), "{temporary:?}");
        staged.publish().unwrap();
        assert_eq!(names(folder.path()), [".coverage.x"]);
        drop(Staged::write(&held, name, b"two").unwrap());
        assert_eq!((names(folder.path()).len(), fs::read(&path).unwrap()), (1, b"one".to_vec()));
    }
}
