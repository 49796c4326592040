//! The data directory: one data file per process, and a directory `run-*` for each run that is live or was cut short.
//!
//! A live run holds a BSD lock (flock(2), exclusive) on the file `lock` in its directory, so that a run that was killed
//! is distinguished from one that lives, whatever pids have been reused since.

use super::process_file::is_run_name;
use super::{ProcessFile, ProcessRecord, Reader, StoreError};
use platform::{Entry, EntryKind, Folder, Trust};
use std::ffi::{OsStr, OsString};
use std::fs::{File, TryLockError};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The directory that holds the measurements.
///
/// It is held open: whatever its path leads to later, this is what is read and written.
#[derive(Clone, Debug)]
pub struct DataDir {
    folder: Arc<Folder>,
    trust: Trust,
}

/// The directory of a run inside the data directory.
#[derive(Clone, Debug)]
pub struct FoundRun {
    /// Name of the run: what follows `run-`.
    pub run: String,
    /// Where it is.
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

impl DataDir {
    /// Name of the file that keeps the union of the others, for `--only-new`.
    pub const KNOWN_LINES: &str = "known-lines";

    /// Opens what is there, without writing to it, if it is this user's or root's.
    pub fn open_for_reading(path: &Path) -> Result<Self, StoreError> {
        DataDir::open_trusting(path, Trust::own())
    }

    /// Opens what is there, without writing to it, if a trusted user owns it.
    pub fn open_trusting(path: &Path, trust: Trust) -> Result<Self, StoreError> {
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => StoreError::NoDirectory { path: path.to_owned() },
            _ => StoreError::Directory { operation: "open the data directory", path: path.to_owned(), source },
        };
        Folder::open(path, trust).map_err(failed).and_then(|folder| DataDir::of(folder, trust))
    }

    /// Makes the directory, with its parents, where it is missing; one that is there must be this user's or root's.
    pub fn create(path: &Path) -> Result<Self, StoreError> {
        DataDir::create_trusting(path, Trust::own())
    }

    /// Makes the directory, with its parents, where it is missing; a trusted user must own one that is there.
    pub fn create_trusting(path: &Path, trust: Trust) -> Result<Self, StoreError> {
        const MODE: u32 = 0o777;
        let failed = |source| StoreError::CreateDirectory { path: path.to_owned(), source };
        Folder::open_or_make(path, trust, MODE).map_err(failed).and_then(|folder| DataDir::of(folder, trust))
    }

    fn of(folder: Folder, trust: Trust) -> Result<Self, StoreError> {
        check_owner(&folder, trust)?;
        Ok(DataDir { folder: Arc::new(folder), trust })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The directory itself.
    pub fn folder(&self) -> &Arc<Folder> {
        &self.folder
    }

    /// Whose directories of runs in it are used.
    pub fn trust(&self) -> Trust {
        self.trust
    }

    /// Where the data of a process belongs.
    pub fn path_of(&self, file: &ProcessFile) -> PathBuf {
        self.path().join(file.to_string())
    }

    /// The data files: by run, and within a run in the order in which the processes appeared.
    pub fn process_files(&self) -> Result<Vec<ProcessFile>, StoreError> {
        let names = self.entries()?.into_iter().map(|entry| entry.name);
        let mut files: Vec<ProcessFile> = names.filter_map(|name| ProcessFile::parse(&name)).collect();
        files.sort();
        Ok(files)
    }

    /// Reads a data file; a link may lead anywhere, and is none.
    pub fn read(&self, reader: &mut Reader, file: &ProcessFile) -> Result<ProcessRecord, StoreError> {
        let name = file.to_string();
        let path = self.path_of(file);
        match self.folder.open_file(name.as_ref()) {
            Ok(_) => reader.read(&path),
            Err(error) => Err(StoreError::Read { path, cause: error.to_string() }),
        }
    }

    /// The directories of runs, by name.
    pub fn runs(&self) -> Result<Vec<FoundRun>, StoreError> {
        let mut runs: Vec<FoundRun> = self.entries()?.iter().filter_map(|entry| self.run_of(entry)).collect();
        runs.sort_by(|one, other| one.run.cmp(&other.run));
        Ok(runs)
    }

    /// The names of the runs that are under way.
    pub fn live_runs(&self) -> Result<Vec<String>, StoreError> {
        let mut live = Vec::new();
        for run in self.runs()? {
            if run.state()? == RunState::Live {
                live.push(run.run);
            }
        }
        Ok(live)
    }

    pub(super) fn entries(&self) -> Result<Vec<Entry>, StoreError> {
        let failed = |source| StoreError::Directory { operation: "list", path: self.path().to_owned(), source };
        self.folder.entries().map_err(failed)
    }

    pub(super) fn run_of(&self, entry: &Entry) -> Option<FoundRun> {
        // Whatever else is called so is not ours, and must not be touched.
        let run = entry.name.to_str()?.strip_prefix("run-").filter(|run| is_run_name(run))?;
        (entry.kind == EntryKind::Folder).then(|| FoundRun::new(self, run))
    }
}

impl AsFd for DataDir {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.folder.as_fd()
    }
}

impl FoundRun {
    const LOCK: &str = "lock";

    /// The directory that a live run of that name has.
    pub fn new(data: &DataDir, run: &str) -> Self {
        FoundRun { run: run.to_owned(), path: data.path().join(format!("run-{run}")), data: data.clone() }
    }

    /// Its name in the data directory.
    pub fn name(&self) -> OsString {
        format!("run-{}", self.run).into()
    }

    /// The data directory.
    pub fn data(&self) -> &DataDir {
        &self.data
    }

    /// Opens it, if a trusted user owns it.
    pub fn open(&self) -> Result<Folder, StoreError> {
        let opened = self.data.folder.folder(&self.name());
        let failed = |source| StoreError::Directory { operation: "open", path: self.path.clone(), source };
        let folder = opened.map_err(failed)?;
        check_owner(&folder, self.data.trust)?;
        Ok(folder)
    }

    /// Makes the directory and takes its lock, which lives as long as the file given back or a fork's copy of it.
    pub fn create(&self) -> Result<(Folder, File), StoreError> {
        const MODE: (u32, u32) = (0o777, 0o666);
        let failed = |source| StoreError::CreateDirectory { path: self.path.clone(), source };
        let folder = &self.data.folder;
        // Under another name until it is locked, so that nobody takes it for one that was left.
        let unborn = OsString::from(format!(".{}", self.run));
        let made = folder.make_folder(&unborn, MODE.0).map_err(failed)?;
        let lock = made.create_file(FoundRun::LOCK.as_ref(), MODE.1).map_err(failed)?;
        lock.lock().map_err(failed)?;
        folder.rename(&unborn, folder, &self.name()).map_err(failed)?;
        Ok((made.at(&self.path), lock))
    }

    /// The file that a live run holds locked.
    pub fn lock_path(&self) -> PathBuf {
        self.path.join(FoundRun::LOCK)
    }

    /// Whether the run is under way.
    pub fn state(&self) -> Result<RunState, StoreError> {
        self.lock_if_dead().map(|lock| lock.map_or(RunState::Live, |_| RunState::Dead))
    }

    /// Takes the lock of a run that was cut short, so that nobody else touches it while the result is kept.
    ///
    /// `Ok(None)` if the run lives. The file within is `None` if the run has no lock file: what is no regular file is
    /// none, since a live run has made its own.
    pub fn lock_if_dead(&self) -> Result<Option<Option<File>>, StoreError> {
        let path = self.lock_path();
        let failed = |operation| {
            let path = path.clone();
            move |source| StoreError::Directory { operation, path, source }
        };
        let folder = self.data.folder.folder(&self.name());
        let file = match folder.and_then(|folder| folder.open_file(OsStr::new(FoundRun::LOCK))) {
            Ok(file) => file,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidInput) => {
                return Ok(Some(None));
            }
            Err(error) => return Err(failed("open")(error)),
        };
        match file.try_lock() {
            Ok(()) => Ok(Some(Some(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed("lock")(error)),
        }
    }
}

/// Refuses what another user may have forged.
fn check_owner(folder: &Folder, trust: Trust) -> Result<(), StoreError> {
    let path = || folder.path().to_owned();
    let owner = folder.owner();
    let owner = owner.map_err(|source| StoreError::Directory { operation: "look at", path: path(), source })?;
    if trust.takes(owner) { Ok(()) } else { Err(StoreError::OfAnotherUser { path: path(), owner }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_missing_directory_says_how_to_make_one() {
        let dir = tempfile::tempdir().unwrap();
        let missing = dir.path().join("none");
        let error = DataDir::open_for_reading(&missing).unwrap_err().to_string();
        assert!(error.contains(missing.to_str().unwrap()) && error.contains("cov-trace -- PROGRAM"), "{error}");
        assert!(!missing.exists(), "reading makes nothing");
    }

    #[test]
    fn a_file_in_the_way_is_named_with_the_way_out() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        let error = DataDir::create(&file.join("data")).unwrap_err().to_string();
        assert!(
            error.contains("file/data") && error.contains("Not a directory") && error.contains("--data"),
            "{error}"
        );
        assert!(DataDir::open_for_reading(&file).unwrap_err().to_string().contains("Not a directory"));
    }

    #[test]
    fn files_come_by_run_and_order_of_appearance() {
        let dir = tempfile::tempdir().unwrap();
        let (early, late) = ("20261123T010203.512Z-9", "20261123T010204.000Z-1");
        for name in [
            format!("5-{late}-0.sqlite"),
            format!("7-{early}-10.sqlite"),
            format!("8-{early}-9.sqlite"),
            format!(".8-{early}-9.sqlite.77.tmp"),
            "other.sqlite".to_owned(),
        ] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        let files = DataDir::open_for_reading(dir.path()).unwrap().process_files().unwrap();
        assert_eq!(files.iter().map(|file| file.pid).collect::<Vec<_>>(), [8, 7, 5]);
    }

    #[test]
    fn a_run_lives_while_its_lock_is_held() {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::create(&dir.path().join("a/b")).unwrap();
        let run = FoundRun::new(&data, "20261123T010203.512Z-9");
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
