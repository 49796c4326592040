//! Giving back the disk space of what is no longer needed at the start of a file, which keeps its length.

use crate::{Errno, OsError};
use nix::fcntl::{FallocateFlags, fallocate};
use std::fs::File;

/// Makes a hole of the first `length` bytes of a file: they read as zeroes and take no space. Where the file system cannot
/// do that (`EOPNOTSUPP`), or a filter forbids it, they stay.
pub fn punch_start(file: &File, length: u64) -> Result<(), OsError> {
    let flags = FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_KEEP_SIZE;
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    match fallocate(file, flags, 0, length) {
        Ok(()) | Err(Errno::EOPNOTSUPP | Errno::ENOSYS | Errno::EPERM | Errno::EINVAL) => Ok(()),
        Err(errno) => Err(OsError::new("give back the start of", "file", errno)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::unix::fs::{FileExt, MetadataExt};

    #[test]
    fn the_start_takes_no_space_and_the_rest_is_there() {
        let mut file = crate::memory_file().expect("memfd");
        file.write_all(&vec![7; 1 << 20]).expect("write");
        let before = file.metadata().expect("metadata");
        punch_start(&file, (1 << 20) - 10).expect("punch");
        let after = file.metadata().expect("metadata");
        let mut end = [0; 10];
        file.read_exact_at(&mut end, (1 << 20) - 10).expect("read");
        assert_eq!((after.len(), end), (before.len(), [7; 10]));
        assert!(after.blocks() < before.blocks());
    }
}
