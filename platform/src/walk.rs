//! Following a path name by name, so that no link that another user made leads this process elsewhere.
//!
//! Invariants: each name is looked up in a folder that is held open, so what was checked is what is used; a link is
//! followed only if a trusted user owns it. Nothing is opened on the way but folders (O_PATH), so nothing blocks.

use crate::trust::{Trust, user_in_words};
use nix::errno::Errno;
use nix::fcntl::{OFlag, open, openat, readlinkat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat, mkdirat};
use nix::sys::statfs::{PROC_SUPER_MAGIC, fstatfs};
use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path};

/// As many links as the kernel follows in one path (path_resolution(7)).
const MOST_LINKS: usize = 40;

/// Where a path leads: a name in a folder. What is called so, if anything, is no link, but for one of procfs.
pub(crate) struct Place {
    pub folder: OwnedFd,
    pub name: OsString,
    /// What is there (O_PATH), and its status.
    pub found: Option<(OwnedFd, FileStat)>,
}

/// What to do about folders that are missing on the way.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    Refuse,
    Make(Mode),
}

/// The folder at a path.
pub(crate) fn to_folder(path: &Path, trust: Trust, missing: Missing) -> io::Result<OwnedFd> {
    Walk::begin(path, trust, missing)?.folders(0)
}

/// The place of what is not necessarily a folder.
pub(crate) fn to_place(path: &Path, trust: Trust) -> io::Result<Place> {
    let mut walk = Walk::begin(path, trust, Missing::Refuse)?;
    loop {
        let folder = walk.folders(1)?;
        let Some(name) = walk.rest.pop_front().filter(|name| name != "..") else {
            return Err(Errno::EISDIR.into());
        };
        let Some((found, status)) = look(&folder, &name)? else {
            return Ok(Place { folder, name, found: None });
        };
        if kind(&status) != SFlag::S_IFLNK || is_of_procfs(&found)? {
            return Ok(Place { folder, name, found: Some((found, status)) });
        }
        walk.at = folder;
        walk.follow(&found, &status, &name)?;
    }
}

/// What is called so in a folder, without following it; `None` if there is nothing.
pub(crate) fn look(folder: impl AsFd, name: &OsStr) -> io::Result<Option<(OwnedFd, FileStat)>> {
    match openat(folder, name, OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC, Mode::empty()) {
        Ok(found) => {
            let status = fstat(&found)?;
            Ok(Some((found, status)))
        }
        Err(Errno::ENOENT) => Ok(None),
        Err(errno) => Err(errno.into()),
    }
}

/// The kind of what has this status.
pub(crate) fn kind(status: &FileStat) -> SFlag {
    SFlag::from_bits_truncate(status.st_mode) & SFlag::S_IFMT
}

/// Whether it is the kernel's own view of processes, whose links lead to what no name leads to.
fn is_of_procfs(found: &OwnedFd) -> io::Result<bool> {
    Ok(fstatfs(found)?.filesystem_type() == PROC_SUPER_MAGIC)
}

struct Walk {
    at: OwnedFd,
    rest: VecDeque<OsString>,
    trust: Trust,
    missing: Missing,
    links: usize,
}

impl Walk {
    fn begin(path: &Path, trust: Trust, missing: Missing) -> io::Result<Walk> {
        if path.as_os_str().is_empty() {
            return Err(Errno::ENOENT.into());
        }
        let mut walk = Walk { at: folder_at(".")?, rest: VecDeque::new(), trust, missing, links: 0 };
        walk.lead(path)?;
        Ok(walk)
    }

    /// Puts a path in front of what is left of the way.
    fn lead(&mut self, path: &Path) -> io::Result<()> {
        let mut names: VecDeque<OsString> = VecDeque::new();
        for component in path.components() {
            match component {
                Component::RootDir => self.at = folder_at("/")?,
                Component::CurDir | Component::Prefix(_) => {}
                Component::ParentDir => names.push_back("..".into()),
                Component::Normal(name) => names.push_back(name.to_owned()),
            }
        }
        names.append(&mut self.rest);
        self.rest = names;
        Ok(())
    }

    /// Goes on until only so many names are left.
    fn folders(&mut self, left: usize) -> io::Result<OwnedFd> {
        while self.rest.len() > left {
            let Some(name) = self.rest.pop_front() else { break };
            let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
            if name == ".." {
                self.at = openat(&self.at, "..", flags, Mode::empty())?;
                continue;
            }
            let mut found = look(&self.at, &name)?;
            if let (None, Missing::Make(mode)) = (&found, self.missing) {
                match mkdirat(&self.at, name.as_os_str(), mode) {
                    // Somebody else may make the same one at this moment.
                    Ok(()) | Err(Errno::EEXIST) => {}
                    Err(errno) => return Err(errno.into()),
                }
                found = look(&self.at, &name)?;
            }
            let (found, status) = found.ok_or(Errno::ENOENT)?;
            match kind(&status) {
                SFlag::S_IFDIR => self.at = found,
                SFlag::S_IFLNK if is_of_procfs(&found)? && self.trust.takes(status.st_uid) => {
                    self.at = openat(&self.at, name.as_os_str(), flags, Mode::empty())?;
                }
                SFlag::S_IFLNK => self.follow(&found, &status, &name)?,
                _ => return Err(Errno::ENOTDIR.into()),
            }
        }
        self.at.try_clone()
    }

    fn follow(&mut self, link: &OwnedFd, status: &FileStat, name: &OsStr) -> io::Result<()> {
        if !self.trust.takes(status.st_uid) {
            return Err(foreign_link(name, status.st_uid));
        }
        self.links += 1;
        if self.links > MOST_LINKS {
            return Err(Errno::ELOOP.into());
        }
        self.lead(Path::new(&readlinkat(link, "")?))
    }
}

fn folder_at(path: &str) -> io::Result<OwnedFd> {
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    Ok(open(path, flags, Mode::empty())?)
}

fn foreign_link(name: &OsStr, owner: u32) -> io::Error {
    let (name, owner) = (Path::new(name).display(), user_in_words(owner));
    let text = format!("{name} is a symbolic link of {owner}, and links of other users are not followed");
    io::Error::new(io::ErrorKind::PermissionDenied, text)
}
