//! Erases measurements.
//!
//! Invariants: only what cov-trace wrote is removed, told by its name; nothing of a live run is.

use super::{DataDir, ProcessFile, RunDir, StoreError};
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What erasing removed, and what it left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// How many data files were removed.
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
        let mut erased = Erased::default();
        let entries = self.entries()?;
        for entry in &entries {
            if let Some(run) = RunDir::from_entry(entry) {
                erase_run(run, &mut erased)?;
            }
        }
        let live: BTreeSet<String> = erased.live.iter().cloned().collect();
        for entry in &entries {
            let name = entry.file_name();
            let file = |parsed: Option<ProcessFile>| parsed.filter(|_| !is_directory(entry));
            let removed = if let Some(file) = file(ProcessFile::parse(&name)) {
                (file.run, &mut erased.processes)
            } else if let Some(file) = file(ProcessFile::parse_temporary(&name)) {
                (file.run, &mut erased.temporaries)
            } else if name == DataDir::KNOWN_LINES && !is_directory(entry) {
                remove(&entry.path(), fs::remove_file(entry.path()))?;
                continue;
            } else {
                if RunDir::from_entry(entry).is_none() {
                    erased.foreign.push(name.into());
                }
                continue;
            };
            let (run, count) = removed;
            if !live.contains(&run) {
                remove(&entry.path(), fs::remove_file(entry.path()))?;
                *count += 1;
            }
        }
        erased.runs.sort();
        erased.live.sort();
        erased.foreign.sort();
        // One that never held anything of ours may be somebody else's; a working directory or mount stays anyway.
        let ours = erased.processes + erased.temporaries + erased.runs.len() > 0;
        erased.directory = ours && fs::remove_dir(self.path()).is_ok();
        Ok(erased)
    }
}

/// Whether something that is called like a file of ours is a directory, and so not ours.
fn is_directory(entry: &fs::DirEntry) -> bool {
    entry.file_type().is_ok_and(|found| found.is_dir())
}

fn erase_run(run: RunDir, erased: &mut Erased) -> Result<(), StoreError> {
    match run.lock_if_dead()? {
        None => erased.live.push(run.run),
        Some(_lock) => {
            remove(&run.path, fs::remove_dir_all(&run.path))?;
            erased.runs.push(run.run);
        }
    }
    Ok(())
}

fn remove(path: &Path, result: io::Result<()>) -> Result<(), StoreError> {
    match result {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::Directory { operation: "remove", path: path.to_owned(), source })
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

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
        let run = RunDir::new(&data, OLD);
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
    fn a_live_run_keeps_its_files() {
        let of_live = [format!("7-{NEW}-0.sqlite"), format!(".7-{NEW}-0.sqlite.5.tmp")];
        let (_dir, data) = data(&[&of_live[0], &of_live[1], &format!("7-{OLD}-0.sqlite")]);
        let run = RunDir::new(&data, NEW);
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
