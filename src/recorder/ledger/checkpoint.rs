//! What the journal told of a run up to a place, as far as it is still needed: with it on disk, what is before that place is
//! given back, so that the journal takes the space of what lives and not of all that ever did.
//!
//! Invariant: a checkpoint is written after the files of all processes that it leaves out are on disk.

use super::Ledger;
use crate::link::RunDir;
use crate::recorder::replay::Replay;
use platform::OsError;

/// How much the journal grows, in bytes, before it is worth a checkpoint.
const WORTH: u64 = 1 << 20;

/// A checkpoint that is to be written: how much of the journal is in it, in bytes, then what that told.
#[derive(Debug)]
pub(in crate::recorder) struct Checkpoint {
    run: RunDir,
    position: u64,
    bytes: Vec<u8>,
}

impl Checkpoint {
    /// How much of the journal is in it, in bytes.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Has it on disk, and gives back what the journal has of it.
    pub fn write(&self) -> Result<(), OsError> {
        self.run.write_checkpoint(&self.bytes)?;
        self.run.forget_journal(self.position)
    }
}

impl Ledger {
    /// A checkpoint, if the journal has grown enough since the last one. Nothing may be unwritten of the processes that have
    /// ended and been forgotten.
    pub fn checkpoint(&mut self) -> Option<Checkpoint> {
        let position = self.journal.position();
        if position < self.checkpointed + WORTH || !self.is_recoverable() || self.shared.unwritten() > 0 {
            return None;
        }
        let bytes = postcard::to_stdvec(&(position, &self.replay)).ok()?;
        self.checkpointed = position;
        Some(Checkpoint { run: self.run.clone(), position, bytes })
    }

    /// Goes on from the run's checkpoint, if there is one. Without it, or if it is damaged, the journal is read from its
    /// start, of which what was given back counts as damaged.
    pub fn resume_from_checkpoint(&mut self) {
        let contents = self.run.read_checkpoint().and_then(|bytes| postcard::from_bytes::<(u64, Replay)>(&bytes).ok());
        if let Some((position, replay)) = contents.filter(|(_, replay)| replay.is_of(self.run.name())) {
            self.journal.go_to(position);
            (self.replay, self.checkpointed) = (replay, position);
        }
    }
}
