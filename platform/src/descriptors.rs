//! Closing descriptors by the range, also where the kernel has no call for it or a seccomp filter refuses it.

use crate::random;
use std::ops::RangeInclusive;

/// More descriptors than this are not tried one by one: a process that has so many has /proc too.
const MOST: u64 = 1 << 20;

/// Closes every descriptor from 3 up but those in `kept`, which are sorted.
///
/// The owner of a closed descriptor in this process must not use or drop it any more.
pub(crate) fn close_all_but(kept: &[i32]) {
    let mut kept = kept.to_vec();
    if random::from_kernel().is_none() {
        kept.extend(open_now().into_iter().filter(|fd| is_random_device(*fd)));
        kept.sort_unstable();
        kept.dedup();
    }
    let kept = &kept[..];
    let refused = gaps(kept).any(|gap| !close_range(&gap));
    if refused {
        for fd in open_now().into_iter().filter(|fd| *fd > 2 && kept.binary_search(fd).is_err()) {
            // SAFETY: by contract nobody uses this descriptor any more.
            unsafe { libc::close(fd) };
        }
    }
}

/// Whether a descriptor is of /dev/urandom. The standard library keeps one for the keys of its hash tables where
/// getrandom(2) is refused, and goes on reading from its number after a fork.
fn is_random_device(fd: i32) -> bool {
    const URANDOM: (u32, u32) = (1, 9);
    // SAFETY: all zeroes are a valid `stat`, which the call fills in.
    let mut stat: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: `stat` is live and of the type that the call fills in.
    let known = unsafe { libc::fstat(fd, &raw mut stat) } == 0;
    known
        && stat.st_mode & libc::S_IFMT == libc::S_IFCHR
        && (libc::major(stat.st_rdev), libc::minor(stat.st_rdev)) == URANDOM
}

/// The ranges between `kept`, from 3 to the largest number there is.
fn gaps(kept: &[i32]) -> impl Iterator<Item = RangeInclusive<i32>> {
    let mut first = 3;
    kept.iter().filter(|&&fd| fd > 2).copied().chain([i32::MAX]).filter_map(move |fd| {
        let gap = first..=fd - 1;
        first = fd.saturating_add(1);
        (!gap.is_empty()).then_some(gap)
    })
}

/// close_range(2), Linux 5.9; false where it is not there or not allowed.
fn close_range(gap: &RangeInclusive<i32>) -> bool {
    // SAFETY: by the caller's contract nobody uses these descriptors any more.
    unsafe { libc::syscall(libc::SYS_close_range, *gap.start(), *gap.end(), 0) == 0 }
}

/// The descriptors of this process, or all that it may have.
fn open_now() -> Vec<i32> {
    let listed = std::fs::read_dir("/proc/self/fd")
        .map(|entries| entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect());
    listed.unwrap_or_else(|_| {
        let (_, hard) =
            nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE).unwrap_or((MOST, MOST));
        (0..hard.min(MOST) as i32).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_in_no_gap() {
        let found = |kept: &[i32]| gaps(kept).collect::<Vec<_>>();
        assert_eq!(found(&[]), [3..=i32::MAX - 1]);
        assert_eq!(found(&[3, 4, 7]), [5..=6, 8..=i32::MAX - 1]);
        assert_eq!(found(&[0, 2, 5, i32::MAX - 1]), [3..=4, 6..=i32::MAX - 2]);
    }

    #[test]
    fn the_random_device_is_known() {
        let is_device = |path: &str| {
            let file = std::fs::File::open(path).expect("opens");
            is_random_device(std::os::fd::AsRawFd::as_raw_fd(&file))
        };
        assert!(is_device("/dev/urandom") && !is_device("/dev/null") && !is_device("/proc/self/stat"));
        assert!(!is_random_device(-1));
    }

    #[test]
    fn what_is_open_is_listed() {
        let file = std::fs::File::open("/proc/self/stat").expect("opens");
        assert!(open_now().contains(&std::os::fd::AsRawFd::as_raw_fd(&file)));
    }
}
