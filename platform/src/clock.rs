//! The wall clock, and the clock that processes' start times are counted on.

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since the Unix epoch; 0 where the clock is before it.
pub fn unix_millis() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}

/// The wall clock's time, in milliseconds since the Unix epoch, at so many clock ticks since boot (proc_pid_stat(5),
/// field 22), as far as the clocks were not set meanwhile.
pub fn unix_millis_at(ticks: u64) -> i64 {
    let mut boot = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `boot` is a live timespec; sysconf takes a number.
    let (answer, per_second) =
        unsafe { (libc::clock_gettime(libc::CLOCK_BOOTTIME, &raw mut boot), libc::sysconf(libc::_SC_CLK_TCK)) };
    let now = unix_millis();
    if answer != 0 || per_second <= 0 {
        return now;
    }
    let since_boot = boot.tv_sec * 1000 + boot.tv_nsec / 1_000_000;
    let then = i64::try_from(u128::from(ticks) * 1000 / per_second as u128).unwrap_or(since_boot);
    now - (since_boot - then)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_started_before_now_and_after_its_binary_was_made() {
        let me = crate::Pid(std::process::id() as i32);
        let started = unix_millis_at(crate::procfs::origin(me).expect("stat").start_ticks);
        let exe = std::fs::metadata("/proc/self/exe").and_then(|exe| exe.modified()).expect("exe");
        let built = exe.duration_since(UNIX_EPOCH).expect("a time").as_millis() as i64;
        assert!(built <= started + 10 && started <= unix_millis() + 10, "{built} {started}");
    }
}
