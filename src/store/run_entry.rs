//! The runs that have a directory in the data directory: those that are under way, and those that were cut short.
//!
//! A live run holds a BSD lock (flock(2), exclusive) on the file `lock` in its directory, so that a run that was killed
//! is distinguished from one that lives, whatever pids have been reused since.

use super::datadir::check_owner;
use super::process_file::is_run_name;
use super::{DataDir, StoreError};
use crate::link::RunDir;
use platform::{Entry, EntryKind, Trust};
use std::ffi::{OsStr, OsString};
use std::fs::{File, TryLockError};
use std::io;
use std::path::PathBuf;

/// The directory of a run as an entry of the data directory, not opened yet.
#[derive(Clone, Debug)]
pub struct RunEntry {
    /// Name of the run: what follows `run-`.
    pub run: String,
    /// Where the directory is.
    pub path: PathBuf,
    data: DataDir,
}

/// Whether a run is still under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// Its recorder holds the lock.
    Live,
    /// Nobody does: the run was cut short.
    Dead,
}

/// The lock of a run that was cut short. While it is held, nobody else touches the run.
#[derive(Debug)]
pub struct DeadRunLock {
    /// None if the run has no lock file.
    _file: Option<File>,
}

impl RunEntry {
    const LOCK: &str = "lock";

    /// The directory that a live run of that name has.
    pub fn new(data: &DataDir, run: &str) -> Self {
        RunEntry { run: run.to_owned(), path: data.path().join(RunDir::name_of(run)), data: data.clone() }
    }

    /// The run whose directory an entry of the data directory is. Whatever else is called so is not ours, and must not be
    /// touched.
    pub(super) fn of(data: &DataDir, entry: &Entry) -> Option<Self> {
        let run = RunDir::run_of(entry.name.to_str()?).filter(|run| is_run_name(run))?;
        (entry.kind == EntryKind::Folder).then(|| RunEntry::new(data, run))
    }

    /// The name of the directory.
    pub fn name(&self) -> OsString {
        RunDir::name_of(&self.run)
    }

    /// Whose directories of runs are used.
    pub fn trust(&self) -> Trust {
        self.data.trust()
    }

    /// Opens the directory, if a trusted user owns it.
    pub fn open(self) -> Result<RunDir, StoreError> {
        let opened = self.data.folder().folder(&self.name());
        let failed = |source| StoreError::Directory { operation: "open", path: self.path.clone(), source };
        let folder = opened.map_err(failed)?;
        check_owner(&folder, self.data.trust())?;
        Ok(RunDir::of(self.run, folder, self.data.folder()))
    }

    /// Makes the directory and takes its lock, which lives as long as the file given back or a fork's copy of it.
    pub fn create(self) -> Result<(RunDir, File), StoreError> {
        const MODE: (u32, u32) = (0o777, 0o666);
        let failed = |source| StoreError::CreateDirectory { path: self.path.clone(), source };
        let data = self.data.folder();
        // Under another name until it is locked, so that nobody takes it for one that was left.
        let unborn = OsString::from(format!(".{}", self.run));
        let made = data.make_folder(&unborn, MODE.0).map_err(failed)?;
        let lock = made.create_file(RunEntry::LOCK.as_ref(), MODE.1).map_err(failed)?;
        lock.lock().map_err(failed)?;
        data.rename(&unborn, data, &self.name()).map_err(failed)?;
        Ok((RunDir::of(self.run, made.at(&self.path), data), lock))
    }

    /// The file that a live run holds locked.
    pub fn lock_path(&self) -> PathBuf {
        self.path.join(RunEntry::LOCK)
    }

    /// Whether the run is under way.
    pub fn state(&self) -> Result<RunState, StoreError> {
        self.lock_if_dead().map(|lock| lock.map_or(RunState::Live, |_| RunState::Dead))
    }

    /// Takes the lock of a run that was cut short; `Ok(None)` if the run lives.
    ///
    /// A lock that is no regular file is none, since a live run has made its own.
    pub fn lock_if_dead(&self) -> Result<Option<DeadRunLock>, StoreError> {
        let path = self.lock_path();
        let failed = |operation| {
            let path = path.clone();
            move |source| StoreError::Directory { operation, path, source }
        };
        let folder = self.data.folder().folder(&self.name());
        let file = match folder.and_then(|folder| folder.open_file(OsStr::new(RunEntry::LOCK))) {
            Ok(file) => file,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidInput) => {
                return Ok(Some(DeadRunLock { _file: None }));
            }
            Err(error) => return Err(failed("open")(error)),
        };
        match file.try_lock() {
            Ok(()) => Ok(Some(DeadRunLock { _file: Some(file) })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed("lock")(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_run_lives_while_its_lock_is_held() {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::create(&dir.path().join("a/b")).unwrap();
        let run = RunEntry::new(&data, "20261123T010203.512Z-9");
        fs::create_dir(&run.path).unwrap();
        assert_eq!(run.state().unwrap(), RunState::Dead);
        let lock = File::create(run.lock_path()).unwrap();
        lock.lock().unwrap();
        assert_eq!(run.state().unwrap(), RunState::Live);
        assert_eq!(data.live_runs().unwrap(), ["20261123T010203.512Z-9"]);
        drop(lock);
        assert_eq!(run.state().unwrap(), RunState::Dead);
        assert_eq!(data.runs().unwrap()[0].run, run.run);
        assert!(data.live_runs().unwrap().is_empty());
    }
}
