//! The data directory: one data file per process, `images` with what is known of the images, and a directory `run-*` for each
//! run that is live or was cut short.

use super::reader::{Opened, single};
use super::{ProcessFile, ProcessRecord, Reader, RunEntry, RunLabels, RunState, StoreError};
use platform::{Entry, Folder, Trust};
use std::fs::File;
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

    /// Reads the data file of one process; a link may lead anywhere, and is none.
    pub fn read(&self, reader: &Reader, file: &ProcessFile) -> Result<ProcessRecord, StoreError> {
        single(self.read_all(reader, file)?, &self.path_of(file))
    }

    /// The same of a data file that may have several processes.
    pub fn read_all(&self, reader: &Reader, file: &ProcessFile) -> Result<Vec<ProcessRecord>, StoreError> {
        self.open_file(reader, file).and_then(Opened::all).map(|contents| contents.records)
    }

    /// Reads a data file, or looks what many processes it has.
    pub(crate) fn open_file(&self, reader: &Reader, file: &ProcessFile) -> Result<Opened, StoreError> {
        reader.look_into(&self.path_of(file), self.regular(file)?)
    }

    /// The labels of runs that a data file has.
    pub(crate) fn read_labels(&self, reader: &Reader, file: &ProcessFile) -> Result<RunLabels, StoreError> {
        reader.labels_of_open(&self.path_of(file), self.regular(file)?)
    }

    /// A data file, if it is one.
    fn regular(&self, file: &ProcessFile) -> Result<File, StoreError> {
        let failed = |error: io::Error| StoreError::Read { path: self.path_of(file), cause: error.to_string() };
        self.folder.open_file(file.to_string().as_ref()).map_err(failed)
    }

    /// The directories of runs, by name.
    pub fn runs(&self) -> Result<Vec<RunEntry>, StoreError> {
        let mut runs: Vec<RunEntry> = self.entries()?.iter().filter_map(|entry| RunEntry::of(self, entry)).collect();
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
}

impl AsFd for DataDir {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.folder.as_fd()
    }
}

/// Refuses what another user may have forged.
pub(super) fn check_owner(folder: &Folder, trust: Trust) -> Result<(), StoreError> {
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
}
