//! The directory of one run inside the data directory: lock, journal, marks, plans. It is gone when the run is over.
//!
//! Invariant: whoever may still write to it holds the lock, and the lock goes with its last holder.

use super::ImageId;
use platform::OsError;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

/// A run's directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunDir(PathBuf);

impl RunDir {
    /// Prefix of the name of every run's directory.
    pub const PREFIX: &'static str = "run-";

    /// The directory of the run called `name`.
    pub fn of(data: &Path, name: &str) -> RunDir {
        RunDir(data.join(format!("{}{name}", RunDir::PREFIX)))
    }

    /// An existing directory.
    pub fn at(path: PathBuf) -> RunDir {
        RunDir(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The run's name.
    pub fn name(&self) -> String {
        let name = self.0.file_name().unwrap_or_default().to_string_lossy();
        name.strip_prefix(RunDir::PREFIX).unwrap_or(&name).to_owned()
    }

    /// Makes the directory and takes its lock, which lives as long as the file given back or a fork's copy of it.
    pub fn create(&self) -> Result<File, OsError> {
        // Under another name until it is locked, so that nobody takes it for one that was left.
        let unborn = RunDir(self.0.with_file_name(format!(".{}", self.name())));
        std::fs::create_dir(&unborn.0).map_err(|e| OsError::io("create directory", self.0.display(), &e))?;
        let lock = unborn.open("lock", OpenOptions::new().create(true).truncate(false).write(true))?;
        lock.lock().map_err(|e| OsError::io("lock", self.0.display(), &e))?;
        std::fs::rename(&unborn.0, &self.0).map_err(|e| OsError::io("create directory", self.0.display(), &e))?;
        Ok(lock)
    }

    /// Whether a run was begun here.
    pub fn has_journal(&self) -> bool {
        self.journal().exists()
    }

    /// Where the journal is.
    pub fn journal(&self) -> PathBuf {
        self.0.join("journal")
    }

    /// The journal, made as needed, for appending.
    pub fn journal_to_write(&self) -> Result<File, OsError> {
        self.open("journal", OpenOptions::new().create(true).append(true))
    }

    /// The journal, for reading.
    pub fn journal_to_read(&self) -> Result<File, OsError> {
        self.open("journal", OpenOptions::new().read(true))
    }

    /// The marks, made as needed.
    pub fn marks(&self) -> Result<File, OsError> {
        self.open("marks", OpenOptions::new().create(true).truncate(false).read(true).write(true))
    }

    /// Where the plan of an image is.
    pub fn plan(&self, image: ImageId) -> PathBuf {
        self.0.join(format!("{}.plan", image.0))
    }

    /// Where the lines of an image are.
    pub fn facts(&self, image: ImageId) -> PathBuf {
        self.0.join(format!("{}.facts", image.0))
    }

    /// Removes the directory with all in it.
    pub fn remove(&self) -> Result<(), OsError> {
        std::fs::remove_dir_all(&self.0).map_err(|e| OsError::io("remove directory", self.0.display(), &e))
    }

    fn open(&self, name: &str, options: &mut OpenOptions) -> Result<File, OsError> {
        let path = self.0.join(name);
        options.open(&path).map_err(|e| OsError::io("open", path.display(), &e))
    }
}
