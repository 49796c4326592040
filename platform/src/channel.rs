//! A pair of connected sockets that carry whole messages, each with at most one descriptor.
//!
//! Invariant: a send never blocks; what does not fit now is returned to the caller.

use crate::{OsError, WhenNone};
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType, recvmsg, sendmsg, socketpair,
};
use std::fs::File;
use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// The largest message in bytes.
pub(crate) const MAX_MESSAGE: usize = 64 * 1024;

/// One end of a pair.
#[derive(Debug)]
pub struct Channel(OwnedFd);

/// What a receive came back with.
#[derive(Debug)]
pub enum Received {
    /// A message with its descriptor, if one came along.
    Message(Vec<u8>, Option<File>),
    /// No message is there now, or a signal interrupted the wait.
    Nothing,
    /// The other side is gone.
    Closed,
}

impl Channel {
    /// Two connected ends, closed on exec.
    pub fn pair() -> Result<(Channel, Channel), OsError> {
        socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)
            .map(|(one, other)| (Channel(one), Channel(other)))
            .map_err(|errno| OsError::new("make", "socket pair", errno))
    }

    /// Another handle of the same end, for a second thread.
    pub fn try_clone(&self) -> Result<Channel, OsError> {
        self.0.try_clone().map(Channel).map_err(|e| OsError::io("duplicate", "socket", &e))
    }

    /// Sends a message; `Ok(false)` where the other side has to read first.
    pub fn send(&self, message: &[u8], file: Option<BorrowedFd<'_>>) -> Result<bool, OsError> {
        let fds: Vec<i32> = file.iter().map(AsRawFd::as_raw_fd).collect();
        let control: Vec<ControlMessage<'_>> = file.iter().map(|_| ControlMessage::ScmRights(&fds)).collect();
        let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
        match sendmsg::<()>(self.0.as_raw_fd(), &[IoSlice::new(message)], &control, flags, None) {
            Ok(_) => Ok(true),
            Err(Errno::EAGAIN | Errno::ENOBUFS) => Ok(false),
            Err(errno) => Err(OsError::new("send to", "peer process", errno)),
        }
    }

    /// Waits until the other side has read enough for one more message, at most `millis`.
    pub fn wait_writable(&self, millis: u16) {
        use nix::poll::{PollFd, PollFlags, poll};
        let _timeout_or_signal = poll(&mut [PollFd::new(self.0.as_fd(), PollFlags::POLLOUT)], millis);
    }

    /// Tells the other side that nothing more comes; what it sends is still received.
    pub fn end_sending(&self) {
        use nix::sys::socket::{Shutdown, shutdown};
        // An error means that the other side is gone.
        let _nobody_listens = shutdown(self.0.as_raw_fd(), Shutdown::Write);
    }

    /// Takes the next message, with its descriptor where there was room for one (RLIMIT_NOFILE).
    pub fn receive(&self, when_none: WhenNone) -> Result<Received, OsError> {
        let mut buffer = vec![0; MAX_MESSAGE];
        let mut space = nix::cmsg_space!([i32; 1]);
        let blocking = match when_none {
            WhenNone::Wait => MsgFlags::empty(),
            WhenNone::Return => MsgFlags::MSG_DONTWAIT,
        };
        let flags = MsgFlags::MSG_CMSG_CLOEXEC | blocking;
        let mut iov = [IoSliceMut::new(&mut buffer)];
        // A peer that ended with something of ours unread leaves an error behind, in front of what it had sent.
        let mut received = recvmsg::<()>(self.0.as_raw_fd(), &mut iov, Some(&mut space), flags);
        if received == Err(Errno::ECONNRESET) {
            received = recvmsg::<()>(self.0.as_raw_fd(), &mut iov, Some(&mut space), flags);
        }
        let got = match received {
            Ok(got) => got,
            Err(Errno::EAGAIN | Errno::EINTR) => return Ok(Received::Nothing),
            Err(Errno::ECONNRESET) => return Ok(Received::Closed),
            Err(errno) => return Err(OsError::new("receive from", "peer process", errno)),
        };
        let len = got.bytes;
        let mut file = None;
        // An error means that there was no room for the descriptor (RLIMIT_NOFILE): the message is whole all the same.
        for message in got.cmsgs().into_iter().flatten() {
            if let ControlMessageOwned::ScmRights(fds) = message {
                for fd in fds {
                    // SAFETY: the kernel just made this descriptor for us and nobody else owns it.
                    file = Some(File::from(unsafe { OwnedFd::from_raw_fd(fd) }));
                }
            }
        }
        if len == 0 && file.is_none() {
            return Ok(Received::Closed);
        }
        buffer.truncate(len);
        Ok(Received::Message(buffer, file))
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl From<OwnedFd> for Channel {
    fn from(socket: OwnedFd) -> Self {
        Channel(socket)
    }
}

/// Waits until one of `fds` has something to read or its other side is gone, at most `millis` (`None`: for ever).
/// Answers which are ready; none on a timeout or a signal.
pub fn wait_readable(fds: &[BorrowedFd<'_>], millis: Option<u32>) -> Vec<bool> {
    wait_ready(fds, &[], millis).0
}

/// The same for descriptors to read from and others to write to.
pub fn wait_ready(
    readable: &[BorrowedFd<'_>],
    writable: &[BorrowedFd<'_>],
    millis: Option<u32>,
) -> (Vec<bool>, Vec<bool>) {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    let to_read = readable.iter().map(|fd| PollFd::new(*fd, PollFlags::POLLIN));
    let to_write = writable.iter().map(|fd| PollFd::new(*fd, PollFlags::POLLOUT));
    let mut polled: Vec<PollFd<'_>> = to_read.chain(to_write).collect();
    let timeout = millis.map_or(PollTimeout::NONE, |ms| PollTimeout::try_from(ms).unwrap_or(PollTimeout::MAX));
    match poll(&mut polled, timeout) {
        Ok(_) => {}
        Err(Errno::EINTR) => return (vec![false; readable.len()], vec![false; writable.len()]),
        // A caller that cannot wait has to look.
        Err(_) => {
            std::thread::sleep(std::time::Duration::from_millis(1));
            return (vec![true; readable.len()], vec![true; writable.len()]);
        }
    }
    let mut ready = polled.iter().map(|fd| fd.any().unwrap_or(false));
    (ready.by_ref().take(readable.len()).collect(), ready.collect())
}

/// Whether a write would not have to wait for somebody who reads, now or within `millis`.
pub fn takes_more(fd: BorrowedFd<'_>, millis: u32) -> bool {
    wait_ready(&[], &[fd], Some(millis)).1 == [true]
}

/// Whether the other side of a socket or pipe is gone, whatever it left to read.
pub fn is_hung_up(fd: BorrowedFd<'_>) -> bool {
    hangs_up_within(fd, 0)
}

/// Waits at most `millis` until the other side of a socket or pipe is gone; false if it is there still.
pub fn hangs_up_within(fd: BorrowedFd<'_>, millis: u16) -> bool {
    use nix::poll::{PollFd, PollFlags, poll};
    let mut polled = [PollFd::new(fd, PollFlags::empty())];
    poll(&mut polled, millis).is_ok() && polled[0].revents().is_some_and(|events| events.contains(PollFlags::POLLHUP))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn a_message_comes_where_there_is_no_room_for_its_descriptor() {
        use nix::sys::resource::{Resource, getrlimit, setrlimit};
        let (one, other) = Channel::pair().expect("pair");
        let file = File::open("/proc/self/stat").expect("open");
        assert!(one.send(b"text", Some(file.as_fd())).expect("send"));
        // SAFETY: the child only receives, and leaves without running anything of the parent's.
        match unsafe { nix::unistd::fork() }.expect("fork") {
            nix::unistd::ForkResult::Child => {
                let hard = getrlimit(Resource::RLIMIT_NOFILE).map_or(0, |(_, hard)| hard);
                let limited = setrlimit(Resource::RLIMIT_NOFILE, 0, hard).is_ok();
                let came =
                    matches!(other.receive(WhenNone::Wait), Ok(Received::Message(text, None)) if text == b"text");
                // SAFETY: _exit runs no handlers of the parent's copy.
                unsafe { libc::_exit(i32::from(!(limited && came))) }
            }
            nix::unistd::ForkResult::Parent { child } => {
                let ended = crate::process::await_end(crate::Pid(child.as_raw()));
                assert_eq!(ended, crate::process::ChildNews::Exited(0));
            }
        }
    }

    #[test]
    fn who_ends_sending_still_receives() {
        let (one, other) = Channel::pair().expect("pair");
        one.end_sending();
        assert!(matches!(other.receive(WhenNone::Wait), Ok(Received::Closed)));
        assert!(other.send(b"answer", None).expect("send"));
        assert!(matches!(one.receive(WhenNone::Wait), Ok(Received::Message(text, None)) if text == b"answer"));
        assert!(!is_hung_up(one.as_fd()));
    }

    #[test]
    fn carries_whole_messages_and_a_descriptor() {
        let (one, other) = Channel::pair().expect("pair");
        let hosts = File::open("/proc/self/stat").expect("open");
        assert!(one.send(b"first", None).expect("send"));
        assert!(one.send(b"second", Some(hosts.as_fd())).expect("send"));
        assert!(matches!(other.receive(WhenNone::Wait), Ok(Received::Message(text, None)) if text == b"first"));
        let Ok(Received::Message(text, Some(mut file))) = other.receive(WhenNone::Wait) else {
            panic!("no descriptor came")
        };
        assert_eq!(text, b"second");
        let mut content = String::new();
        file.read_to_string(&mut content).expect("reads");
        assert!(!content.is_empty());
        assert!(matches!(other.receive(WhenNone::Return), Ok(Received::Nothing)));
        drop(one);
        assert!(matches!(other.receive(WhenNone::Wait), Ok(Received::Closed)));
    }

    #[test]
    fn the_last_words_of_a_peer_are_heard() {
        let (one, other) = Channel::pair().expect("pair");
        assert!(!is_hung_up(one.as_fd()));
        assert!(one.send(b"never read", None).expect("send"));
        assert!(other.send(b"last words", None).expect("send"));
        drop(other);
        assert!(is_hung_up(one.as_fd()));
        assert!(matches!(one.receive(WhenNone::Wait), Ok(Received::Message(text, None)) if text == b"last words"));
        assert!(matches!(one.receive(WhenNone::Wait), Ok(Received::Closed)));
    }

    #[test]
    fn a_full_channel_says_so_and_never_blocks() {
        let (one, _other) = Channel::pair().expect("pair");
        let sent = (0..100_000).take_while(|_| one.send(&[0; 1024], None).expect("send")).count();
        assert!(sent > 0 && sent < 100_000);
    }
}
