//! What address spaces, the images in them and their probes are known by.

use crate::link::ImageId;
use crate::plan::{FileOffset, LoadBias};
use platform::{Avma, TextMapping};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Number of an address space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SpaceId(pub u32);

/// An image at one load address within one space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct InstanceId {
    pub image: ImageId,
    /// Where its file is.
    pub bias: LoadBias,
}

/// A file at one load address: what a mapping is a mapping of, as its address space alone tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FileAt {
    device: u64,
    inode: u64,
    pub(super) bias: LoadBias,
}

impl FileAt {
    pub(super) fn of(mapping: &TextMapping) -> Self {
        FileAt { device: mapping.file.device, inode: mapping.file.inode, bias: LoadBias::of(mapping) }
    }
}

/// A place in the file of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FilePlace {
    pub image: ImageId,
    pub offset: FileOffset,
}

/// Measured text that is mapped in a space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappedText {
    /// The addresses that it has.
    pub range: Range<Avma>,
    /// Whose text it is.
    pub instance: InstanceId,
}

/// The byte that belongs where a breakpoint is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OriginalByte {
    /// Where that is.
    pub at: Avma,
    /// What belongs there.
    pub byte: u8,
}

/// A probe at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbeSite {
    /// Where it belongs.
    pub instance: InstanceId,
    /// The first of its stretch, which was executed before.
    pub first: u32,
    /// Its number in the image.
    pub probe: u32,
    /// How many the image has.
    pub probes: u32,
    /// The byte that belongs there.
    pub original: u8,
}

impl ProbeSite {
    /// Where its file has it; `at` is where it is in memory.
    pub fn offset(&self, at: Avma) -> FileOffset {
        self.instance.bias.offset(at)
    }
}
