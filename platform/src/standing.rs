//! How the threads of other processes stand, read from /proc without tracing them (proc(5)).
//!
//! Invariant: what has ended meanwhile, or is closed to us, reads as `None` or as nothing, never as an error.

use crate::{Avma, Pid, Signal, Tid, Wait, procfs, threads};

/// What a thread is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThreadState {
    /// It runs, or is about to.
    Runs,
    /// It is in a stop that its tracer has not been told of: what it was going to report.
    Unreported(Wait),
    /// It is in a stop that its tracer knows of.
    Reported,
    /// It is in a group-stop, and nobody traces it.
    Stopped,
    /// It sleeps, or has ended.
    Other,
}

/// The state of a thread (`/proc/PID/task/TID/stat`, fields 3 and 52).
pub fn standing(pid: Pid, tid: Tid) -> Option<ThreadState> {
    parse(tid, &procfs::read(&format!("/proc/{pid}/task/{tid}/stat")).ok()?)
}

fn parse(tid: Tid, stat: &str) -> Option<ThreadState> {
    const STOPPED: i32 = 0x7f;
    let mut fields = procfs::stat_fields(stat)?;
    let state = fields.next()?;
    let code: i32 = fields.nth(48)?.parse().ok()?;
    Some(match state {
        "R" => ThreadState::Runs,
        "T" => ThreadState::Stopped,
        "t" if code == 0 => ThreadState::Reported,
        "t" => ThreadState::Unreported(Wait::decode(tid, code << 8 | STOPPED)),
        _ => ThreadState::Other,
    })
}

/// How far a process is from its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// Nothing ends it.
    Goes,
    /// It was killed, and has not come to its end yet.
    Killed,
    /// It was killed, and its tracer holds it at its end: it still has everything, its tracees too.
    Held,
    /// It has ended.
    Over,
}

/// How far a process is from its end (`/proc/PID/stat`: fields 3, 9 and 31 of its leader).
pub fn life(pid: Pid) -> Life {
    procfs::read(&format!("/proc/{pid}/stat")).ok().and_then(|stat| parse_life(&stat)).unwrap_or(Life::Over)
}

fn parse_life(stat: &str) -> Option<Life> {
    /// PF_SIGNALED of the kernel: it is ending of a signal.
    const SIGNALED: u32 = 0x400;
    let mut fields = procfs::stat_fields(stat)?;
    let state = fields.next()?;
    let flags: u32 = fields.nth(5)?.parse().ok()?;
    let pending: u64 = fields.nth(21)?.parse().ok()?;
    let is_ending = flags & SIGNALED != 0;
    Some(match state {
        "Z" | "X" => Life::Over,
        "t" if is_ending => Life::Held,
        _ if is_ending || pending & Signal::KILL.bit() != 0 => Life::Killed,
        _ => Life::Goes,
    })
}

/// The program counter of a thread that is stopped outside a system call (`/proc/PID/task/TID/syscall`).
pub fn pc(pid: Pid, tid: Tid) -> Option<Avma> {
    parse_pc(&procfs::read(&format!("/proc/{pid}/task/{tid}/syscall")).ok()?)
}

fn parse_pc(text: &str) -> Option<Avma> {
    let mut words = text.split_whitespace();
    let outside = words.next() == Some("-1");
    let pc = words.nth(1).filter(|_| outside)?.strip_prefix("0x")?;
    u64::from_str_radix(pc, 16).ok().map(Avma)
}

/// The processes whose leader is traced by `tracer` now.
pub fn tracees_of(tracer: Tid) -> Vec<Pid> {
    let is_traced = |pid: &Pid| procfs::membership(pid.leader()).is_ok_and(|of| of.tracer == Some(Pid(tracer.0)));
    threads::processes().filter(is_traced).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stat(state: &str, code: i32) -> String {
        format!("12 (a) R 9) {state} {}{code}\n", "0 ".repeat(48))
    }

    #[test]
    fn reads_state_and_code() {
        let tid = Tid(12);
        assert_eq!(parse(tid, &stat("R", 0)), Some(ThreadState::Runs));
        assert_eq!(parse(tid, &stat("t", 0)), Some(ThreadState::Reported));
        assert_eq!(parse(tid, &stat("S", 0)), Some(ThreadState::Other));
        assert_eq!(parse(tid, &stat("T", 19)), Some(ThreadState::Stopped));
        let trapped = parse(tid, &stat("t", 5));
        assert_eq!(trapped, Some(ThreadState::Unreported(Wait::Signal { tid, signal: Signal::TRAP })));
        assert_eq!(parse(tid, "12 (a) R"), None);
    }

    #[test]
    fn reads_how_far_a_process_is_from_its_end() {
        let stat = |state: &str, flags: u32, pending: u32| {
            format!("12 (a) R 9) {state} {}{flags} {}{pending} 0\n", "0 ".repeat(5), "0 ".repeat(21))
        };
        assert_eq!(parse_life(&stat("S", 0x40_0040, 0)), Some(Life::Goes));
        assert_eq!(parse_life(&stat("t", 0x40_0040, 0)), Some(Life::Goes));
        assert_eq!(parse_life(&stat("R", 0x40_0040, 1 << 8)), Some(Life::Killed));
        assert_eq!(parse_life(&stat("R", 0x40_0440, 0)), Some(Life::Killed));
        assert_eq!(parse_life(&stat("t", 0x40_0440, 0)), Some(Life::Held));
        assert_eq!(parse_life(&stat("Z", 0x40_0444, 0)), Some(Life::Over));
        assert_eq!(life(Pid(std::process::id() as i32)), Life::Goes);
        assert_eq!(life(Pid(0)), Life::Over);
    }

    #[test]
    fn reads_a_program_counter_outside_system_calls_only() {
        assert_eq!(parse_pc("-1 0x7ffc10 0x401136\n"), Some(Avma(0x401136)));
        assert_eq!(parse_pc("0 0x0 0x7ffc 0x1 0x0 0x0 0x0 0x7ffc10 0x7f01\n"), None);
        assert_eq!(parse_pc("running\n"), None);
    }

    #[test]
    fn tells_of_this_process() {
        let me = Pid(std::process::id() as i32);
        assert!(threads::of(me).is_ok_and(|threads| threads.contains(&me.leader())));
        assert!(standing(me, me.leader()).is_some());
        assert!(tracees_of(me.leader()).is_empty());
    }
}
