//! Why a process cannot be attached to, in words: the thing, the cause, the way out.

use platform::attachable::{Attachability, Refusal};
use platform::{Errno, Pid, procfs, user_in_words};

/// What prevents an attach to a process, if anything does: the process, the cause and the way out.
pub(crate) fn refusal(pid: Pid) -> Option<String> {
    let standing = platform::attachable::standing(pid);
    let name = procfs::command_name(pid).unwrap_or_default();
    in_words(pid, &name, &standing)
}

fn in_words(pid: Pid, name: &str, standing: &Attachability) -> Option<String> {
    let why = match standing {
        Attachability::Attachable => return None,
        Attachability::Missing => {
            return Some(format!("attach to {pid}: there is no such process; `ps` lists those there are"));
        }
        Attachability::ThreadOf(of) => {
            let of_name = procfs::command_name(*of).unwrap_or_default();
            format!("it is a thread of process {of} ({of_name}); attach to {of}, with all its threads")
        }
        Attachability::Zombie { parent } => {
            let parent_name = procfs::command_name(*parent).unwrap_or_default();
            format!("it has ended; its parent {parent} ({parent_name}) has not collected it yet")
        }
        Attachability::Kernel => "it is a thread of the kernel, which has no program to measure".to_owned(),
        Attachability::Ourselves => "it is cov-trace itself; name the process that is to be measured".to_owned(),
        Attachability::Traced { by } => {
            let tracer = procfs::command_name(*by).unwrap_or_default();
            if tracer == "cov-supervisor" {
                format!(
                    "it is being measured already (by cov-supervisor, pid {by}); `cov-trace detach {pid}` ends that"
                )
            } else {
                format!("it is traced already, by {tracer} (pid {by}); end that first")
            }
        }
        Attachability::Refused(refusal) => refused(pid, refusal),
    };
    Some(format!("attach to {pid} ({name}): {why}"))
}

fn refused(pid: Pid, refusal: &Refusal) -> String {
    match refusal {
        Refusal::OtherUser { uid } => {
            let owner = user_in_words(*uid);
            format!("it belongs to {owner}; run cov-trace as root or with CAP_SYS_PTRACE (sudo cov-trace attach {pid})")
        }
        Refusal::Yama { scope: 3 } => {
            "tracing is forbidden here until the machine is started with another setting (kernel.yama.ptrace_scope is 3)"
                .to_owned()
        }
        Refusal::Yama { scope: 2 } => {
            "only root may trace here (kernel.yama.ptrace_scope is 2); run cov-trace as root or with CAP_SYS_PTRACE"
                .to_owned()
        }
        Refusal::Yama { scope } => format!(
            "only its ancestors may trace it (kernel.yama.ptrace_scope is {scope}); run cov-trace as root or with \
             CAP_SYS_PTRACE, set it to 0 (sudo sysctl kernel.yama.ptrace_scope=0), or start the program with cov-trace --"
        ),
        Refusal::Undumpable => "it keeps others out: it is set-user-id, or asked for it (PR_SET_DUMPABLE); run cov-trace as \
                                root or with CAP_SYS_PTRACE"
            .to_owned(),
        Refusal::Unknown(errno) => format!(
            "tracing it is refused: {} ({errno:?}); in a container allow ptrace (docker run --cap-add SYS_PTRACE), and see \
             whether a security module forbids it",
            Errno::desc(*errno)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_says_the_thing_and_the_way_out() {
        let me = Pid(std::process::id() as i32);
        let said = |standing| in_words(Pid(4711), "nginx", &standing).unwrap_or_default();
        assert_eq!(in_words(Pid(4711), "nginx", &Attachability::Attachable), None);
        for (standing, parts) in [
            (Attachability::Missing, &["4711", "no such process"][..]),
            (Attachability::ThreadOf(me), &["thread of process", "attach to"]),
            (Attachability::Zombie { parent: me }, &["has ended", "parent"]),
            (Attachability::Kernel, &["kernel"]),
            (Attachability::Ourselves, &["cov-trace itself"]),
            (Attachability::Traced { by: me }, &["traced already", "end that first"]),
            (Attachability::Refused(Refusal::OtherUser { uid: 0 }), &["uid 0", "CAP_SYS_PTRACE"]),
            (Attachability::Refused(Refusal::Yama { scope: 1 }), &["ptrace_scope is 1", "ptrace_scope=0"]),
            (Attachability::Refused(Refusal::Yama { scope: 2 }), &["ptrace_scope is 2", "as root"]),
            (Attachability::Refused(Refusal::Yama { scope: 3 }), &["ptrace_scope is 3", "forbidden"]),
            (Attachability::Refused(Refusal::Undumpable), &["keeps others out", "as root"]),
            (Attachability::Refused(Refusal::Unknown(Errno::EACCES)), &["EACCES", "container"]),
        ] {
            let text = said(standing);
            assert!(text.starts_with("attach to 4711") && parts.iter().all(|part| text.contains(part)), "{text}");
        }
    }
}
