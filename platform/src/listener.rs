//! A socket in the file system at which other processes of the same user ask for a channel.
//!
//! Invariants: nothing here blocks the listener; names may be longer than a socket's address can be, since the folder is
//! reached through a descriptor (unix(7) allows 107 bytes).

use crate::trust::{Trust, user_in_words};
use crate::{Channel, Folder, OsError, walk};
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, UnixAddr, accept4, bind, connect, listen, setsockopt, socket, sockopt,
};
use nix::sys::stat::SFlag;
use nix::sys::time::{TimeVal, TimeValLike};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// How long a connect waits at most where many are waiting already.
const PATIENCE_SECONDS: i64 = 10;

/// A socket that others connect to.
#[derive(Debug)]
pub struct Listener(OwnedFd);

impl Listener {
    /// Makes the socket `name` in `folder`, for this user only.
    pub fn bind(folder: &Folder, name: &str) -> Result<Listener, OsError> {
        let subject = folder.path().join(name);
        let failed = |errno| OsError::new("make control socket", subject.display(), errno);
        let address = address(&format!("{}/{name}", folder.as_fd().as_raw_fd()))?;
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let fd = socket(AddressFamily::Unix, SockType::SeqPacket, flags, None).map_err(failed)?;
        // The name gets the socket's mode (less the umask), so that it is never there with another one.
        // SAFETY: fchmod takes plain numbers.
        if unsafe { libc::fchmod(fd.as_raw_fd(), 0o600) } != 0 {
            return Err(failed(Errno::last()));
        }
        bind(fd.as_raw_fd(), &address).map_err(failed)?;
        listen(&fd, Backlog::new(64).expect("invariant: 64 is a backlog")).map_err(failed)?;
        Ok(Listener(fd))
    }

    /// Another handle of the same socket.
    pub fn try_clone(&self) -> Result<Listener, OsError> {
        self.0.try_clone().map(Listener).map_err(|e| OsError::io("duplicate", "socket", &e))
    }

    /// Takes the next one who connected; `None` if there is none.
    pub fn accept(&self) -> Result<Option<Channel>, OsError> {
        match accept4(self.0.as_raw_fd(), SockFlag::SOCK_CLOEXEC) {
            // SAFETY: the kernel just made this descriptor for us and nobody else owns it.
            Ok(fd) => Ok(Some(Channel::from(unsafe { OwnedFd::from_raw_fd(fd) }))),
            Err(Errno::EAGAIN | Errno::EINTR | Errno::ECONNABORTED) => Ok(None),
            Err(errno) => Err(OsError::new("accept at", "control socket", errno)),
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Channel {
    /// Connects to the socket `name` in `folder`, which must be one of a user who is trusted, and no link to one.
    pub fn connect(folder: &Folder, name: &str, trust: Trust) -> Result<Channel, OsError> {
        let subject = folder.path().join(name);
        let failed = |errno| OsError::new("connect to", subject.display(), errno);
        let found = walk::look(folder, name.as_ref()).map_err(|e| OsError::io("look at", subject.display(), &e))?;
        let (found, status) = found.ok_or(Errno::ENOENT).map_err(failed)?;
        if walk::kind(&status) != SFlag::S_IFSOCK {
            return Err(failed(Errno::ENOTSOCK));
        }
        if !trust.takes(status.st_uid) {
            let subject = format!("{} of {}", subject.display(), user_in_words(status.st_uid));
            return Err(OsError::new("connect to", subject, Errno::EPERM));
        }
        let address = address(&found.as_raw_fd().to_string())?;
        let fd = socket(AddressFamily::Unix, SockType::SeqPacket, SockFlag::SOCK_CLOEXEC, None).map_err(failed)?;
        setsockopt(&fd, sockopt::SendTimeout, &TimeVal::seconds(PATIENCE_SECONDS)).map_err(failed)?;
        connect(fd.as_raw_fd(), &address).map_err(failed)?;
        Ok(Channel::from(fd))
    }
}

/// The address of what a descriptor leads to, good as long as that is held.
fn address(below: &str) -> Result<UnixAddr, OsError> {
    let path = format!("/proc/self/fd/{below}");
    UnixAddr::new(path.as_str()).map_err(|errno| OsError::new("name", path, errno))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Received, WhenNone};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn connects_in_a_folder_whose_name_no_address_can_hold() {
        let root = std::env::temp_dir().join(format!("cov-trace-listener-{}", std::process::id()));
        let folder = root.join("d".repeat(200)).join("e".repeat(200));
        std::fs::create_dir_all(&folder).expect("mkdir");
        let path = folder;
        let folder = Folder::open(&path, Trust::own()).expect("open");
        let connect = |name| Channel::connect(&folder, name, Trust::own());
        assert_eq!(connect("control").map(drop).unwrap_err().errno, Errno::ENOENT);
        let listener = Listener::bind(&folder, "control").expect("bind");
        assert!(listener.accept().expect("accept").is_none());
        let mode = std::fs::symlink_metadata(path.join("control")).expect("stat").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let client = connect("control").expect("connect");
        let server = listener.accept().expect("accept").expect("somebody");
        assert!(client.send(b"hello", None).expect("send"));
        assert!(matches!(server.receive(WhenNone::Return), Ok(Received::Message(text, None)) if text == b"hello"));
        std::os::unix::fs::symlink("control", path.join("link")).expect("link");
        assert_eq!(connect("link").map(drop).unwrap_err().errno, Errno::ENOTSOCK, "links are not followed");
        drop(listener);
        assert_eq!(connect("control").map(drop).unwrap_err().errno, Errno::ECONNREFUSED);
        std::fs::remove_dir_all(&root).expect("rm");
    }
}
