//! System calls with a timeout that a signal can break off: how long they wait at most, and what they answer when that
//! time is over.
//!
//! Those that know when they began when they are started again are not among them (poll, select, nanosleep, and what
//! takes a point in time).

use crate::arch::{CallNumber, EPOLL_WAITS, SYS_IO_PGETEVENTS, call_left_by};
use crate::memory::take_descriptor;
use crate::{Access, Avma, OsError, procfs};
use std::os::fd::AsRawFd;
use std::time::Duration;

/// The timeout of a system call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeout {
    /// How long it waits at most.
    pub after: Duration,
    /// What it returns then: 0, or an errno negated.
    pub answer: i64,
}

/// Where a call has its timeout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TimeoutPlace {
    /// In the call, in milliseconds; negative for none.
    Millis(i32),
    /// A `struct timespec` there, unless it is null.
    Timespec(u64),
    /// An option of the socket that is the call's first argument.
    Socket(i32),
}

/// The timeout of the system call that a stopped thread has just come out of, if that has one that is finite.
pub fn timeout_of(access: &Access<'_>) -> Result<Option<Timeout>, OsError> {
    let (number, args) = call_left_by(access.tracer, access.tid)?;
    let Some((place, answer)) = place(number, &args) else { return Ok(None) };
    let after = match place {
        TimeoutPlace::Millis(millis) => u64::try_from(millis).ok().map(Duration::from_millis),
        TimeoutPlace::Timespec(0) => None,
        TimeoutPlace::Timespec(at) => {
            let mut words = [0; 16];
            access.read(Avma(at), &mut words)?;
            let [seconds, nanos] =
                [0, 8].map(|at| words[at..].first_chunk().map_or(0, |word| u64::from_ne_bytes(*word)));
            u32::try_from(nanos)
                .ok()
                .and_then(|nanos| Duration::from_secs(seconds).checked_add(Duration::new(0, nanos)))
        }
        TimeoutPlace::Socket(option) => {
            let process = procfs::membership(access.tid)?.process;
            let socket = take_descriptor(process, args[0] as i32)?;
            Some(socket_timeout(&socket, option)?).filter(|time| !time.is_zero())
        }
    };
    Ok(after.map(|after| Timeout { after, answer }))
}

fn place(number: CallNumber, args: &[u64; 6]) -> Option<(TimeoutPlace, i64)> {
    let again = -i64::from(libc::EAGAIN);
    Some(match number.0 {
        number if EPOLL_WAITS.contains(&number) => (TimeoutPlace::Millis(args[3] as i32), 0),
        libc::SYS_epoll_pwait2 => (TimeoutPlace::Timespec(args[3]), 0),
        libc::SYS_rt_sigtimedwait => (TimeoutPlace::Timespec(args[2]), again),
        libc::SYS_semtimedop => (TimeoutPlace::Timespec(args[3]), again),
        libc::SYS_io_getevents | SYS_IO_PGETEVENTS => (TimeoutPlace::Timespec(args[4]), 0),
        libc::SYS_read
        | libc::SYS_readv
        | libc::SYS_recvfrom
        | libc::SYS_recvmsg
        | libc::SYS_recvmmsg
        | libc::SYS_accept
        | libc::SYS_accept4 => (TimeoutPlace::Socket(libc::SO_RCVTIMEO), again),
        libc::SYS_write | libc::SYS_writev | libc::SYS_sendto | libc::SYS_sendmsg | libc::SYS_sendmmsg => {
            (TimeoutPlace::Socket(libc::SO_SNDTIMEO), again)
        }
        libc::SYS_connect => (TimeoutPlace::Socket(libc::SO_SNDTIMEO), -i64::from(libc::EINPROGRESS)),
        _ => return None,
    })
}

fn socket_timeout(socket: &impl AsRawFd, option: i32) -> Result<Duration, OsError> {
    let mut time = libc::timeval { tv_sec: 0, tv_usec: 0 };
    let mut len = size_of::<libc::timeval>() as libc::socklen_t;
    // SAFETY: `time` and `len` are live, and `len` is the length of `time`.
    let answer =
        unsafe { libc::getsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, option, (&raw mut time).cast(), &raw mut len) };
    if answer != 0 {
        return Err(OsError::last("get timeout of", "a socket"));
    }
    let micros = |part: i64| u64::try_from(part).unwrap_or(0);
    Ok(Duration::from_secs(micros(time.tv_sec)) + Duration::from_micros(micros(time.tv_usec)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_where_the_manual_says() {
        let args = [1, 2, 3, 4, 5, 6];
        assert_eq!(place(CallNumber(EPOLL_WAITS[0]), &args), Some((TimeoutPlace::Millis(4), 0)));
        assert_eq!(place(CallNumber(libc::SYS_rt_sigtimedwait), &args), Some((TimeoutPlace::Timespec(3), -11)));
        assert_eq!(place(CallNumber(libc::SYS_io_getevents), &args), Some((TimeoutPlace::Timespec(5), 0)));
        assert_eq!(place(CallNumber(libc::SYS_recvfrom), &args), Some((TimeoutPlace::Socket(libc::SO_RCVTIMEO), -11)));
        assert_eq!(place(CallNumber(libc::SYS_connect), &args), Some((TimeoutPlace::Socket(libc::SO_SNDTIMEO), -115)));
        assert_eq!(place(CallNumber(libc::SYS_futex), &args), None);
    }

    #[test]
    fn a_socket_has_the_timeout_that_was_set() {
        let (socket, _other) = std::os::unix::net::UnixStream::pair().expect("pair");
        assert_eq!(socket_timeout(&socket, libc::SO_RCVTIMEO).expect("option"), Duration::ZERO);
        let time = Duration::from_millis(1500);
        socket.set_read_timeout(Some(time)).expect("set");
        assert_eq!(socket_timeout(&socket, libc::SO_RCVTIMEO).expect("option"), time);
    }
}
