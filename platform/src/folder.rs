//! A folder that is held open, and what is done in it by name.
//!
//! Invariants: everything happens in the folder that was opened, whatever its path leads to by now; no link in it is
//! followed; what is made was not there before; an open never waits, and gives regular files only.

use crate::random::random;
use crate::trust::Trust;
use crate::walk::{self, Missing};
use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat, renameat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat, mkdirat};
use nix::unistd::{UnlinkatFlags, unlinkat};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// How often a name that is taken already is replaced by another.
const TRIES: u32 = 16;

/// A folder that is held open.
#[derive(Debug)]
pub struct Folder {
    fd: OwnedFd,
    path: PathBuf,
}

/// Which folder it is, by whatever path: the same as long as somebody holds it open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FolderIdentity {
    device: u64,
    inode: u64,
}

/// What is in a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Its name in the folder, without a slash.
    pub name: OsString,
    /// What it is; a link is a link.
    pub kind: EntryKind,
}

/// What something in a folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// A regular file, which can be read.
    File,
    /// A folder, which can be opened in turn.
    Folder,
    /// A link, pipe, socket or device.
    Other,
}

impl Folder {
    /// Opens the folder at a path, following only links of users who are trusted.
    pub fn open(path: &Path, trust: Trust) -> io::Result<Folder> {
        Ok(Folder { fd: walk::to_folder(path, trust, Missing::Refuse)?, path: path.to_owned() })
    }

    /// The same; folders that are missing are made with this mode, less the umask.
    pub fn open_or_make(path: &Path, trust: Trust, mode: u32) -> io::Result<Folder> {
        let missing = Missing::Make(Mode::from_bits_truncate(mode));
        Ok(Folder { fd: walk::to_folder(path, trust, missing)?, path: path.to_owned() })
    }

    /// The folder that a path names something in, and what it is called there. Links of trusted users are followed.
    pub fn of(path: &Path, trust: Trust) -> io::Result<(Folder, OsString)> {
        let place = walk::to_place(path, trust)?;
        let parent = path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
        Ok((Folder { fd: place.folder, path: parent.to_owned() }, place.name))
    }

    pub(crate) fn held(fd: OwnedFd, path: &Path) -> Folder {
        Folder { fd, path: path.to_owned() }
    }

    /// The same folder, called by another path in messages.
    pub fn at(self, path: &Path) -> Folder {
        Folder { path: path.to_owned(), ..self }
    }

    /// Another handle of the same folder.
    pub fn try_clone(&self) -> io::Result<Folder> {
        Ok(Folder { fd: self.fd.try_clone()?, path: self.path.clone() })
    }

    /// The path by which it was opened, for messages.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The user who owns it.
    pub fn owner(&self) -> io::Result<u32> {
        Ok(self.status()?.st_uid)
    }

    /// Its permission bits, 0 to 0o7777 (chmod(2)).
    pub fn mode(&self) -> io::Result<u32> {
        Ok(self.status()?.st_mode & 0o7777)
    }

    /// What tells it from every other folder there is.
    pub fn identity(&self) -> io::Result<FolderIdentity> {
        self.status().map(|status| FolderIdentity { device: status.st_dev, inode: status.st_ino })
    }

    /// Whether it was removed since.
    pub fn is_gone(&self) -> bool {
        self.status().is_ok_and(|status| status.st_nlink == 0)
    }

    /// Opens a folder in it.
    pub fn folder(&self, name: &OsStr) -> io::Result<Folder> {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        Ok(Folder { fd: openat(&self.fd, single(name)?, flags, Mode::empty())?, path: self.path.join(name) })
    }

    /// Makes a folder in it, which must not be there.
    pub fn make_folder(&self, name: &OsStr, mode: u32) -> io::Result<Folder> {
        mkdirat(&self.fd, single(name)?, Mode::from_bits_truncate(mode))?;
        let made = self.folder(name)?;
        // Where others may write, somebody may have put another one there.
        if made.owner()? != crate::process::effective_user() {
            return Err(Errno::EEXIST.into());
        }
        Ok(made)
    }

    /// Opens a folder in it, and makes it if it is missing.
    pub fn folder_or_make(&self, name: &OsStr, mode: u32) -> io::Result<Folder> {
        match self.folder(name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => match self.make_folder(name, mode) {
                // Somebody made it meanwhile.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => self.folder(name),
                made => made,
            },
            opened => opened,
        }
    }

    /// Makes a folder with a name that cannot be guessed.
    pub fn make_some_folder(&self, prefix: &str, mode: u32) -> io::Result<(OsString, Folder)> {
        some_name(|number| {
            let name = OsString::from(format!("{prefix}{number:016x}"));
            self.make_folder(&name, mode).map(|folder| (name, folder))
        })
    }

    /// Opens a regular file in it to read.
    pub fn open_file(&self, name: &OsStr) -> io::Result<File> {
        self.regular(name, OFlag::O_RDONLY)
    }

    /// Opens a regular file in it to read and write.
    pub fn open_file_to_write(&self, name: &OsStr) -> io::Result<File> {
        self.regular(name, OFlag::O_RDWR)
    }

    /// Opens a regular file in it to append to.
    pub fn open_file_to_append(&self, name: &OsStr) -> io::Result<File> {
        self.regular(name, OFlag::O_WRONLY | OFlag::O_APPEND)
    }

    /// The bytes of a regular file in it, if there are no more than `limit`.
    pub fn read(&self, name: &OsStr, limit: u64) -> io::Result<Vec<u8>> {
        use std::io::Read;
        let mut file = self.open_file(name)?;
        let length = file.metadata()?.len();
        if length > limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let mut bytes = Vec::with_capacity(length as usize);
        file.by_ref().take(limit).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Makes a file in it, which must not be there, to read and write.
    pub fn create_file(&self, name: &OsStr, mode: u32) -> io::Result<File> {
        let flags = OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        Ok(openat(&self.fd, single(name)?, flags, Mode::from_bits_truncate(mode)).map(File::from)?)
    }

    /// Makes a file whose name nobody can guess: `name` gives one for a number.
    pub fn create_some_file(&self, name: impl Fn(u64) -> OsString, mode: u32) -> io::Result<(OsString, File)> {
        some_name(|number| {
            let name = name(number);
            self.create_file(&name, mode).map(|file| (name, file))
        })
    }

    /// Gives something in it the name, and the place, of something in another folder.
    pub fn rename(&self, from: &OsStr, folder: &Folder, to: &OsStr) -> io::Result<()> {
        Ok(renameat(&self.fd, single(from)?, &folder.fd, single(to)?)?)
    }

    /// Removes what is no folder; that it is gone already is no error.
    pub fn remove_file(&self, name: &OsStr) -> io::Result<()> {
        self.unlink(name, UnlinkatFlags::NoRemoveDir)
    }

    /// Removes a folder in it; ENOTEMPTY if something is in that.
    pub fn remove_folder(&self, name: &OsStr) -> io::Result<()> {
        Ok(unlinkat(&self.fd, single(name)?, UnlinkatFlags::RemoveDir)?)
    }

    /// Removes a folder with all that is in it; that it is gone already is no error.
    pub fn remove_all(&self, name: &OsStr) -> io::Result<()> {
        let folder = match self.folder(name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            opened => opened?,
        };
        folder.empty()?;
        self.unlink(name, UnlinkatFlags::RemoveDir)
    }

    /// Removes everything that is in it.
    pub fn empty(&self) -> io::Result<()> {
        for Entry { name, kind } in self.entries()? {
            match kind {
                EntryKind::Folder => self.remove_all(&name)?,
                EntryKind::File | EntryKind::Other => self.remove_file(&name)?,
            }
        }
        Ok(())
    }

    /// What is in it, in no order.
    pub fn entries(&self) -> io::Result<Vec<Entry>> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let mut list = Dir::openat(&self.fd, ".", flags, Mode::empty())?;
        let mut entries = Vec::new();
        for entry in list.iter() {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes()).to_owned();
            if name == "." || name == ".." {
                continue;
            }
            let kind = match entry.file_type() {
                Some(nix::dir::Type::File) => EntryKind::File,
                Some(nix::dir::Type::Directory) => EntryKind::Folder,
                Some(_) => EntryKind::Other,
                // Some file systems do not tell (readdir(3)).
                None => match self.status_of(&name)? {
                    Some(status) => EntryKind::of(&status),
                    None => continue,
                },
            };
            entries.push(Entry { name, kind });
        }
        Ok(entries)
    }

    /// What something in it is; `None` if there is nothing of that name.
    pub fn kind_of(&self, name: &OsStr) -> io::Result<Option<EntryKind>> {
        Ok(self.status_of(name)?.map(|status| EntryKind::of(&status)))
    }

    /// The user who owns something in it; `None` if there is nothing of that name.
    pub fn owner_of(&self, name: &OsStr) -> io::Result<Option<u32>> {
        Ok(self.status_of(name)?.map(|status| status.st_uid))
    }

    fn status_of(&self, name: &OsStr) -> io::Result<Option<FileStat>> {
        Ok(walk::look(&self.fd, single(name)?)?.map(|(_, status)| status))
    }

    fn status(&self) -> io::Result<FileStat> {
        Ok(fstat(&self.fd)?)
    }

    fn unlink(&self, name: &OsStr, flag: UnlinkatFlags) -> io::Result<()> {
        match unlinkat(&self.fd, single(name)?, flag) {
            Ok(()) | Err(Errno::ENOENT) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }

    fn regular(&self, name: &OsStr, access: OFlag) -> io::Result<File> {
        let (found, _) = walk::look(&self.fd, single(name)?)?.ok_or(Errno::ENOENT)?;
        regular(&found, access)
    }
}

impl EntryKind {
    fn of(status: &FileStat) -> EntryKind {
        match walk::kind(status) {
            SFlag::S_IFREG => EntryKind::File,
            SFlag::S_IFDIR => EntryKind::Folder,
            _ => EntryKind::Other,
        }
    }
}

impl AsFd for Folder {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Opens what is held by an O_PATH descriptor if it is a regular file: a device may act on a mere open.
pub(crate) fn regular(found: &OwnedFd, access: OFlag) -> io::Result<File> {
    use std::os::fd::AsRawFd;
    crate::regular::check(File::from(found.try_clone()?).metadata()?.file_type())?;
    let path = format!("/proc/self/fd/{}", found.as_raw_fd());
    let flags = access | OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    Ok(nix::fcntl::open(path.as_str(), flags, Mode::empty()).map(File::from)?)
}

/// A name that is one, and leads nowhere else.
fn single(name: &OsStr) -> io::Result<&OsStr> {
    let bytes = name.as_bytes();
    let leads_away = bytes.is_empty() || bytes.contains(&b'/') || name == "." || name == "..";
    if leads_away { Err(Errno::EINVAL.into()) } else { Ok(name) }
}

fn some_name<T>(make: impl Fn(u64) -> io::Result<T>) -> io::Result<T> {
    let mut tried = 0;
    loop {
        tried += 1;
        match make(random()) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && tried < TRIES => {}
            made => return made,
        }
    }
}
