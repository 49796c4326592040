//! What is in the directory of a run: journal, marks, plans, facts, control socket. It is gone when the run is over.
//!
//! Invariant: whoever may still write to it holds the run's lock (`store`), and the lock goes with its last holder.

use super::ImageId;
use platform::{Channel, Listener, OsError};
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

/// The most that is read of a plan or of an image's lines, in bytes.
const LARGEST: u64 = 4 << 30;

/// What is in a run's directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunDir {
    name: String,
    path: PathBuf,
}

impl RunDir {
    /// The directory at `path` of the run called `name`.
    pub fn at(name: String, path: PathBuf) -> RunDir {
        RunDir { name, path }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The run's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether a run was begun here.
    pub fn has_journal(&self) -> bool {
        self.journal().exists()
    }

    /// Where the journal is.
    pub fn journal(&self) -> PathBuf {
        self.path.join("journal")
    }

    /// The journal, made as needed, for appending.
    pub fn journal_to_write(&self) -> Result<File, OsError> {
        self.open("journal", OpenOptions::new().create(true).append(true))
    }

    /// The journal, for reading.
    pub fn journal_to_read(&self) -> Result<File, OsError> {
        self.open("journal", OpenOptions::new().read(true))
    }

    /// Where the marks are.
    pub fn marks_path(&self) -> PathBuf {
        self.path.join("marks")
    }

    /// The socket at which commands ask for the recorder of this run, to be made.
    pub fn listen(&self) -> Result<Listener, OsError> {
        Listener::bind(&self.path, "control")
    }

    /// Asks for the recorder of this run.
    pub fn connect(&self) -> Result<Channel, OsError> {
        Channel::connect(&self.path, "control")
    }

    /// The marks, made as needed.
    pub fn marks(&self) -> Result<File, OsError> {
        self.open("marks", OpenOptions::new().create(true).truncate(false).read(true).write(true))
    }

    /// Where the plan of an image is.
    pub fn plan(&self, image: ImageId) -> PathBuf {
        self.path.join(format!("{}.plan", image.0))
    }

    /// Where the lines of an image are.
    pub fn facts(&self, image: ImageId) -> PathBuf {
        self.path.join(format!("{}.facts", image.0))
    }

    /// Makes the file of an image's plan.
    pub fn create_plan(&self, image: ImageId) -> std::io::Result<File> {
        platform::open_regular(&self.plan(image), OpenOptions::new().write(true).create(true).truncate(true))
    }

    /// Makes the file of an image's lines.
    pub fn create_facts(&self, image: ImageId) -> std::io::Result<File> {
        platform::open_regular(&self.facts(image), OpenOptions::new().write(true).create(true).truncate(true))
    }

    /// Reads the plan of an image.
    pub fn read_plan(&self, image: ImageId) -> std::io::Result<Vec<u8>> {
        platform::read_regular(&self.plan(image), LARGEST)
    }

    /// Reads the lines of an image.
    pub fn read_facts(&self, image: ImageId) -> std::io::Result<Vec<u8>> {
        platform::read_regular(&self.facts(image), LARGEST)
    }

    /// Removes the directory with all in it; that it is gone already is no error.
    pub fn remove(&self) -> Result<(), OsError> {
        match std::fs::remove_dir_all(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(OsError::io("remove directory", self.path.display(), &error))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn open(&self, name: &str, options: &mut OpenOptions) -> Result<File, OsError> {
        let path = self.path.join(name);
        platform::open_regular(&path, options).map_err(|e| OsError::io("open", path.display(), &e))
    }
}
