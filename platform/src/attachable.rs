//! Whether a running process can be attached to, and if not, why: looked up before anything is touched (ptrace(2),
//! "Ptrace access mode checking").
//!
//! Invariant: looking changes nothing in the process.

use crate::procfs::{self, status_field, status_set};
use crate::{Errno, Pid, Tid, threads};
use std::fs::File;
use std::os::unix::fs::MetadataExt;

/// Whether a process can be attached to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attachability {
    /// Nothing is in the way.
    Attachable,
    /// There is no process with that pid.
    Missing,
    /// It is a thread of another process.
    ThreadOf(Pid),
    /// Every thread of it has ended, and its parent has not collected it.
    Zombie {
        /// The parent that has not collected it.
        parent: Pid,
    },
    /// It is a thread of the kernel.
    Kernel,
    /// It runs this very program.
    Ourselves,
    /// It is traced already.
    Traced {
        /// The process that traces it already.
        by: Pid,
    },
    /// The kernel does not allow it.
    Refused(Refusal),
}

/// Why the kernel does not allow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It belongs to another user.
    OtherUser {
        /// The user id of its owner.
        uid: u32,
    },
    /// Yama forbids it (kernel.yama.ptrace_scope).
    Yama {
        /// The setting, 1 to 3.
        scope: u8,
    },
    /// It keeps others out: it is set-user-id, or asked for it (prctl(2), PR_SET_DUMPABLE).
    Undumpable,
    /// Something else: a security module, another user namespace, a container's filter.
    Unknown(Errno),
}

/// What the kernel decides by, where it refuses.
#[derive(Clone, Copy, Debug)]
struct Rights {
    /// Real, effective and saved user of the process.
    users: [u32; 3],
    /// Who owns its files in /proc: its effective user, unless it keeps others out.
    owner: u32,
    /// This process's user.
    me: u32,
    /// Whether this process has CAP_SYS_PTRACE.
    capable: bool,
    yama: Option<u8>,
    errno: Errno,
}

/// Looks whether a process can be attached to.
pub fn standing(pid: Pid) -> Attachability {
    let Ok(status) = procfs::read(&format!("/proc/{pid}/status")) else {
        return hidden_or_missing(pid);
    };
    let number = |name| status_field(&status, name).and_then(|text| text.parse().ok());
    match number("Tgid") {
        Some(group) if group != pid.0 => return Attachability::ThreadOf(Pid(group)),
        Some(_) => {}
        None => return Attachability::Missing,
    }
    if is_kernel_thread(pid, &status) {
        return Attachability::Kernel;
    }
    let (threads, living) = living_thread(pid);
    let Some(living) = living else {
        return Attachability::Zombie { parent: Pid(number("PPid").unwrap_or(0)) };
    };
    if is_this_program(living) {
        return Attachability::Ourselves;
    }
    if let Some(by) = threads.iter().find_map(|&tid| threads::tracer_of(tid)) {
        return Attachability::Traced { by };
    }
    // Opening asks the same question of the kernel as attaching will.
    let refused = File::open(format!("/proc/{pid}/task/{living}/mem")).err();
    match refused.and_then(|error| error.raw_os_error()).map(Errno::from_raw) {
        None => Attachability::Attachable,
        Some(Errno::ENOENT | Errno::ESRCH) => standing_again(pid),
        Some(errno) => Attachability::Refused(why(rights(pid, &status, errno))),
    }
}

/// The name of a user, if it has one.
pub fn user_name(uid: u32) -> Option<String> {
    nix::unistd::User::from_uid(uid.into()).ok()?.map(|user| user.name)
}

/// A thread ended while it was looked at: the process may have, too.
fn standing_again(pid: Pid) -> Attachability {
    if threads::of(pid).is_ok_and(|threads| threads.iter().any(|&tid| !has_ended(tid))) {
        Attachability::Attachable
    } else {
        Attachability::Missing
    }
}

/// Where /proc hides other users' processes (hidepid), a signal still tells whether there is one.
fn hidden_or_missing(pid: Pid) -> Attachability {
    match nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid.0), None) {
        Ok(()) | Err(Errno::EPERM) => Attachability::Refused(Refusal::Unknown(Errno::EPERM)),
        Err(_) => Attachability::Missing,
    }
}

/// The threads of a process, and one that has not ended. If all of a list have, that counts only if the list stays as
/// it is: a thread that executes another program takes the leader's place in it.
fn living_thread(pid: Pid) -> (Vec<Tid>, Option<Tid>) {
    let mut threads = threads::of(pid).unwrap_or_default();
    loop {
        let living = threads.iter().copied().find(|&tid| !has_ended(tid));
        let now = threads::of(pid).unwrap_or_default();
        if living.is_some() || now == threads {
            return (threads, living);
        }
        threads = now;
    }
}

fn has_ended(tid: Tid) -> bool {
    let status = procfs::read(&format!("/proc/{tid}/status")).unwrap_or_default();
    status_field(&status, "State").is_none_or(|state| state.starts_with(['Z', 'X']))
}

/// Linux 6.8 says it in the status, others in the flags (`PF_KTHREAD`, field 9 of proc_pid_stat(5)).
fn is_kernel_thread(pid: Pid, status: &str) -> bool {
    const PF_KTHREAD: u64 = 0x20_0000;
    let flags = || {
        let stat = procfs::read(&format!("/proc/{pid}/stat")).ok()?;
        procfs::stat_fields(&stat)?.nth(6)?.parse::<u64>().ok()
    };
    match status_field(status, "Kthread") {
        Some(said) => said == "1",
        None => flags().is_some_and(|flags| flags & PF_KTHREAD != 0),
    }
}

fn is_this_program(tid: Tid) -> bool {
    let program = |path: &str| std::fs::metadata(path).ok().map(|meta| (meta.dev(), meta.ino()));
    let mine = program("/proc/self/exe");
    mine.is_some() && mine == program(&format!("/proc/{tid}/exe"))
}

fn rights(pid: Pid, status: &str, errno: Errno) -> Rights {
    const CAP_SYS_PTRACE: u64 = 1 << 19;
    let me = nix::unistd::geteuid().as_raw();
    let mut users = status_field(status, "Uid").unwrap_or("").split_whitespace().map(|uid| uid.parse().unwrap_or(me));
    let users = std::array::from_fn(|_| users.next().unwrap_or(me));
    let mine = procfs::read("/proc/self/status").unwrap_or_default();
    let capabilities = status_set(&mine, "CapEff").unwrap_or(0);
    Rights {
        users,
        owner: std::fs::metadata(format!("/proc/{pid}/mem")).map_or(users[1], |meta| meta.uid()),
        me,
        capable: capabilities & CAP_SYS_PTRACE != 0,
        yama: procfs::yama_scope(),
        errno,
    }
}

fn why(rights: Rights) -> Refusal {
    let Rights { users, owner, me, capable, yama, errno } = rights;
    match yama {
        Some(3) => return Refusal::Yama { scope: 3 },
        Some(_) | None if capable => return Refusal::Unknown(errno),
        Some(_) | None => {}
    }
    if let Some(&uid) = users.iter().find(|&&uid| uid != me) {
        return Refusal::OtherUser { uid };
    }
    if owner != users[1] {
        return Refusal::Undumpable;
    }
    match yama {
        Some(scope @ 1..) => Refusal::Yama { scope },
        Some(0) | None => Refusal::Unknown(errno),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Child, Command, Stdio};

    fn child() -> Child {
        Command::new("cat").stdin(Stdio::piped()).spawn().expect("cat")
    }

    #[test]
    fn tells_how_real_processes_stand() {
        let me = Pid(std::process::id() as i32);
        assert_eq!(standing(me), Attachability::Ourselves);
        assert_eq!(standing(Pid(i32::MAX)), Attachability::Missing);

        let mut running = child();
        let pid = Pid(running.id() as i32);
        // Until its exec it is this program.
        while standing(pid) == Attachability::Ourselves {
            std::thread::yield_now();
        }
        // A machine that does not let this test attach must at least say so.
        assert!(matches!(standing(pid), Attachability::Attachable | Attachability::Refused(_)), "{:?}", standing(pid));
        drop(running.stdin.take());
        while standing(pid) != (Attachability::Zombie { parent: me }) {
            std::thread::yield_now();
        }
        running.wait().expect("wait");
        assert_eq!(standing(pid), Attachability::Missing);

        let (send, receive) = std::sync::mpsc::channel();
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || {
            send.send(nix::unistd::gettid().as_raw()).expect("send");
            wait.recv().expect_err("nothing is sent");
        });
        assert_eq!(standing(Pid(receive.recv().expect("tid"))), Attachability::ThreadOf(me));
        drop(go);
        thread.join().expect("join");
    }

    #[test]
    fn names_what_the_kernel_refuses_for() {
        let plain = Rights { users: [7, 7, 7], owner: 7, me: 7, capable: false, yama: None, errno: Errno::EACCES };
        assert_eq!(why(plain), Refusal::Unknown(Errno::EACCES));
        assert_eq!(why(Rights { users: [8, 8, 8], owner: 8, yama: Some(1), ..plain }), Refusal::OtherUser { uid: 8 });
        assert_eq!(why(Rights { users: [7, 0, 0], owner: 0, ..plain }), Refusal::OtherUser { uid: 0 });
        assert_eq!(why(Rights { owner: 0, yama: Some(1), ..plain }), Refusal::Undumpable);
        assert_eq!(why(Rights { yama: Some(1), ..plain }), Refusal::Yama { scope: 1 });
        assert_eq!(why(Rights { yama: Some(2), ..plain }), Refusal::Yama { scope: 2 });
        assert_eq!(why(Rights { yama: Some(3), capable: true, ..plain }), Refusal::Yama { scope: 3 });
        assert_eq!(why(Rights { users: [8, 8, 8], capable: true, ..plain }), Refusal::Unknown(Errno::EACCES));
    }

    #[test]
    fn kernel_threads_are_told_by_their_flag() {
        let me = Pid(std::process::id() as i32);
        assert!(!is_kernel_thread(me, ""));
        assert!(is_kernel_thread(me, "Name:\tx\nKthread:\t1\n"));
    }
}
