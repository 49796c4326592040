//! What is in the directory of a run: journal, marks, plans, facts, control socket. It is gone when the run is over.
//!
//! Invariant: a process that may still write to it holds the run's lock (`store`), and the lock goes with its last holder.

use super::ImageId;
use platform::{Channel, EntryKind, Folder, Listener, OsError, Trust};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The most that is read of a plan or of an image's lines, in bytes.
const LARGEST: u64 = 4 << 30;

/// What the names of the directories of runs begin with.
const PREFIX: &str = "run-";

const JOURNAL: &str = "journal";
const MARKS: &str = "marks";
const CONTROL: &str = "control";
const SCOPE: &str = "scope";
const LABELS: &str = "labels";
const CHECKPOINT: &str = "checkpoint";
const NEXT_CHECKPOINT: &str = "checkpoint.new";

/// `PATH_MAX`: the most that is read of what was to be measured, in bytes.
const LONGEST_SCOPE: u64 = 4096;

/// The most that is read of a run's labels, in bytes.
const MOST_LABELS: u64 = 16 << 20;

/// How a file that is made may be used, less the umask.
const MODE: u32 = 0o666;

/// What is in a run's directory, which is held open, as is the data directory.
#[derive(Clone, Debug)]
pub struct RunDir {
    name: String,
    folder: Arc<Folder>,
    data: Arc<Folder>,
}

impl RunDir {
    /// The directory of the run called `name`, in a data directory.
    pub fn of(name: String, folder: Folder, data: &Arc<Folder>) -> RunDir {
        RunDir { name, folder: Arc::new(folder), data: data.clone() }
    }

    /// The name of the directory of a run.
    pub fn name_of(run: &str) -> OsString {
        format!("{PREFIX}{run}").into()
    }

    /// The name of the run whose directory is called `name`, if it is called like one.
    pub fn run_of(name: &str) -> Option<&str> {
        name.strip_prefix(PREFIX)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The descriptors by which it is used.
    pub fn descriptors(&self) -> [BorrowedFd<'_>; 2] {
        [self.folder.as_fd(), self.data.as_fd()]
    }

    /// Whether it was removed.
    pub fn is_gone(&self) -> bool {
        self.folder.is_gone()
    }

    /// The run's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether a run was begun here.
    pub fn has_journal(&self) -> bool {
        self.folder.kind_of(JOURNAL.as_ref()).is_ok_and(|kind| kind == Some(EntryKind::File))
    }

    /// Where the journal is.
    pub fn journal(&self) -> PathBuf {
        self.path().join(JOURNAL)
    }

    /// Makes journal and marks, with nothing in them.
    pub fn begin(&self) -> Result<(), OsError> {
        let create = |name: &str| self.did("create", name, self.folder.create_file(name.as_ref(), MODE));
        create(JOURNAL).and_then(|_| create(MARKS)).map(drop)
    }

    /// Keeps what is to be measured, as a data file says it, for a recovery.
    pub fn keep_scope(&self, scope: &str) -> std::io::Result<()> {
        self.folder.create_file(SCOPE.as_ref(), MODE)?.write_all(scope.as_bytes())
    }

    /// What was to be measured, if that was kept.
    pub fn scope(&self) -> Option<String> {
        String::from_utf8(self.folder.read(SCOPE.as_ref(), LONGEST_SCOPE).ok()?).ok().filter(|scope| !scope.is_empty())
    }

    /// Keeps the labels of the run for a recovery.
    pub fn keep_labels(&self, labels: &BTreeMap<String, String>) -> std::io::Result<()> {
        self.folder.create_file(LABELS.as_ref(), MODE)?.write_all(&serde_json::to_vec(labels)?)
    }

    /// The labels of the run, if they were kept.
    pub fn labels(&self) -> Option<BTreeMap<String, String>> {
        serde_json::from_slice(&self.folder.read(LABELS.as_ref(), MOST_LABELS).ok()?).ok()
    }

    /// The journal, for appending.
    pub fn journal_to_write(&self) -> Result<File, OsError> {
        self.did("open", JOURNAL, self.folder.open_file_to_append(JOURNAL.as_ref()))
    }

    /// Puts what the recorder knows of the journal on disk, in place of what was there.
    pub fn write_checkpoint(&self, bytes: &[u8]) -> Result<(), OsError> {
        let (next, name) = (NEXT_CHECKPOINT.as_ref(), CHECKPOINT.as_ref());
        // One that was begun and not finished is worth nothing.
        let _absent = self.folder.remove_file(next);
        let write = || {
            let mut file = self.folder.create_file(next, MODE)?;
            file.write_all(bytes)?;
            file.sync_data()?;
            self.folder.rename(next, &self.folder, name)
        };
        self.did("write", CHECKPOINT, write())?;
        platform::sync_files(self.path(), &[])
    }

    /// What the recorder knew of the journal, if that is there.
    pub fn read_checkpoint(&self) -> Option<Vec<u8>> {
        self.folder.read(CHECKPOINT.as_ref(), LARGEST).ok()
    }

    /// Gives back the space of so much of the journal, in bytes.
    pub fn forget_journal(&self, length: u64) -> Result<(), OsError> {
        platform::punch_start(&self.journal_to_write()?, length)
    }

    /// The journal, for reading.
    pub fn journal_to_read(&self) -> Result<File, OsError> {
        self.did("open", JOURNAL, self.folder.open_file(JOURNAL.as_ref()))
    }

    /// Where the marks are.
    pub fn marks_path(&self) -> PathBuf {
        self.path().join(MARKS)
    }

    /// The socket at which commands ask for the recorder of this run, to be made.
    pub fn listen(&self) -> Result<Listener, OsError> {
        Listener::bind(&self.folder, CONTROL)
    }

    /// Asks for the recorder of this run.
    pub fn connect(&self, trust: Trust) -> Result<Channel, OsError> {
        Channel::connect(&self.folder, CONTROL, trust)
    }

    /// The marks, to be set.
    pub fn marks_to_write(&self) -> Result<File, OsError> {
        self.did("open", MARKS, self.folder.open_file_to_write(MARKS.as_ref()))
    }

    /// The marks, for reading; where there are none, none are set.
    pub fn marks_to_read(&self) -> Result<File, OsError> {
        match self.folder.open_file(MARKS.as_ref()) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => platform::memory_file(),
            opened => self.did("open", MARKS, opened),
        }
    }

    /// Where the plan of an image is.
    pub fn plan(&self, image: ImageId) -> PathBuf {
        self.path().join(plan_name(image))
    }

    /// Where the lines of an image are.
    pub fn facts(&self, image: ImageId) -> PathBuf {
        self.path().join(facts_name(image))
    }

    /// Makes the file of an image's plan.
    pub fn create_plan(&self, image: ImageId) -> std::io::Result<File> {
        self.folder.create_file(&plan_name(image), MODE)
    }

    /// Makes the file of an image's lines.
    pub fn create_facts(&self, image: ImageId) -> std::io::Result<File> {
        self.folder.create_file(&facts_name(image), MODE)
    }

    /// The file of an image's lines, to add to it.
    pub fn facts_to_append(&self, image: ImageId) -> std::io::Result<File> {
        self.folder.open_file_to_append(&facts_name(image))
    }

    /// Reads the plan of an image.
    pub fn read_plan(&self, image: ImageId) -> std::io::Result<Vec<u8>> {
        self.folder.read(&plan_name(image), LARGEST)
    }

    /// Removes the plan of an image.
    pub fn remove_plan(&self, image: ImageId) -> std::io::Result<()> {
        self.folder.remove_file(&plan_name(image))
    }

    /// Reads the lines of an image.
    pub fn read_facts(&self, image: ImageId) -> std::io::Result<Vec<u8>> {
        self.folder.read(&facts_name(image), LARGEST)
    }

    /// Removes the directory with all in it; that it is gone already is no error.
    pub fn remove(&self) -> Result<(), OsError> {
        let name = RunDir::name_of(&self.name);
        let same = self.data.folder(&name).and_then(|there| Ok(there.identity()? == self.folder.identity()?));
        // Somebody may have moved it, and put another one there.
        let removed = self.folder.empty().and_then(|()| match same {
            Ok(true) => self.data.remove_all(&name),
            Ok(false) | Err(_) => Ok(()),
        });
        removed.map_err(|e| OsError::io("remove directory", self.path().display(), &e))
    }

    fn did<T>(&self, operation: &'static str, name: &str, result: std::io::Result<T>) -> Result<T, OsError> {
        result.map_err(|e| OsError::io(operation, self.path().join(name).display(), &e))
    }
}

fn plan_name(image: ImageId) -> OsString {
    format!("{}.plan", image.0).into()
}

fn facts_name(image: ImageId) -> OsString {
    format!("{}.facts", image.0).into()
}
