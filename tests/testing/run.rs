//! Runs a program to its end within a limit of time, and finds every process that it left.
//!
//! Invariant: what a run started is known by a variable in its environment, and nothing else is ever killed.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Generous: it only ends what hangs.
pub const LIMIT: Duration = Duration::from_secs(60);

/// The variable that marks what a run started.
const MARK: &str = "COV_TRACE_TEST_RUN";

/// The variable that names the folder of caches.
pub const CACHE: &str = "XDG_CACHE_HOME";

static RUNS: AtomicU32 = AtomicU32::new(0);

/// What a program was seen to do.
#[derive(PartialEq, Eq, Debug)]
pub struct Outcome {
    /// Exit status or signal.
    pub status: ExitStatus,
    /// Everything that it and its descendants wrote.
    pub stdout: String,
    /// The same of stderr.
    pub stderr: String,
}

/// A mark for one or more runs, which all see the same environment; dropping it ends what they left.
pub struct Mark {
    text: String,
    cache: PathBuf,
}

impl Mark {
    /// A mark that no other run of this machine has; what carries it has `cache` as its folder of caches.
    pub fn new(cache: PathBuf) -> Mark {
        let text = format!("{}-{}", std::process::id(), RUNS.fetch_add(1, Ordering::Relaxed));
        Mark { text, cache }
    }

    /// The mark itself.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Puts the mark on a command, and keeps it from the user's own cache.
    pub fn put<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        if command.get_envs().all(|(name, _)| name != CACHE) {
            command.env(CACHE, &self.cache);
        }
        command.env(MARK, &self.text)
    }

    /// The pids of all processes that carry the mark now.
    pub fn processes(&self) -> Vec<u32> {
        let wanted = format!("{MARK}={}", self.text).into_bytes();
        let marked = |pid: &u32| {
            std::fs::read(format!("/proc/{pid}/environ"))
                .is_ok_and(|text| text.split(|&byte| byte == 0).any(|entry| entry == wanted))
        };
        let entries = std::fs::read_dir("/proc").unwrap();
        entries.filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok()).filter(marked).collect()
    }

    /// The processes that are still there after all had time enough to end.
    pub fn left_behind(&self) -> Vec<u32> {
        let start = Instant::now();
        loop {
            let left = self.processes();
            if left.is_empty() || start.elapsed() > LIMIT {
                return left;
            }
            thread::yield_now();
        }
    }

    /// Kills every process that carries the mark.
    pub fn kill_all(&self) {
        loop {
            let left = self.processes();
            if left.is_empty() {
                return;
            }
            left.iter().for_each(|&pid| signal(pid, "KILL"));
            thread::yield_now();
        }
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        self.kill_all();
    }
}

/// Sends a signal, as `kill` does; a process that has ended is no error.
pub fn signal(pid: u32, name: &str) {
    Command::new("kill").args(["-s", name, &pid.to_string()]).stderr(Stdio::null()).status().unwrap();
}

/// Runs `command` in `folder` with nothing on stdin, until it has ended and all its descendants have closed its
/// outputs. Panics with what was written when that takes longer than [`LIMIT`].
pub fn to_end(mark: &Mark, folder: &Path, command: &mut Command) -> Outcome {
    let spawned = mark
        .put(command)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = spawned.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let stdout = collect(child.stdout.take().unwrap());
    let stderr = collect(child.stderr.take().unwrap());
    let status = ended(child);
    let mut late = Vec::new();
    let mut get = |what: &str, receiver: Receiver<String>| {
        receiver.recv_timeout(LIMIT).unwrap_or_else(|_| {
            late.push(format!("{what} was still open; left were {}", described(&mark.processes())));
            mark.kill_all();
            receiver.recv().unwrap()
        })
    };
    let status = status.recv_timeout(LIMIT).map_err(|error| {
        assert_eq!(error, RecvTimeoutError::Timeout);
        let left = format!("it had not ended; left were {}", described(&mark.processes()));
        mark.kill_all();
        left
    });
    let (stdout, stderr) = (get("stdout", stdout), get("stderr", stderr));
    late.extend(status.as_ref().err().cloned());
    assert!(late.is_empty(), "{command:?} after {LIMIT:?}: {}\nstdout: {stdout}\nstderr: {stderr}", late.join("; "));
    Outcome { status: status.unwrap(), stdout, stderr }
}

/// Waits until something is so; panics when that takes longer than [`LIMIT`].
#[track_caller]
pub fn until(is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < LIMIT, "it never comes to that");
        thread::yield_now();
    }
}

/// Waits for a child in a thread of its own.
pub fn ended(mut child: Child) -> Receiver<ExitStatus> {
    let (sender, receiver) = channel();
    thread::spawn(move || sender.send(child.wait().unwrap()));
    receiver
}

/// Reads to the end in a thread of its own.
fn collect(mut from: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).unwrap();
        sender.send(String::from_utf8_lossy(&bytes).into_owned())
    });
    receiver
}

/// Name, state and place in the kernel of each process, for a message.
pub fn described(pids: &[u32]) -> String {
    let one = |pid: &u32| {
        let read = |file: &str| std::fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
        let status = read("status");
        let field =
            |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("").trim().to_owned();
        format!("{pid} {} ({}; {})", field("Name:"), field("State:"), read("syscall").trim())
    };
    pids.iter().map(one).collect::<Vec<_>>().join(", ")
}
