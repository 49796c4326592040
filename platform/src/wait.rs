//! What waitpid reports, decoded from the raw status into an enum.
//!
//! nix's decoding refuses stops for real-time signals and the stop stays consumed, so the raw status is read here.

use crate::{Signal, Tid};
use serde::{Deserialize, Serialize};

/// What waitpid(2) reports of one thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wait {
    /// The thread ended by itself.
    Exited {
        /// The thread that ended.
        tid: Tid,
        /// Its exit status, 0 to 255.
        status: i32,
    },
    /// The thread was ended by a signal.
    Killed {
        /// The thread that was ended.
        tid: Tid,
        /// The signal that ended it.
        signal: Signal,
        /// Whether a core dump was made.
        core: bool,
    },
    /// Signal-delivery-stop (ptrace(2)).
    Signal {
        /// The thread that stopped.
        tid: Tid,
        /// The signal that is about to be delivered.
        signal: Signal,
    },
    /// Syscall-entry-stop or syscall-exit-stop (PTRACE_SYSCALL).
    Call {
        /// The thread that stopped.
        tid: Tid,
    },
    /// One of the stops that PTRACE_O_* options ask for, or PTRACE_EVENT_STOP.
    Event {
        /// The thread that stopped.
        tid: Tid,
        /// The event that it stopped for.
        event: Event,
    },
    /// The thread was continued from a group-stop and nobody traces it (never seen by a tracer).
    Continued {
        /// The thread that runs again.
        tid: Tid,
    },
}

/// A ptrace event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// A child was made by fork or a clone with SIGCHLD.
    Fork,
    /// A child was made with CLONE_VFORK.
    Vfork,
    /// A child or thread was made by any other clone.
    Clone,
    /// A vfork's parent runs again.
    VforkDone,
    /// A new program image is in place; nothing of it has run.
    Exec,
    /// The thread is about to end.
    Exit,
    /// The group-stop that this signal began.
    GroupStop(Signal),
    /// PTRACE_EVENT_STOP without a stop signal: after PTRACE_INTERRUPT, at a new tracee's start, at SIGCONT.
    Stop,
    /// An event this version does not ask for.
    Other(i32),
}

impl Wait {
    /// The thread that it is about.
    pub fn tid(&self) -> Tid {
        match *self {
            Wait::Exited { tid, .. }
            | Wait::Killed { tid, .. }
            | Wait::Signal { tid, .. }
            | Wait::Call { tid }
            | Wait::Event { tid, .. }
            | Wait::Continued { tid } => tid,
        }
    }

    /// Takes what a tracee or child of any thread of this process has to report, if there is something, or `of` one.
    ///
    /// Of tracees, waitid(2) gives the stops too, whether they are asked for or not (kernel/exit.c, wait_task_stopped).
    pub(crate) fn next_of_all_threads(of: Option<Tid>) -> Option<Wait> {
        // SAFETY: a siginfo_t is plain old data, for which zero is a value.
        let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
        let (kind, id) = of.map_or((libc::P_ALL, 0), |tid| (libc::P_PID, tid.0 as libc::id_t));
        let flags = libc::WEXITED | libc::WNOHANG | libc::__WALL;
        // SAFETY: `info` is a live siginfo_t.
        if unsafe { libc::waitid(kind, id, &raw mut info, flags) } != 0 {
            return None;
        }
        // SAFETY: waitid has filled in the fields of a SIGCHLD, or left all zero.
        let (tid, status) = unsafe { (Tid(info.si_pid()), info.si_status()) };
        (tid.0 != 0).then(|| Wait::of_child_signal(tid, info.si_code, status))
    }

    /// Decodes `si_code` and `si_status` of a SIGCHLD (sigaction(2)). The status of a stop is as PTRACE_O_* have it: the
    /// signal, with the event above its low byte.
    fn of_child_signal(tid: Tid, code: i32, status: i32) -> Wait {
        const STOPPED: i32 = 0x7f;
        match code {
            libc::CLD_EXITED => Wait::Exited { tid, status },
            libc::CLD_KILLED | libc::CLD_DUMPED => {
                Wait::Killed { tid, signal: Signal(status), core: code == libc::CLD_DUMPED }
            }
            libc::CLD_CONTINUED => Wait::Continued { tid },
            _ => Wait::decode(tid, STOPPED | (status << 8)),
        }
    }

    /// Decodes a raw wait status (wait(2), ptrace(2)).
    pub(crate) fn decode(tid: Tid, status: i32) -> Wait {
        if libc::WIFEXITED(status) {
            return Wait::Exited { tid, status: libc::WEXITSTATUS(status) };
        }
        if libc::WIFSIGNALED(status) {
            return Wait::Killed { tid, signal: Signal(libc::WTERMSIG(status)), core: libc::WCOREDUMP(status) };
        }
        if libc::WIFCONTINUED(status) {
            return Wait::Continued { tid };
        }
        /// PTRACE_O_TRACESYSGOOD tells these stops from a SIGTRAP.
        const CALL: i32 = libc::SIGTRAP | 0x80;
        let signal = Signal(libc::WSTOPSIG(status));
        if signal.0 == CALL {
            return Wait::Call { tid };
        }
        let event = match status >> 16 {
            0 => return Wait::Signal { tid, signal },
            libc::PTRACE_EVENT_FORK => Event::Fork,
            libc::PTRACE_EVENT_VFORK => Event::Vfork,
            libc::PTRACE_EVENT_CLONE => Event::Clone,
            libc::PTRACE_EVENT_VFORK_DONE => Event::VforkDone,
            libc::PTRACE_EVENT_EXEC => Event::Exec,
            libc::PTRACE_EVENT_EXIT => Event::Exit,
            libc::PTRACE_EVENT_STOP if signal.stops() => Event::GroupStop(signal),
            libc::PTRACE_EVENT_STOP => Event::Stop,
            other => Event::Other(other),
        };
        Wait::Event { tid, event }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{OnTracerDeath, Tracer};
    use std::process::Command;

    const TID: Tid = Tid(7);

    #[test]
    fn decodes_ends() {
        assert_eq!(Wait::decode(TID, 3 << 8), Wait::Exited { tid: TID, status: 3 });
        assert_eq!(Wait::decode(TID, 0x80 | 11), Wait::Killed { tid: TID, signal: Signal(11), core: true });
        assert_eq!(Wait::decode(TID, 9), Wait::Killed { tid: TID, signal: Signal::KILL, core: false });
    }

    #[test]
    fn a_child_signal_tells_what_the_status_does() {
        let of = |code, status| Wait::of_child_signal(TID, code, status);
        assert_eq!(of(libc::CLD_EXITED, 3), Wait::decode(TID, 3 << 8));
        assert_eq!(of(libc::CLD_DUMPED, 11), Wait::decode(TID, 0x80 | 11));
        assert_eq!(of(libc::CLD_KILLED, 9), Wait::decode(TID, 9));
        let group_stop = libc::SIGSTOP | (libc::PTRACE_EVENT_STOP << 8);
        assert_eq!(of(libc::CLD_TRAPPED, group_stop), Wait::Event { tid: TID, event: Event::GroupStop(Signal(19)) });
        assert_eq!(of(libc::CLD_TRAPPED, libc::SIGUSR1), Wait::Signal { tid: TID, signal: Signal(libc::SIGUSR1) });
        let exec = libc::SIGTRAP | (libc::PTRACE_EVENT_EXEC << 8);
        assert_eq!(of(libc::CLD_TRAPPED, exec), Wait::Event { tid: TID, event: Event::Exec });
    }

    #[test]
    fn another_thread_takes_a_stop_as_a_stop() {
        let mut child = Command::new("sleep").arg("60").spawn().expect("sleep is there");
        let tid = Tid(child.id() as i32);
        let tracer = Tracer::for_this_thread(OnTracerDeath::LetGo);
        tracer.seize_running(tid).expect("a child may be traced");
        // SAFETY: kill takes plain numbers.
        unsafe { libc::kill(tid.0, libc::SIGSTOP) };
        let report = std::thread::spawn(move || {
            std::iter::repeat_with(|| Wait::next_of_all_threads(Some(tid))).flatten().next()
        });
        let report = report.join().expect("it does not panic");
        child.kill().expect("it is ours");
        child.wait().expect("it has ended");
        // Its exec may be reported first.
        let event = Event::Exec;
        let stops = [Wait::Event { tid, event }, Wait::Signal { tid, signal: Signal(libc::SIGSTOP) }];
        assert!(report.is_some_and(|report| stops.contains(&report)), "{report:?}");
    }

    #[test]
    fn decodes_stops_for_real_time_signals() {
        assert_eq!(Wait::decode(TID, 0x7f | (64 << 8)), Wait::Signal { tid: TID, signal: Signal(64) });
    }

    #[test]
    fn tells_a_call_from_a_trap() {
        assert_eq!(Wait::decode(TID, 0x7f | (0x85 << 8)), Wait::Call { tid: TID });
        assert_eq!(Wait::decode(TID, 0x7f | (5 << 8)), Wait::Signal { tid: TID, signal: Signal::TRAP });
    }

    #[test]
    fn tells_a_group_stop_from_an_event_stop() {
        let event = |signal: i32| Wait::decode(TID, 0x7f | (signal << 8) | (libc::PTRACE_EVENT_STOP << 16));
        assert_eq!(event(libc::SIGTSTP), Wait::Event { tid: TID, event: Event::GroupStop(Signal(libc::SIGTSTP)) });
        assert_eq!(event(libc::SIGTRAP), Wait::Event { tid: TID, event: Event::Stop });
    }
}
