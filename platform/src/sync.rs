//! Having files on disk, so that a crash of the machine does not lose them.

use crate::{OsError, open_directory, open_regular};
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

/// More files than this are cheaper to sync with all else on their file system (syncfs(2)).
const ONE_BY_ONE: usize = 16;

/// Waits until `files`, all in `directory`, and their names are on disk. Files that are gone are no error.
pub fn sync_files(directory: &Path, files: &[PathBuf]) -> Result<(), OsError> {
    let failed = |path: &Path, error: &std::io::Error| OsError::io("sync", path.display(), error);
    let folder = open_directory(directory).map_err(|e| failed(directory, &e))?;
    if files.len() > ONE_BY_ONE {
        return nix::unistd::syncfs(&folder).map_err(|errno| OsError::new("sync", directory.display(), errno));
    }
    for path in files {
        match open_regular(path, OpenOptions::new().read(true)) {
            Ok(file) => file.sync_data().map_err(|e| failed(path, &e))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(path, &error)),
        }
    }
    folder.sync_all().map_err(|e| failed(directory, &e))
}
