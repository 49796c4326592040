//! Where something is in the file of an image, and how that becomes an address.

use platform::{Avma, TextMapping};
use serde::{Deserialize, Serialize};

/// Distance in bytes from the start of an image's file.
///
/// The supervisor turns it into an address through the mapping that covers it, so no load bias is ever guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FileOffset(pub u64);

impl FileOffset {
    /// How far two are from each other.
    pub fn abs_diff(self, other: FileOffset) -> u64 {
        self.0.abs_diff(other.0)
    }

    /// So many bytes behind it, at most the last that there can be.
    pub fn saturating_add(self, bytes: u64) -> FileOffset {
        FileOffset(self.0.saturating_add(bytes))
    }

    /// So many bytes before it, at least the start of the file.
    pub fn saturating_sub(self, bytes: u64) -> FileOffset {
        FileOffset(self.0.saturating_sub(bytes))
    }
}

/// What is added to an offset in an image's file, wrapping, to get its actual address in one address space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LoadBias(pub u64);

impl LoadBias {
    /// That of what is mapped here.
    pub fn of(mapping: &TextMapping) -> LoadBias {
        LoadBias(mapping.start.0.wrapping_sub(mapping.offset))
    }

    /// Where an offset is in memory.
    pub fn address(self, offset: FileOffset) -> Avma {
        Avma(self.0.wrapping_add(offset.0))
    }

    /// Where an address is in the file.
    pub fn offset(self, at: Avma) -> FileOffset {
        FileOffset(at.0.wrapping_sub(self.0))
    }
}
