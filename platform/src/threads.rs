//! Which threads and processes there are, and what a thread is doing, without stopping it (proc(5)).

use crate::arch::CallNumber;
use crate::lineage::share_memory;
use crate::procfs::{self, status_field, status_set};
use crate::{Avma, OsError, Pid, Signal, Tid};
use nix::errno::Errno;
use std::collections::BTreeSet;

/// What a thread is doing, as far as that matters to a tracer that comes or goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Activity {
    /// It sleeps and has no trap on the way: until it wakes it executes nothing and makes nobody.
    Asleep,
    /// It runs, or a trap or a new process or thread of its may be on the way.
    Busy,
    /// It is in a stop, of whose kind a wait tells.
    Stopped,
    /// It has ended, or is a zombie.
    Gone,
}

/// The threads of a process as they are listed now; the process may be named by any of them.
pub fn of(pid: Pid) -> Result<Vec<Tid>, OsError> {
    let path = format!("/proc/{pid}/task");
    let listed = numbers(&path).map_err(|e| OsError::io("read", &path, &e))?;
    Ok(listed.map(Tid).collect())
}

/// All processes as they are listed now.
pub(crate) fn processes() -> impl Iterator<Item = Pid> {
    numbers("/proc").into_iter().flatten().map(Pid)
}

/// The entries of a folder whose names are numbers.
fn numbers(folder: &str) -> std::io::Result<impl Iterator<Item = i32> + use<>> {
    Ok(std::fs::read_dir(folder)?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()))
}

/// What a thread is doing now.
pub fn activity(tid: Tid) -> Activity {
    let Ok(status) = procfs::read(&format!("/proc/{tid}/status")) else { return Activity::Gone };
    let pending = status_set(&status, "SigPnd").unwrap_or(0);
    match status_field(&status, "State").and_then(|state| state.bytes().next()) {
        Some(b'Z' | b'X') => Activity::Gone,
        Some(b't' | b'T') => Activity::Stopped,
        Some(b'S' | b'D' | b'I') if pending & Signal::TRAP.bit() == 0 && !may_be_making_somebody(tid) => {
            Activity::Asleep
        }
        Some(_) | None => Activity::Busy,
    }
}

/// The instruction that comes after the system call in which a thread sleeps; `None` if it does not, or that may not be read.
pub fn sleeps_at(tid: Tid) -> Option<Avma> {
    after_call(&procfs::read(&format!("/proc/{tid}/syscall")).ok()?)
}

fn after_call(text: &str) -> Option<Avma> {
    let mut words = text.split_whitespace();
    let _number: u64 = words.next()?.parse().ok()?;
    // Six arguments and the stack pointer are before it.
    u64::from_str_radix(words.nth(7)?.strip_prefix("0x")?, 16).ok().map(Avma)
}

/// Whether a thread that was seen asleep may have been so in the middle of a fork or clone; the wait for a vfork child
/// comes after that.
fn may_be_making_somebody(tid: Tid) -> bool {
    let call = procfs::read(&format!("/proc/{tid}/syscall")).unwrap_or_default();
    // Of a thread that has woken meanwhile the kernel says no number.
    let number = call.split_whitespace().next().and_then(|number| number.parse().ok()).map(CallNumber);
    number.is_none_or(CallNumber::makes_child)
        && !children_of_thread(tid).iter().any(|&child| share_memory(Pid(tid.0), child))
}

/// The children that a thread made and that it has not collected.
fn children_of_thread(tid: Tid) -> Vec<Pid> {
    let children = procfs::read(&format!("/proc/{tid}/task/{tid}/children")).unwrap_or_default();
    children.split_whitespace().filter_map(|pid| pid.parse().ok().map(Pid)).collect()
}

/// All descendants of a process as they are listed now, each behind its parent.
pub fn descendants(pid: Pid) -> Vec<Pid> {
    let mut found: Vec<Pid> = Vec::new();
    let mut seen = BTreeSet::from([pid]);
    let mut next = Some(pid);
    let mut done = 0;
    while let Some(parent) = next {
        let children = of(parent).unwrap_or_default().into_iter().flat_map(children_of_thread);
        found.extend(children.filter(|child| seen.insert(*child)));
        next = found.get(done).copied();
        done += 1;
    }
    found
}

/// Every process but `pid` that lives in the same address space as its `threads`.
pub fn sharing_memory_with(pid: Pid, threads: &[Tid]) -> Vec<Pid> {
    for &tid in threads {
        let found = processes().filter(|&other| other != pid && share_memory(Pid(tid.0), other)).collect();
        // A thread that has ended has no memory, as the kernel's own threads have none.
        if crate::mapped(tid).is_ok() {
            return found;
        }
    }
    Vec::new()
}

/// The process that traces a thread, if one does.
pub fn tracer_of(tid: Tid) -> Option<Pid> {
    procfs::membership(tid).ok()?.tracer
}

/// Whether a thread is the leader of its process; where that may not be asked it may be.
pub(crate) fn is_leader(tid: Tid) -> bool {
    // SAFETY: tgkill takes plain numbers; signal 0 is only looked up.
    let found = unsafe { libc::syscall(libc::SYS_tgkill, tid.0, tid.0, 0) } == 0;
    found || Errno::last() != Errno::ESRCH
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn tells_where_a_thread_sleeps() {
        let call = "0 0x0 0x7f10 0x20000 0x22 0x0 0x0 0x7ffd40 0x7f12ab\n";
        assert_eq!(after_call(call), Some(Avma(0x7f_12ab)));
        assert_eq!(after_call("running\n"), None);
        assert_eq!(after_call("-1 0x7ffd40 0x7f12ab\n"), None);
        assert_eq!(after_call("0 0x0\n"), None);
    }

    #[test]
    fn tells_a_sleeping_child_from_one_that_ended() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().expect("cat");
        let pid = Pid(child.id() as i32);
        let me = Pid(std::process::id() as i32);
        assert_eq!(of(pid).expect("threads"), [pid.leader()]);
        assert!(is_leader(pid.leader()));
        assert!(!std::thread::spawn(|| is_leader(Tid(nix::unistd::gettid().as_raw()))).join().expect("a thread"));
        assert!(descendants(me).contains(&pid));
        assert_eq!(sharing_memory_with(pid, &[pid.leader()]), []);
        assert_eq!(tracer_of(pid.leader()), None);
        while activity(pid.leader()) != Activity::Asleep {
            std::thread::yield_now();
        }
        drop(child.stdin.take());
        while activity(pid.leader()) != Activity::Gone {
            std::thread::yield_now();
        }
        child.wait().expect("wait");
        assert_eq!(activity(pid.leader()), Activity::Gone);
    }
}
