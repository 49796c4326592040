//! Where something is in the file of an image.

use serde::{Deserialize, Serialize};

/// Distance in bytes from the start of an image's file.
///
/// The supervisor turns it into an address through the mapping that covers it, so no load bias is ever guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FileOffset(pub u64);
