//! The data directory: one data file per process, and a directory `run-*` for each run that is live or was cut short.
//!
//! A live run holds a BSD lock (flock(2), exclusive) on the file `lock` in its directory, so that a run that was killed
//! is told from one that lives, whatever pids have been reused since.

use super::process_file::is_run_name;
use super::{ProcessFile, StoreError};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// The directory that holds the measurements.
#[derive(Clone, Debug)]
pub struct DataDir {
    path: PathBuf,
}

/// The directory of a run inside the data directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunDir {
    /// Name of the run: what follows `run-`.
    pub run: String,
    /// Where it is.
    pub path: PathBuf,
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

    /// Opens what is there, without writing to it.
    pub fn open_for_reading(path: &Path) -> Result<Self, StoreError> {
        let directory =
            |source| StoreError::Directory { operation: "open the data directory", path: path.to_owned(), source };
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => Ok(DataDir { path: path.to_owned() }),
            Ok(_) => Err(directory(io::ErrorKind::NotADirectory.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(StoreError::NoDirectory { path: path.to_owned() })
            }
            Err(error) => Err(directory(error)),
        }
    }

    /// Makes the directory, with its parents, where it is missing.
    pub fn create(path: &Path) -> Result<Self, StoreError> {
        fs::create_dir_all(path).map_err(|source| StoreError::CreateDirectory { path: path.to_owned(), source })?;
        Ok(DataDir { path: path.to_owned() })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the data of a process belongs.
    pub fn path_of(&self, file: &ProcessFile) -> PathBuf {
        self.path.join(file.to_string())
    }

    /// The data files: by run, and within a run in the order in which the processes appeared.
    pub fn process_files(&self) -> Result<Vec<ProcessFile>, StoreError> {
        let names = self.entries()?.into_iter().map(|entry| entry.file_name());
        let mut files: Vec<ProcessFile> = names.filter_map(|name| ProcessFile::parse(&name)).collect();
        files.sort();
        Ok(files)
    }

    /// The directories of runs, by name.
    pub fn runs(&self) -> Result<Vec<RunDir>, StoreError> {
        let entries = self.entries()?.into_iter();
        let mut runs: Vec<RunDir> = entries.filter_map(|entry| RunDir::from_entry(&entry)).collect();
        runs.sort();
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

    pub(super) fn entries(&self) -> Result<Vec<fs::DirEntry>, StoreError> {
        fs::read_dir(&self.path).and_then(Iterator::collect).map_err(|source| StoreError::Directory {
            operation: "list",
            path: self.path.clone(),
            source,
        })
    }
}

impl RunDir {
    /// The directory that a live run of that name has.
    pub fn new(data: &DataDir, run: &str) -> Self {
        RunDir { run: run.to_owned(), path: data.path.join(format!("run-{run}")) }
    }

    pub(super) fn from_entry(entry: &fs::DirEntry) -> Option<Self> {
        let name = entry.file_name();
        // Whatever else is called so is not ours, and must not be touched.
        let run = name.to_str()?.strip_prefix("run-").filter(|run| is_run_name(run))?;
        entry.file_type().ok()?.is_dir().then(|| RunDir { run: run.to_owned(), path: entry.path() })
    }

    /// Makes the directory and takes its lock, which lives as long as the file given back or a fork's copy of it.
    pub fn create(&self) -> Result<File, StoreError> {
        let failed = |source| StoreError::CreateDirectory { path: self.path.clone(), source };
        // Under another name until it is locked, so that nobody takes it for one that was left.
        let unborn = RunDir { run: self.run.clone(), path: self.path.with_file_name(format!(".{}", self.run)) };
        fs::create_dir(&unborn.path).map_err(failed)?;
        let lock = OpenOptions::new().write(true).create_new(true).open(unborn.lock_path()).map_err(failed)?;
        lock.lock().map_err(failed)?;
        fs::rename(&unborn.path, &self.path).map_err(failed)?;
        Ok(lock)
    }

    /// The file that a live run holds locked.
    pub fn lock_path(&self) -> PathBuf {
        self.path.join("lock")
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
        let file = match platform::open_regular(&path, OpenOptions::new().read(true)) {
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

#[cfg(test)]
mod tests {
    use super::*;

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
        assert!(DataDir::open_for_reading(&file).unwrap_err().to_string().contains("not a directory"));
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
        let run = RunDir::new(&data, "20261123T010203.512Z-9");
        fs::create_dir(&run.path).unwrap();
        assert_eq!(run.state().unwrap(), RunState::Dead);
        let lock = File::create(run.lock_path()).unwrap();
        lock.lock().unwrap();
        assert_eq!(run.state().unwrap(), RunState::Live);
        assert_eq!(data.live_runs().unwrap(), ["20261123T010203.512Z-9"]);
        drop(lock);
        assert_eq!(run.state().unwrap(), RunState::Dead);
        assert_eq!(data.runs().unwrap(), [run]);
        assert!(data.live_runs().unwrap().is_empty());
    }
}
