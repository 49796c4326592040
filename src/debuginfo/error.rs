//! Why an image could not be indexed, and the bound on the work that its bytes may ask for.
//!
//! Invariants: every loop whose length is not bounded by bytes that it alone consumes spends from the [`Budget`].
//! Whether the budget of an image is enough does not depend on how threads share it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Why [`index`](fn@super::index) gave no index.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// The bytes do not start with the ELF magic number.
    #[error("not an ELF file")]
    NotElf,
    /// ELFCLASS32: such programs are followed, not measured.
    #[error("32-bit ELF files are not measured")]
    ThirtyTwoBit,
    /// The code is for another CPU (`e_machine`), or of another byte order.
    #[error("code for another CPU is not measured (e_machine {machine})")]
    ForeignMachine {
        /// `e_machine` of the file, read in little-endian order.
        machine: u16,
    },
    /// The headers that everything else hangs on are cut off or contradict themselves.
    #[error("malformed ELF file: {what}: {cause}")]
    Malformed {
        /// What was being read.
        what: &'static str,
        /// What the reader says of it.
        cause: String,
    },
    /// Tables that overlap or repeat beyond what an honest file of this size does.
    #[error("the debug information asks for more work than an honest file of its size")]
    Excessive,
}

/// Work that may still be done for an image, in units of about one byte read.
///
/// Tables that several units share, lists that several functions share and overlapping ranges are paid from it each time,
/// so that hostile input costs a multiple of its own size at most.
///
/// Each thread spends from a share of its own, which it settles now and then, and once more when its work is done.
pub(super) struct Budget {
    left: Arc<AtomicU64>,
    /// Spent and not settled.
    owed: u64,
}

impl Budget {
    const PER_BYTE: u64 = 16;
    const FLOOR: u64 = 16 << 20;
    /// What may be owed: so much that threads rarely meet, so little that the bound holds.
    const CREDIT: u64 = 256 << 10;

    /// The budget of an image that holds so many bytes once its sections are uncompressed.
    pub(super) fn for_bytes(bytes: usize) -> Budget {
        let left = (bytes as u64).saturating_mul(Self::PER_BYTE).saturating_add(Self::FLOOR);
        Budget { left: Arc::new(AtomicU64::new(left)), owed: 0 }
    }

    /// Another hand on the same budget, for another thread.
    pub(super) fn share(&self) -> Budget {
        Budget { left: Arc::clone(&self.left), owed: 0 }
    }

    /// Takes `work` units, or fails when they are used up.
    pub(super) fn spend(&mut self, work: usize) -> Result<(), IndexError> {
        self.owed = self.owed.saturating_add(work as u64);
        if self.owed > Self::CREDIT { self.settle() } else { Ok(()) }
    }

    /// Pays what is owed; to be called when the work is done.
    ///
    /// # Errors
    /// If all shares together have spent more than there was.
    pub(super) fn settle(&mut self) -> Result<(), IndexError> {
        let owed = std::mem::take(&mut self.owed);
        let paid = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(owed));
        paid.map(|_| ()).map_err(|_| {
            // The others are to end too.
            self.left.store(0, Ordering::Relaxed);
            IndexError::Excessive
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_spend_from_one_budget() {
        let mut budget = Budget::for_bytes(0);
        let half = Budget::FLOOR as usize / 2;
        let mut other = budget.share();
        assert_eq!((budget.spend(half), other.spend(half)), (Ok(()), Ok(())));
        assert_eq!(other.spend(1), Ok(()), "owed");
        assert_eq!(other.settle(), Err(IndexError::Excessive));
        assert_eq!((budget.settle(), budget.spend(half)), (Ok(()), Err(IndexError::Excessive)));
        assert_eq!(Budget::for_bytes(usize::MAX).spend(usize::MAX), Ok(()));
    }
}
