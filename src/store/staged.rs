//! Files that appear all at once: written beside their place under a name that nobody looks for, then renamed.
//!
//! Invariants: the file in place is at every moment the former or the new whole; what is dropped without having been
//! published leaves nothing. Writes are not synced: a crash of the machine may lose them.

use super::StoreError;
use super::process_file::temporary_beside;
use std::fs;
use std::path::{Path, PathBuf};

/// A file that is written and not yet in its place.
#[derive(Debug)]
pub struct Staged {
    path: PathBuf,
    temporary: Option<PathBuf>,
}

impl Staged {
    /// Writes what will be at `path`.
    pub fn write(path: &Path, bytes: &[u8]) -> Result<Staged, StoreError> {
        let temporary = temporary_beside(path);
        let staged = Staged { path: path.to_owned(), temporary: Some(temporary.clone()) };
        match fs::write(temporary, bytes) {
            Ok(()) => Ok(staged),
            Err(source) => Err(StoreError::Write { path: path.to_owned(), source }),
        }
    }

    /// Puts it into its place.
    pub fn publish(mut self) -> Result<(), StoreError> {
        let Some(temporary) = &self.temporary else { return Ok(()) };
        fs::rename(temporary, &self.path).map_err(|source| StoreError::Write { path: self.path.clone(), source })?;
        self.temporary = None;
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary {
            // The error that counts came before; what cannot be removed now has a name that nobody looks for.
            let _ = fs::remove_file(temporary);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn nothing_is_in_place_before_it_is_published_and_nothing_left_if_it_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".coverage.x");
        let staged = Staged::write(&path, b"one").unwrap();
        let temporary = names(folder.path());
        assert!(temporary.len() == 1 && !temporary[0].starts_with(".coverage"), "{temporary:?}");
        staged.publish().unwrap();
        assert_eq!(names(folder.path()), [".coverage.x"]);
        drop(Staged::write(&path, b"two").unwrap());
        assert_eq!((names(folder.path()).len(), fs::read(&path).unwrap()), (1, b"one".to_vec()));
    }
}
