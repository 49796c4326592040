//! What /proc says of one thread or process: identity, signal dispositions, image, arguments (proc(5)).

use crate::{OsError, Pid, Signal, Tid};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

/// What a signal does to a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Disposition {
    /// The default action of the signal is taken (SIG_DFL).
    Default,
    /// The process ignores it (SIG_IGN).
    Ignored,
    /// A handler of the program runs.
    Handled,
}

/// Signal dispositions and mask of a thread as kernel signal sets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignalState {
    /// The signals that this thread blocks (SigBlk).
    pub blocked: u64,
    /// The signals that the process ignores (SigIgn).
    pub ignored: u64,
    /// The signals for which the process has a handler (SigCgt).
    pub caught: u64,
}

impl SignalState {
    /// What `signal` does to the process.
    pub fn disposition(&self, signal: Signal) -> Disposition {
        if self.ignored & signal.bit() != 0 {
            Disposition::Ignored
        } else if self.caught & signal.bit() != 0 {
            Disposition::Handled
        } else {
            Disposition::Default
        }
    }
}

pub(crate) fn read(path: &str) -> Result<String, OsError> {
    let bytes = read_bytes(path).map_err(|e| OsError::io("read", path, &e))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Reads a whole file in pages: most are shorter, and of none says its size how long it is. Thousands of threads are
/// looked at in a row.
pub(crate) fn read_bytes(path: &str) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let (mut bytes, mut page) = (Vec::new(), [0; 4096]);
    loop {
        match file.read(&mut page) {
            Ok(0) => return Ok(bytes),
            Ok(count) => bytes.extend_from_slice(&page[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn malformed(path: &str) -> OsError {
    OsError::new("parse", path, nix::errno::Errno::EINVAL)
}

pub(crate) fn status_field<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

/// A field of a status that is a set of bits in hexadecimal: signals, capabilities.
pub(crate) fn status_set(status: &str, name: &str) -> Option<u64> {
    status_field(status, name).and_then(|hex| u64::from_str_radix(hex, 16).ok())
}

/// The fields of a stat from the third on, which is the state: the name before them, in parentheses, may hold spaces
/// and parentheses itself, so they count from the last one.
pub(crate) fn stat_fields(stat: &str) -> Option<std::str::Split<'_, char>> {
    Some(stat.get(stat.rfind(')')? + 2..)?.trim_end().split(' '))
}

/// Signal dispositions and mask of a thread.
pub fn signal_state(tid: Tid) -> Result<SignalState, OsError> {
    signal_state_and_alone(tid).map(|(state, _)| state)
}

/// The same, and whether the thread is the only one of its process.
pub fn signal_state_and_alone(tid: Tid) -> Result<(SignalState, bool), OsError> {
    let path = format!("/proc/{tid}/status");
    let status = read(&path)?;
    let set = |name| status_set(&status, name);
    match (set("SigBlk"), set("SigIgn"), set("SigCgt"), status_field(&status, "Threads")) {
        (Some(blocked), Some(ignored), Some(caught), Some(threads)) => {
            Ok((SignalState { blocked, ignored, caught }, threads == "1"))
        }
        _ => Err(malformed(&path)),
    }
}

/// Whether a filter or strict mode decides about a thread's system calls (seccomp(2)).
pub fn is_confined(tid: Tid) -> bool {
    let status = read(&format!("/proc/{tid}/status"));
    status.is_ok_and(|status| status_field(&status, "Seccomp").is_some_and(|mode| mode != "0"))
}

/// Whether a path without symbolic links leads into /proc, where a file differs for each process that looks (/proc/self).
pub fn holds(path: &Path) -> bool {
    path.starts_with("/proc")
}

/// Whether a signal is pending for a process or its leader.
pub fn is_pending(pid: Pid, signal: Signal) -> bool {
    let status = read(&format!("/proc/{pid}/status")).unwrap_or_default();
    let set = |name| status_set(&status, name).unwrap_or(0);
    (set("SigPnd") | set("ShdPnd")) & signal.bit() != 0
}

/// Whether a signal is pending for this very thread, which does not block it.
pub fn is_next(tid: Tid, signal: Signal) -> bool {
    let status = read(&format!("/proc/{tid}/status")).unwrap_or_default();
    let set = |name| status_set(&status, name).unwrap_or(0);
    set("SigPnd") & !set("SigBlk") & signal.bit() != 0
}

/// The CPU time that a thread has used, if the kernel counts it (`/proc/TID/schedstat`).
pub fn cpu_time(tid: Tid) -> Option<Duration> {
    static COUNTS: LazyLock<bool> = LazyLock::new(|| counted("thread-self").is_some_and(|time| !time.is_zero()));
    COUNTS.then(|| counted(&tid.to_string())).flatten()
}

/// The CPU time of an entry of /proc; zero, too, where the kernel counts none.
fn counted(entry: &str) -> Option<Duration> {
    let counts = read(&format!("/proc/{entry}/schedstat")).ok()?;
    counts.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

/// Whether a thread is the only one of its process.
pub fn is_alone(tid: Tid) -> Result<bool, OsError> {
    let path = format!("/proc/{tid}/status");
    let status = read(&path)?;
    status_field(&status, "Threads").map(|count| count == "1").ok_or_else(|| malformed(&path))
}

/// Whether a thread belongs to the init of a pid namespace (pid_namespaces(7)).
pub fn is_init(tid: Tid) -> bool {
    let status = read(&format!("/proc/{tid}/status"));
    status.is_ok_and(|status| {
        // Its pid in each namespace that it is in, its own last.
        let pids = status_field(&status, "NStgid").unwrap_or_default();
        pids.split_whitespace().next_back() == Some("1")
    })
}

/// The process that a thread belongs to, and the one that traces it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The process that it belongs to.
    pub process: Pid,
    /// The process that traces it, by the tid of its tracing thread.
    pub tracer: Option<Pid>,
}

/// Process and tracer of a thread (`/proc/TID/status`, Tgid and TracerPid).
pub fn membership(tid: Tid) -> Result<Membership, OsError> {
    let path = format!("/proc/{tid}/status");
    let status = read(&path)?;
    let number = |name| status_field(&status, name).and_then(|text| text.parse().ok());
    match (number("Tgid"), number("TracerPid")) {
        (Some(process), Some(tracer)) => {
            Ok(Membership { process: Pid(process), tracer: Some(Pid(tracer)).filter(|tracer| tracer.0 != 0) })
        }
        _ => Err(malformed(&path)),
    }
}

/// A process's parent and start time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessOrigin {
    /// Its parent now (1 where the parent has ended).
    pub parent: Pid,
    /// Clock ticks since boot, unique with the pid.
    pub start_ticks: u64,
}

/// Parent and start time of a process (`/proc/PID/stat`, fields 4 and 22).
pub fn origin(pid: Pid) -> Result<ProcessOrigin, OsError> {
    let path = format!("/proc/{pid}/stat");
    parse_stat(&read(&path)?).ok_or_else(|| malformed(&path))
}

fn parse_stat(stat: &str) -> Option<ProcessOrigin> {
    let fields: Vec<&str> = stat_fields(stat)?.collect();
    Some(ProcessOrigin { parent: Pid(fields.get(1)?.parse().ok()?), start_ticks: fields.get(19)?.parse().ok()? })
}

/// The image of a process: executable, arguments and working directory, lossily as text; empty where unreadable.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageOf {
    /// Path of its executable, with ` (deleted)` where that was removed.
    pub exe: String,
    /// Its arguments, the name of the program among them.
    pub argv: Vec<String>,
    /// Path of its working directory.
    pub cwd: String,
}

/// Reads what image the process of a thread runs now.
pub fn image_of(tid: Tid) -> ImageOf {
    let link = |name: &str| {
        std::fs::read_link(format!("/proc/{tid}/{name}"))
            .map(|path| path.to_string_lossy().into_owned())
            .unwrap_or_default()
    };
    let argv = read_bytes(&format!("/proc/{tid}/cmdline")).unwrap_or_default();
    let argv = argv.strip_suffix(b"\0").unwrap_or(&argv);
    ImageOf {
        exe: link("exe"),
        argv: if argv.is_empty() {
            Vec::new()
        } else {
            argv.split(|&b| b == 0).map(|arg| String::from_utf8_lossy(arg).into_owned()).collect()
        },
        cwd: link("cwd"),
    }
}

/// The folder that a relative path of a thread begins in: the working directory, or one that it has open.
///
/// # Errors
/// If it has no such folder, or is gone.
pub fn folder_of(tid: Tid, descriptor: Option<i32>) -> Result<PathBuf, OsError> {
    let link = match descriptor {
        Some(descriptor) => format!("/proc/{tid}/fd/{descriptor}"),
        None => format!("/proc/{tid}/cwd"),
    };
    std::fs::read_link(&link).map_err(|error| OsError::io("read the link", &link, &error))
}

/// A variable of the environment that the image of a thread's process was executed with, lossily as text.
pub fn environment_variable(tid: Tid, name: &str) -> Option<String> {
    let environment = read_bytes(&format!("/proc/{tid}/environ")).ok()?;
    let mut variables = environment.split(|&byte| byte == 0);
    let value = variables.find_map(|it| it.strip_prefix(name.as_bytes())?.strip_prefix(b"="))?;
    Some(String::from_utf8_lossy(value).into_owned())
}

/// Name of a process as `ps` shows it.
pub fn command_name(pid: Pid) -> Option<String> {
    std::fs::read_to_string(format!("/proc/{pid}/comm")).ok().map(|name| name.trim_end().to_owned())
}

/// Yama's restriction on who may trace whom (0 to 3), where that security module is active.
pub fn yama_scope() -> Option<u8> {
    std::fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope").ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_stat_fields_behind_a_hostile_name() {
        let stat = "12 (a) R 9) S 7 12 12 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 98765 1 2";
        assert_eq!(parse_stat(stat), Some(ProcessOrigin { parent: Pid(7), start_ticks: 98765 }));
        assert_eq!(parse_stat("12 (a"), None);
        assert_eq!(parse_stat("12 (a)"), None);
    }

    #[test]
    fn tells_dispositions() {
        let state = SignalState { blocked: 0, ignored: Signal::HUP.bit(), caught: Signal::INT.bit() };
        assert_eq!(state.disposition(Signal::HUP), Disposition::Ignored);
        assert_eq!(state.disposition(Signal::INT), Disposition::Handled);
        assert_eq!(state.disposition(Signal::TERM), Disposition::Default);
    }

    #[test]
    fn reads_this_process() {
        let me = Pid(std::process::id() as i32);
        assert_eq!(membership(me.leader()).expect("status"), Membership { process: me, tracer: None });
        assert!(origin(me).expect("stat").start_ticks > 0);
        assert!(!image_of(me.leader()).argv.is_empty());
        assert!(signal_state(me.leader()).is_ok());
        assert!(cpu_time(me.leader()).is_none_or(|time| !time.is_zero()));
        // The test runs in a thread of its own.
        assert!(!is_alone(me.leader()).expect("status"));
    }
}
