//! Having files on disk, so that a crash of the machine does not lose them.

use crate::regular::open_directory;
use crate::{OsError, open_regular};
use nix::errno::Errno;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

/// More files than this are cheaper to sync with all else on their file system (syncfs(2)).
const ONE_BY_ONE: usize = 16;

/// Waits until `files`, all in `directory`, and their names are on disk. Files that are gone are no error.
pub fn sync_files(directory: &Path, files: &[PathBuf]) -> Result<(), OsError> {
    let failed = |path: &Path, error: &std::io::Error| OsError::io("sync", path.display(), error);
    let folder = open_directory(directory).map_err(|e| failed(directory, &e))?;
    if files.len() > ONE_BY_ONE {
        let synced = nix::unistd::syncfs(&folder).map_err(std::io::Error::from);
        return possible(synced).map_err(|e| failed(directory, &e));
    }
    for path in files {
        match open_regular(path, OpenOptions::new().read(true)) {
            Ok(file) => possible(file.sync_data()).map_err(|e| failed(path, &e))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(path, &error)),
        }
    }
    possible(folder.sync_all()).map_err(|e| failed(directory, &e))
}

/// What cannot be synced at all, since the file system or a seccomp filter does not have it, is as safe as it can be.
fn possible(synced: std::io::Result<()>) -> std::io::Result<()> {
    let errno = synced.as_ref().err().and_then(std::io::Error::raw_os_error).map(Errno::from_raw);
    match errno {
        Some(Errno::ENOSYS | Errno::EPERM | Errno::EINVAL | Errno::EOPNOTSUPP) => Ok(()),
        Some(_) | None => synced,
    }
}
