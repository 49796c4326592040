//! Having files on disk, in a thread of its own: a slow disk must not keep anybody waiting.
//!
//! Invariant: one job at a time; what comes meanwhile is one job more, so that the disk is never behind by more than two.

use super::ledger::Checkpoint;
use crate::link::ProcessNo;
use platform::{Channel, OsError, WhenNone};
use std::collections::BTreeMap;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};

/// What is to be on disk.
#[derive(Debug, Default)]
pub(super) struct Job {
    /// Files by their folder.
    pub files: BTreeMap<PathBuf, Vec<PathBuf>>,
    /// Processes whose marks may be used again once all of that is there.
    pub freed: Vec<ProcessNo>,
    /// What is written after that.
    pub checkpoint: Option<Checkpoint>,
}

/// The thread that waits for the disk.
#[derive(Debug)]
pub(super) struct Disk {
    jobs: Sender<Job>,
    done: Receiver<(Job, Result<(), OsError>)>,
    bell: Channel,
    busy: bool,
    waiting: Job,
}

impl Job {
    fn add(&mut self, other: Job) {
        for (folder, files) in other.files {
            self.files.entry(folder).or_default().extend(files);
        }
        self.freed.extend(other.freed);
        // The older one is of a journal that may be given back already.
        self.checkpoint = self.checkpoint.take().into_iter().chain(other.checkpoint).max_by_key(Checkpoint::position);
    }

    fn is_empty(&self) -> bool {
        self.files.is_empty() && self.freed.is_empty() && self.checkpoint.is_none()
    }

    fn perform(&mut self) -> Result<(), OsError> {
        // Folders before those that hold them: the facts of images before the data files that name these.
        for (folder, files) in self.files.iter_mut().rev() {
            files.sort();
            files.dedup();
            platform::sync_files(folder, files)?;
        }
        // Without it the journal only takes more space.
        let _kept = self.checkpoint.take().map(|checkpoint| checkpoint.write());
        Ok(())
    }
}

impl Disk {
    pub fn start() -> Result<Self, OsError> {
        let (jobs, to_do) = channel::<Job>();
        let (finished, done) = channel();
        let (bell, ring) = Channel::pair()?;
        std::thread::Builder::new()
            .name("disk".to_owned())
            .spawn(move || {
                for mut job in to_do {
                    let result = job.perform();
                    let _recorder_ends = finished.send((job, result));
                    let _rings_already = ring.send(b"!", None);
                }
            })
            .map_err(|e| OsError::io("start", "disk thread", &e))?;
        Ok(Disk { jobs, done, bell, busy: false, waiting: Job::default() })
    }

    /// Has this on disk, as soon as what was asked for before is there.
    pub fn sync(&mut self, job: Job) {
        self.waiting.add(job);
        self.go_on();
    }

    /// The processes whose marks may be used again, since their files are on disk now.
    pub fn freed(&mut self) -> Vec<ProcessNo> {
        let mut freed = Vec::new();
        while let Ok((job, result)) = self.done.try_recv() {
            let _rung = self.bell.receive(WhenNone::Return);
            self.busy = false;
            match result {
                Ok(()) => {
                    freed.extend(job.freed);
                    self.go_on();
                }
                // With the next job it is tried again; until then the marks stay.
                Err(_) => self.waiting.add(job),
            }
        }
        freed
    }

    /// Waits until everything is on disk; false if something could not be brought there.
    pub fn finish(self, mut last: Job) -> bool {
        drop(self.jobs);
        for (job, result) in self.done {
            if result.is_err() {
                last.add(job);
            }
        }
        last.add(self.waiting);
        last.perform().is_ok()
    }

    fn go_on(&mut self) {
        if !self.busy && !self.waiting.is_empty() {
            self.busy = true;
            self.jobs.send(std::mem::take(&mut self.waiting)).expect("invariant: the thread ends after us");
        }
    }
}

impl AsFd for Disk {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frees_what_is_on_disk_and_keeps_what_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        std::fs::write(&file, "x").unwrap();
        let job = |folder: PathBuf, process| Job {
            files: BTreeMap::from([(folder, vec![file.clone()])]),
            freed: vec![ProcessNo(process)],
            checkpoint: None,
        };
        let mut disk = Disk::start().unwrap();
        let gone = dir.path().join("gone");
        disk.sync(job(gone.clone(), 1));
        platform::wait_readable(&[disk.as_fd()], None);
        assert_eq!(disk.freed(), []);
        std::fs::create_dir(gone).unwrap();
        disk.sync(job(dir.path().to_owned(), 2));
        platform::wait_readable(&[disk.as_fd()], None);
        assert_eq!(disk.freed(), [ProcessNo(1), ProcessNo(2)]);
        assert!(disk.finish(Job::default()));
    }
}
