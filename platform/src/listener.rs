//! A socket in the file system at which other processes of the same user ask for a channel.
//!
//! Invariants: nothing here blocks the listener; names may be longer than a socket's address can be, since the folder is
//! reached through a descriptor (unix(7) allows 107 bytes).

use crate::{Channel, OsError};
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, UnixAddr, accept4, bind, connect, listen, setsockopt, socket, sockopt,
};
use nix::sys::time::{TimeVal, TimeValLike};
use std::fs::{File, OpenOptions};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// How long a connect waits at most where many are waiting already.
const PATIENCE_SECONDS: i64 = 10;

/// A socket that others connect to.
#[derive(Debug)]
pub struct Listener(OwnedFd);

impl Listener {
    /// Makes the socket `name` in `folder`, for this user only.
    pub fn bind(folder: &Path, name: &str) -> Result<Listener, OsError> {
        let subject = folder.join(name);
        let failed = |errno| OsError::new("make control socket", subject.display(), errno);
        let (_folder, address) = address(folder, name)?;
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
    /// Connects to the socket `name` in `folder`.
    pub fn connect(folder: &Path, name: &str) -> Result<Channel, OsError> {
        let subject = folder.join(name);
        let failed = |errno| OsError::new("connect to", subject.display(), errno);
        let (_folder, address) = address(folder, name)?;
        let fd = socket(AddressFamily::Unix, SockType::SeqPacket, SockFlag::SOCK_CLOEXEC, None).map_err(failed)?;
        setsockopt(&fd, sockopt::SendTimeout, &TimeVal::seconds(PATIENCE_SECONDS)).map_err(failed)?;
        connect(fd.as_raw_fd(), &address).map_err(failed)?;
        Ok(Channel::from(fd))
    }
}

/// The address of `name` in `folder`, good as long as the folder is held.
fn address(folder: &Path, name: &str) -> Result<(File, UnixAddr), OsError> {
    let held = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_PATH | libc::O_DIRECTORY)
        .open(folder)
        .map_err(|e| OsError::io("open", folder.display(), &e))?;
    let path = format!("/proc/self/fd/{}/{name}", held.as_raw_fd());
    let address = UnixAddr::new(path.as_str()).map_err(|errno| OsError::new("name", path, errno))?;
    Ok((held, address))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Received;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn connects_in_a_folder_whose_name_no_address_can_hold() {
        let root = std::env::temp_dir().join(format!("cov-trace-listener-{}", std::process::id()));
        let folder = root.join("d".repeat(200)).join("e".repeat(200));
        std::fs::create_dir_all(&folder).expect("mkdir");
        assert_eq!(Channel::connect(&folder, "control").map(drop).unwrap_err().errno, Errno::ENOENT);
        let listener = Listener::bind(&folder, "control").expect("bind");
        assert!(listener.accept().expect("accept").is_none());
        let mode = std::fs::symlink_metadata(folder.join("control")).expect("stat").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let client = Channel::connect(&folder, "control").expect("connect");
        let server = listener.accept().expect("accept").expect("somebody");
        assert!(client.send(b"hello", None).expect("send"));
        assert!(matches!(server.receive(false), Ok(Received::Message(text, None)) if text == b"hello"));
        drop(listener);
        assert_eq!(Channel::connect(&folder, "control").map(drop).unwrap_err().errno, Errno::ECONNREFUSED);
        std::fs::remove_dir_all(&root).expect("rm");
    }
}
