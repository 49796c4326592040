//! What address spaces, the images in them and their probes are known by.

use crate::link::ImageId;
use crate::plan::{FileOffset, LoadBias};
use platform::Avma;
use serde::{Deserialize, Serialize};

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

/// A probe at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbeSite {
    /// Where it belongs.
    pub instance: InstanceId,
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
