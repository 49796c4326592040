//! What tells an image from others: its inode, and that its file is as it was.
//!
//! Invariant: equal identities mean equal bytes. A build-id says nothing here, and neither do size and time of change:
//! all of them are whatever the maker of a file wants. The time of the last change of the inode (ctime) is the kernel's.

use serde::{Deserialize, Serialize};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Two changes within this time may have the same ctime (a tick of the kernel's clock, with a margin).
const TICK: Duration = Duration::from_millis(50);

/// Of an image.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct FileIdentity {
    device: u64,
    inode: u64,
    size: u64,
    /// Seconds and nanoseconds, as the next.
    modified: (i64, i64),
    changed: (i64, i64),
}

impl FileIdentity {
    /// The identity of an image in a file that was like this before the image was read.
    pub(super) fn of(meta: &Metadata) -> FileIdentity {
        FileIdentity {
            device: meta.dev(),
            inode: meta.ino(),
            size: meta.size(),
            modified: (meta.mtime(), meta.mtime_nsec()),
            changed: (meta.ctime(), meta.ctime_nsec()),
        }
    }

    /// Whether a change after this moment would give another identity.
    pub(super) fn is_settled(&self, now: SystemTime) -> bool {
        let (Ok(seconds), Ok(nanoseconds)) = (u64::try_from(self.changed.0), u32::try_from(self.changed.1)) else {
            return false;
        };
        let changed = UNIX_EPOCH.checked_add(Duration::new(seconds, nanoseconds));
        changed.is_some_and(|changed| now.duration_since(changed).is_ok_and(|since| since >= TICK))
    }

    /// What the file of the cache is called. A file that was written again takes the place of the old one.
    pub(super) fn name(&self) -> String {
        format!("inode-{:x}-{:x}", self.device, self.inode)
    }
}
