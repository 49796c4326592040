//! Erases measurements.
//!
//! Invariants: only what cov-trace wrote is removed, told by its name; nothing of a live run is, nor what is known of an image
//! that a data file names.

use super::reader::count as count_in;
use super::{DataDir, ProcessFile, RunEntry, StoreError, fact_files};
use platform::{Entry, EntryKind, Folder};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io;
use std::path::PathBuf;

/// What erasing removed, and what it left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// How many processes had data files that were removed.
    pub processes: usize,
    /// How many temporaries were removed.
    pub temporaries: usize,
    /// The runs that were cut short and whose directories were removed.
    pub runs: Vec<String>,
    /// The runs under way: everything of theirs was left.
    pub live: Vec<String>,
    /// Names in the directory that are not cov-trace's, left too.
    pub foreign: Vec<PathBuf>,
    /// Whether the directory, empty then, was removed.
    pub directory: bool,
}

impl DataDir {
    /// Removes every measurement that is not under way, and the directory if that leaves nothing in it.
    pub fn erase(self) -> Result<Erased, StoreError> {
        self.erase_runs(&|_| true)
    }

    /// The same of some runs only, by their names.
    pub fn erase_runs(self, is_meant: &dyn Fn(&str) -> bool) -> Result<Erased, StoreError> {
        let mut erased = Erased::default();
        let entries = self.entries()?;
        for entry in &entries {
            if let Some(run) = RunEntry::of(&self, entry).filter(|run| is_meant(&run.run)) {
                self.erase_run(run, &mut erased)?;
            }
        }
        let live: BTreeSet<String> = erased.live.iter().cloned().collect();
        for entry in &entries {
            let Entry { name, kind } = entry;
            let file = |parsed: Option<ProcessFile>| parsed.filter(|_| *kind != EntryKind::Folder);
            let (run, several, count) = if let Some(file) = file(ProcessFile::parse(name)) {
                (file.run.clone(), file.has_several(), &mut erased.processes)
            } else if let Some(file) = file(ProcessFile::parse_temporary(name)) {
                (file.run, false, &mut erased.temporaries)
            } else if name == fact_files::FOLDER && *kind == EntryKind::Folder {
                continue;
            } else if is_known_lines(name) && *kind != EntryKind::Folder {
                self.remove(name)?;
                continue;
            } else {
                if RunEntry::of(&self, entry).is_none() {
                    erased.foreign.push(name.into());
                }
                continue;
            };
            if is_meant(&run) && !live.contains(&run) {
                let removed = if several { count_in(&self.path().join(name)) } else { 1 };
                self.remove(name)?;
                *count += removed;
            }
        }
        if live.is_empty() {
            self.remove_unused_images()?;
        }
        erased.runs.sort();
        erased.live.sort();
        erased.foreign.sort();
        // One that never held anything of ours may be somebody else's; a working directory or mount stays anyway.
        let ours = erased.processes + erased.temporaries + erased.runs.len() > 0;
        erased.directory = ours && self.remove_itself().is_ok();
        Ok(erased)
    }

    fn erase_run(&self, run: RunEntry, erased: &mut Erased) -> Result<(), StoreError> {
        match run.lock_if_dead()? {
            None => erased.live.push(run.run),
            Some(_lock) => {
                let removed = self.folder().remove_all(&run.name());
                removed.map_err(|source| StoreError::Directory { operation: "remove", path: run.path, source })?;
                erased.runs.push(run.run);
            }
        }
        Ok(())
    }

    /// Removes a data file; one that is gone is no error.
    pub(crate) fn remove_file(&self, file: &ProcessFile) -> Result<(), StoreError> {
        self.remove(file.to_string().as_ref())
    }

    fn remove(&self, name: &OsStr) -> Result<(), StoreError> {
        let failed = |source| StoreError::Directory { operation: "remove", path: self.path().join(name), source };
        self.folder().remove_file(name).map_err(failed)
    }

    /// Removes the directory, if its path still leads to it and it is empty.
    fn remove_itself(&self) -> io::Result<()> {
        let (parent, name) = Folder::of(self.path(), self.trust())?;
        if parent.folder(&name)?.identity()? != self.folder().identity()? {
            return Err(io::ErrorKind::NotFound.into());
        }
        parent.remove_folder(&name)
    }
}

/// Whether this is the file of known lines, or one that was to become it.
fn is_known_lines(name: &OsStr) -> bool {
    let temporary = || Some(name.to_str()?.strip_prefix('.')?.strip_suffix(".tmp")?.rsplit_once('.')?.0);
    name == DataDir::KNOWN_LINES || temporary() == Some(DataDir::KNOWN_LINES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, File};

    const OLD: &str = "20261123T010203.512Z-9";
    const NEW: &str = "20261123T020304.000Z-8";

    fn data(names: &[&str]) -> (tempfile::TempDir, DataDir) {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::create(&dir.path().join("data")).unwrap();
        for name in names {
            fs::write(data.path().join(name), "x").unwrap();
        }
        (dir, data)
    }

    #[test]
    fn all_that_is_ours_goes_and_the_directory_with_it() {
        let (dir, data) = data(&[&format!("7-{OLD}-0.sqlite"), &format!(".7-{OLD}-0.sqlite.5.tmp")]);
        let run = RunEntry::new(&data, OLD);
        fs::create_dir(&run.path).unwrap();
        File::create(run.lock_path()).unwrap();
        fs::write(run.path.join("marks"), "x").unwrap();
        let erased = data.erase().unwrap();
        assert_eq!(
            erased,
            Erased { processes: 1, temporaries: 1, runs: vec![OLD.to_owned()], directory: true, ..Erased::default() }
        );
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_is_not_ours_stays() {
        let (_dir, data) = data(&[&format!("7-{OLD}-0.sqlite"), "notes.sqlite", "run-of-the-mill"]);
        let path = data.path().to_owned();
        let erased = data.erase().unwrap();
        assert_eq!(erased.foreign, [PathBuf::from("notes.sqlite"), PathBuf::from("run-of-the-mill")]);
        assert!(!erased.directory && path.join("notes.sqlite").exists() && path.join("run-of-the-mill").exists());
    }

    #[test]
    fn a_directory_that_is_merely_called_so_stays_and_so_does_an_empty_one() {
        let (_dir, data) = data(&[]);
        fs::create_dir(data.path().join("run-tests")).unwrap();
        fs::write(data.path().join("run-tests/precious"), "x").unwrap();
        let erased = data.clone().erase().unwrap();
        assert_eq!((erased.foreign, erased.runs, erased.directory), (vec![PathBuf::from("run-tests")], vec![], false));
        assert!(data.path().join("run-tests/precious").exists());
        fs::remove_dir_all(data.path().join("run-tests")).unwrap();
        assert!(!data.clone().erase().unwrap().directory && data.path().exists());
    }

    #[test]
    fn single_runs_are_erased_and_others_stay() {
        let (_dir, data) = data(&[&format!("7-{OLD}-0.sqlite"), &format!("8-{NEW}-0.sqlite")]);
        let erased = data.clone().erase_runs(&|run| run == OLD).unwrap();
        assert_eq!((erased.processes, erased.directory), (1, false));
        assert_eq!(data.process_files().unwrap()[0].run, NEW);
    }

    #[test]
    fn a_live_run_keeps_its_files() {
        let of_live = [format!("7-{NEW}-0.sqlite"), format!(".7-{NEW}-0.sqlite.5.tmp")];
        let (_dir, data) = data(&[&of_live[0], &of_live[1], &format!("7-{OLD}-0.sqlite")]);
        let run = RunEntry::new(&data, NEW);
        fs::create_dir(&run.path).unwrap();
        let lock = File::create(run.lock_path()).unwrap();
        lock.lock().unwrap();
        let erased = data.clone().erase().unwrap();
        assert_eq!((erased.processes, erased.temporaries), (1, 0));
        assert_eq!(erased.live, [NEW]);
        assert!(of_live.iter().all(|name| data.path().join(name).exists()) && run.lock_path().exists());
        drop(lock);
        assert!(data.erase().unwrap().directory);
    }
}
