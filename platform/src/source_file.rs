//! A file whose text is going to be shown: what it really is, where, and who may read it.
//!
//! Invariant: nothing of the kernel's own file systems is read; what looks like a file there tells secrets, takes away what
//! is read, or has no end.

use crate::kernel_files::refuse_kernel_files;
use crate::regular::open_regular;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// A regular file that is open for reading.
#[derive(Debug)]
pub struct SourceFile {
    file: File,
    metadata: Metadata,
}

/// What decides whether a file's text may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readers {
    /// Where it really is, without links.
    pub real: PathBuf,
    /// The user who owns it.
    pub owner: u32,
    /// Whether nobody but its owner may read it.
    pub owner_only: bool,
    /// Whether everybody may read it, and enter every folder on the way to it.
    pub everybody: bool,
}

impl SourceFile {
    /// Opens a file, without waiting.
    ///
    /// # Errors
    /// If it cannot be opened, is no regular file, or is the kernel's.
    pub fn open(path: &Path) -> io::Result<SourceFile> {
        let file = open_regular(path, OpenOptions::new().read(true))?;
        refuse_kernel_files(&file)?;
        let metadata = file.metadata()?;
        Ok(SourceFile { file, metadata })
    }

    /// What it was like when it was opened.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Who may read it, by its mode and those of the folders on the way to it.
    ///
    /// # Errors
    /// If the kernel does not say where it is.
    pub fn readers(&self) -> io::Result<Readers> {
        const BY_OTHERS: (u32, u32, u32) = (0o044, 0o004, 0o001);
        let (by_group_or_all, by_all, entered_by_all) = BY_OTHERS;
        let real = std::fs::read_link(format!("/proc/self/fd/{}", self.file.as_raw_fd()))?;
        let entered = |folder: &Path| {
            std::fs::metadata(folder).is_ok_and(|folder| folder.permissions().mode() & entered_by_all != 0)
        };
        let mode = self.metadata.permissions().mode();
        Ok(Readers {
            owner: self.metadata.uid(),
            owner_only: mode & by_group_or_all == 0,
            everybody: mode & by_all != 0 && real.ancestors().skip(1).all(entered),
            real,
        })
    }

    /// Its bytes, as many as it had when it was opened, if those are no more than `most`.
    pub fn read(self, most: u64) -> io::Result<Vec<u8>> {
        let length = self.metadata.len();
        if length > most {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let mut bytes = Vec::new();
        bytes.try_reserve(length as usize)?;
        self.file.take(length).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn files_of_the_kernel_are_not_read() {
        for path in ["/proc/self/environ", "/proc/self/maps", "/proc/self/pagemap", "/proc/self/mem", "/sys/kernel/mm"]
        {
            assert!(SourceFile::open(Path::new(path)).is_err(), "{path}");
            assert!(crate::read_regular(Path::new(path), 9).is_err(), "{path}");
        }
        let of_sys = ["/sys/kernel/notes", "/sys/kernel/uevent_seqnum"].map(Path::new);
        assert!(of_sys.iter().all(|path| SourceFile::open(path).is_err()));
    }

    #[test]
    fn who_may_read_a_file_depends_on_the_way_to_it() {
        let folder = std::env::temp_dir().join(format!("cov-trace-source-{:x}", crate::random()));
        fs::create_dir(&folder).expect("mkdir");
        let (file, link) = (folder.join("a.c"), folder.join("link"));
        fs::write(&file, "text").expect("write");
        std::os::unix::fs::symlink("a.c", &link).expect("link");
        let real = file.canonicalize().expect("path");
        let seen = |folder_mode, mode| {
            fs::set_permissions(&folder, PermissionsExt::from_mode(folder_mode)).expect("chmod");
            fs::set_permissions(&file, PermissionsExt::from_mode(mode)).expect("chmod");
            let readers = SourceFile::open(&link).expect("open").readers().expect("look");
            assert_eq!(readers.real, real);
            (readers.everybody, readers.owner_only)
        };
        assert_eq!(seen(0o755, 0o644), (true, false));
        assert_eq!(seen(0o700, 0o644), (false, false));
        assert_eq!(seen(0o755, 0o640), (false, false));
        assert_eq!(seen(0o755, 0o600), (false, true));
        let source = SourceFile::open(&file).expect("open");
        fs::write(&file, "longer text").expect("write");
        assert_eq!(source.read(4).expect("read"), b"long", "as much as there was");
        assert!(SourceFile::open(&file).expect("open").read(4).is_err());
        fs::remove_dir_all(folder).expect("rm");
    }
}
