//! What tells an image from others: its build-id, else its inode, and in both cases that its file is as it was.
//!
//! Invariant: equal identities mean equal bytes, as far as anybody plays fair; who does not is found out when the
//! contents are checked against the image.

use crate::debuginfo;
use serde::{Deserialize, Serialize};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

/// Of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    who: Who,
    size: u64,
    /// Seconds and nanoseconds.
    modified: (i64, i64),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Who {
    BuildId(String),
    Inode {
        device: u64,
        inode: u64,
        /// Seconds and nanoseconds.
        changed: (i64, i64),
    },
}

impl Identity {
    /// The identity of an image in a file that was like this before the image was read.
    pub(super) fn of(meta: &Metadata, image: &[u8]) -> Identity {
        let inode = || Who::Inode { device: meta.dev(), inode: meta.ino(), changed: (meta.ctime(), meta.ctime_nsec()) };
        let who = debuginfo::build_id(image).map_or_else(inode, Who::BuildId);
        Identity { who, size: meta.size(), modified: (meta.mtime(), meta.mtime_nsec()) }
    }

    /// What the file of the cache is called. A file that was written anew takes the place of the old one.
    pub(super) fn name(&self) -> String {
        match &self.who {
            Who::BuildId(id) => format!("build-{id}"),
            Who::Inode { device, inode, .. } => format!("inode-{device:x}-{inode:x}"),
        }
    }
}
