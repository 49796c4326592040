//! Writing a file that a user names, in a folder that may be another user's.
//!
//! Invariants: the file in place is the former or the new whole; nothing is written through a link, or into a file, that
//! a user who is not trusted owns, or that has other names (link(2)); a device or pipe is written to as it is.

use crate::folder::{Folder, regular};
use crate::process::effective_user;
use crate::trust::{Trust, user_in_words};
use crate::walk::{self, Place};
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::{FileStat, Mode, SFlag};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

/// What a new file allows, less the umask.
const MODE: u32 = 0o666;

/// Writes the file at a path, replacing what is there.
pub fn write_output(path: &Path, bytes: &[u8], trust: Trust) -> io::Result<()> {
    let Place { folder, name, found } = walk::to_place(path, trust)?;
    match &found {
        None => replace(folder, path, name, bytes, None),
        Some((there, status)) => match walk::kind(status) {
            SFlag::S_IFREG => replace(folder, path, name, bytes, Some((there, status))),
            SFlag::S_IFCHR | SFlag::S_IFIFO | SFlag::S_IFLNK => {
                pass_to(&folder, &name, status, trust)?.write_all(bytes)
            }
            SFlag::S_IFDIR => Err(Errno::EISDIR.into()),
            _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file")),
        },
    }
}

/// Makes a file that was not there, or empties one of this user's, to be written to bit by bit.
pub fn begin_output(path: &Path, trust: Trust) -> io::Result<File> {
    let Place { folder, name, found } = walk::to_place(path, trust)?;
    match found {
        None => held(folder, path).create_file(&name, MODE),
        Some((there, status)) if walk::kind(&status) == SFlag::S_IFREG => own(&there),
        Some((_, status)) => pass_to(&folder, &name, &status, trust),
    }
}

fn replace(
    folder: OwnedFd,
    path: &Path,
    name: OsString,
    bytes: &[u8],
    there: Option<(&OwnedFd, &FileStat)>,
) -> io::Result<()> {
    let folder = held(folder, path);
    let temporary = |number: u64| OsString::from(format!(".cov-trace-{number:016x}.tmp"));
    let created = folder.create_some_file(temporary, MODE);
    let (temporary, mut file) = match (created, there) {
        (Ok(created), _) => created,
        // Where nothing can be made, one's own file can be written to all the same.
        (Err(_), Some((there, _))) => return own(there)?.write_all(bytes),
        (Err(error), None) => return Err(error),
    };
    let mut write = || {
        file.write_all(bytes)?;
        if let Some((_, status)) = there.filter(|(_, status)| status.st_uid == effective_user()) {
            file.set_permissions(PermissionsExt::from_mode(status.st_mode & 0o777))?;
        }
        folder.rename(&temporary, &folder, &name)
    };
    write().or_else(|error| {
        folder.remove_file(&temporary)?;
        match there {
            // Such as a file that a container has mounted.
            Some((there, _)) if error.raw_os_error() != Some(libc::ENOSPC) => {
                own(there).and_then(|mut file| file.write_all(bytes)).map_err(|_| error)
            }
            Some(_) | None => Err(error),
        }
    })
}

/// Empties a file to write it in place, if it is nobody else's and has no other name.
fn own(there: &OwnedFd) -> io::Result<File> {
    let file = regular(there, OFlag::O_WRONLY)?;
    let status = file.metadata()?;
    let cause = if status.uid() != effective_user() {
        format!("it is there already and belongs to {}", user_in_words(status.uid()))
    } else if status.nlink() > 1 {
        "it is there already and has other names (hard links)".to_owned()
    } else {
        file.set_len(0)?;
        return Ok(file);
    };
    Err(io::Error::new(io::ErrorKind::PermissionDenied, cause))
}

/// Opens a device, a pipe or what a link of procfs leads to, such as /dev/stdout.
fn pass_to(folder: &OwnedFd, name: &OsString, status: &FileStat, trust: Trust) -> io::Result<File> {
    if !trust.takes(status.st_uid) {
        let text = format!("it is no file, and {} made it", user_in_words(status.st_uid));
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
    }
    let mut flags = OFlag::O_WRONLY | OFlag::O_TRUNC | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    if walk::kind(status) != SFlag::S_IFLNK {
        flags |= OFlag::O_NOFOLLOW;
    }
    let file = openat(folder, name.as_os_str(), flags, Mode::empty()).map(File::from)?;
    let opened = nix::sys::stat::fstat(&file)?;
    let same = (opened.st_dev, opened.st_ino) == (status.st_dev, status.st_ino);
    if same || walk::kind(status) == SFlag::S_IFLNK {
        Ok(file)
    } else {
        Err(io::Error::new(io::ErrorKind::PermissionDenied, "it was replaced just now"))
    }
}

fn held(folder: OwnedFd, path: &Path) -> Folder {
    Folder::held(folder, path.parent().unwrap_or(Path::new(".")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;

    fn scene(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("cov-trace-{name}-{:x}", crate::random()));
        fs::create_dir(&path).expect("mkdir");
        path
    }

    #[test]
    fn a_file_is_replaced_with_its_mode_and_other_names_keep_their_bytes() {
        let folder = scene("output");
        let (file, other, link) = (folder.join("file"), folder.join("other"), folder.join("link"));
        fs::write(&file, "old").expect("write");
        fs::set_permissions(&file, PermissionsExt::from_mode(0o640)).expect("chmod");
        fs::hard_link(&file, &other).expect("link");
        symlink("file", &link).expect("link");
        write_output(&link, b"new", Trust::own()).expect("write");
        assert_eq!([&file, &other].map(|path| fs::read(path).expect("read")), [b"new".to_vec(), b"old".to_vec()]);
        assert_eq!(fs::metadata(&file).expect("stat").mode() & 0o777, 0o640);
        assert!(fs::symlink_metadata(&link).expect("stat").is_symlink());
        assert_eq!(fs::read_dir(&folder).expect("read").count(), 3, "nothing is left behind");
        fs::remove_dir_all(folder).expect("rm");
    }

    #[test]
    fn devices_and_pipes_stay_what_they_are() {
        let folder = scene("device");
        write_output(Path::new("/dev/null"), b"x", Trust::own()).expect("write");
        let (mut reader, writer) = io::pipe().expect("pipe");
        let path = format!("/dev/fd/{}", writer.as_raw_fd());
        write_output(Path::new(&path), b"x", Trust::own()).expect("write");
        drop(writer);
        let mut got = String::new();
        io::Read::read_to_string(&mut reader, &mut got).expect("read");
        assert_eq!(got, "x");
        let error = write_output(&folder, b"x", Trust::own()).expect_err("a folder");
        assert_eq!(error.kind(), io::ErrorKind::IsADirectory);
        fs::remove_dir_all(folder).expect("rm");
    }

    #[test]
    fn a_file_that_is_written_bit_by_bit_has_one_name() {
        let folder = scene("begin");
        let (file, other) = (folder.join("file"), folder.join("other"));
        begin_output(&file, Trust::own()).expect("begin").write_all(b"long").expect("write");
        begin_output(&file, Trust::own()).expect("begin").write_all(b"x").expect("write");
        assert_eq!(fs::read(&file).expect("read"), b"x");
        fs::hard_link(&file, &other).expect("link");
        let error = begin_output(&file, Trust::own()).expect_err("two names").to_string();
        assert!(error.contains("hard links"), "{error}");
        fs::remove_dir_all(folder).expect("rm");
    }
}
