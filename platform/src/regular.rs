//! Opening files that others may have replaced by something else: a FIFO, a socket, a device, a directory.
//!
//! Invariants: an open never waits for a peer or a device; what is opened is a regular file, a symbolic link to one, or an
//! error that names what is there instead; of a device nothing is opened that was seen to be one (watchdog(4) starts a
//! countdown when it is opened).

use crate::kernel_files::refuse_kernel_files;
use std::fs::{File, FileType, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

/// Opens a regular file with `options`, which must set no custom flags.
///
/// # Errors
/// If it cannot be opened, or is no regular file.
pub fn open_regular(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    if let Ok(found) = std::fs::metadata(path) {
        check(found.file_type())?;
    }
    let file = options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)?;
    // It may have been replaced meanwhile.
    check(file.metadata()?.file_type())?;
    Ok(file)
}

/// Reads a regular file of at most `most` bytes.
///
/// # Errors
/// If it cannot be read, is no regular file but one of the kernel's, or is larger.
pub fn read_regular(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = open_regular(path, OpenOptions::new().read(true))?;
    refuse_kernel_files(&file)?;
    let mut bytes = Vec::new();
    bytes.try_reserve(file.metadata()?.len().min(most) as usize)?;
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
}

/// Opens a directory, to sync it or to reach what is in it.
///
/// # Errors
/// If it cannot be opened, or is no directory.
pub(crate) fn open_directory(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(libc::O_DIRECTORY | libc::O_NONBLOCK | libc::O_NOCTTY).open(path)
}

pub(crate) fn check(found: FileType) -> io::Result<()> {
    let what = if found.is_file() {
        return Ok(());
    } else if found.is_dir() {
        "a directory"
    } else if found.is_symlink() {
        "a symbolic link"
    } else if found.is_fifo() {
        "a FIFO"
    } else if found.is_socket() {
        "a socket"
    } else {
        "a device"
    };
    Err(io::Error::new(io::ErrorKind::InvalidInput, format!("it is {what}, not a regular file")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::stat::Mode;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    #[test]
    fn only_regular_files_are_opened_and_nothing_is_waited_for() {
        let folder = std::env::temp_dir().join(format!("cov-trace-regular-{}", std::process::id()));
        std::fs::create_dir(&folder).expect("mkdir");
        let fifo = folder.join("fifo");
        nix::unistd::mkfifo(&fifo, Mode::S_IRWXU).expect("mkfifo");
        let _socket = UnixListener::bind(folder.join("socket")).expect("bind");
        std::fs::write(folder.join("file"), "text").expect("write");
        for name in ["file", "fifo", "socket"] {
            symlink(name, folder.join(format!("link-to-{name}"))).expect("symlink");
        }
        symlink("/dev/full", folder.join("device")).expect("symlink");
        let refused = [
            ("fifo", "a FIFO"),
            ("link-to-fifo", "a FIFO"),
            ("socket", "a socket"),
            ("link-to-socket", "a socket"),
            ("device", "a device"),
            (".", "a directory"),
        ];
        for (name, what) in refused {
            let mut ways = [OpenOptions::new(), OpenOptions::new(), OpenOptions::new()];
            ways[0].read(true);
            ways[1].append(true).create(true);
            ways[2].write(true).create(true).truncate(true);
            for way in &mut ways {
                let error = open_regular(&folder.join(name), way).map(drop).expect_err(name).to_string();
                assert!(error.contains(what), "{name}: {error}");
            }
            assert!(read_regular(&folder.join(name), 9).is_err(), "{name}");
        }
        assert_eq!(read_regular(&folder.join("link-to-file"), 4).expect("reads"), b"text");
        assert_eq!(read_regular(&folder.join("file"), 3).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(read_regular(&folder.join("none"), 3).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!(open_directory(&fifo).is_err() && open_directory(&folder).is_ok());
        std::fs::remove_dir_all(&folder).expect("rm");
    }
}
