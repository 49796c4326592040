//! Keeping a place to write to: a data directory that is removed under way is made again, and what prevents
//! writing is reported as it begins and as it ends.
//!
//! Invariant: what living processes ran is in memory, so that nothing of it depends on what becomes of the directory.

use super::news::{News, Trouble};
use super::{ControlSocket, Recorder};
use crate::link::RunDir;
use crate::store::{DataDir, RunEntry, StoreError};
use std::fs::File;

/// What became of the directory so far.
#[derive(Debug, Default)]
pub(super) struct Keeping {
    /// Why files cannot be written now.
    unwritable: Option<String>,
    was_removed: bool,
    /// The lock of a directory that was made again.
    _lock: Option<File>,
}

impl Keeping {
    /// What is to be known of it now.
    pub fn told(&self) -> Option<String> {
        let unwritable = self.unwritable.clone().map(Trouble::Unwritable);
        unwritable.or(self.was_removed.then_some(Trouble::Removed)).map(|trouble| trouble.to_string())
    }
}

impl Recorder {
    /// Makes the data directory and the run's again where they were removed. What cannot be made is tried again in the
    /// next round, whose files fail for the same reason.
    pub(super) fn keep_directory(&mut self) {
        if !self.data.folder().is_gone() && !self.run.is_gone() {
            return;
        }
        if let Ok((data, run, lock)) = self.made_again() {
            // Commands find it here; who was connected asks again.
            self.control = run.listen().ok().map(ControlSocket::new);
            self.keeping = Keeping { unwritable: self.keeping.unwritable.take(), was_removed: true, _lock: Some(lock) };
            self.ledger.go_on_in(&data);
            (self.data, self.run) = (data, run);
            self.tell(Trouble::Removed);
        }
    }

    fn made_again(&self) -> Result<(DataDir, RunDir, File), StoreError> {
        let data = match self.data.folder().is_gone() {
            true => DataDir::create_trusting(self.data.path(), self.data.trust())?,
            false => self.data.clone(),
        };
        let (run, lock) = RunEntry::new(&data, self.run.name()).create()?;
        Ok((data, run, lock))
    }

    /// Notes whether a round could write what was to be written.
    pub(super) fn note_failure(&mut self, failure: Option<&str>) {
        let before = std::mem::replace(&mut self.keeping.unwritable, failure.map(str::to_owned));
        match (before, failure) {
            (None, Some(cause)) => self.tell(Trouble::Unwritable(cause.to_owned())),
            (Some(_), None) => self.tell(Trouble::Over),
            (None, None) | (Some(_), Some(_)) => {}
        }
    }

    fn tell(&mut self, trouble: Trouble) {
        let _front_gone = self.front.as_mut().map(|front| front.send(&News::Trouble(trouble), None));
    }
}
