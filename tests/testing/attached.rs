//! `cov-trace attach` under way: what it says, which processes it has, and detaching.

use crate::run::{LIMIT, Mark, ended, signal};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;

/// How the line begins that says that everybody is measured.
const ATTACHED: &str = "cov-trace: attached to";

/// The command line that attaches to processes: `program` is cov-trace.
pub fn command(program: &str, pids: &[u32], options: &[&str], data: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg("attach").args(pids.iter().map(u32::to_string)).args(options).arg("--data").arg(data);
    command
}

/// A `cov-trace attach` that was started.
pub struct Attached {
    /// Marks all its processes, and ends them when dropped.
    pub mark: Mark,
    /// The command that was started.
    pub pid: u32,
    lines: Receiver<String>,
    status: Receiver<ExitStatus>,
    said: Vec<String>,
}

/// A `cov-trace attach` that has ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit status.
    pub status: ExitStatus,
    /// All lines of its stderr.
    pub said: Vec<String>,
}

impl Attached {
    /// Starts a command such as [`command`] makes, and waits until cov-trace says that the processes are measured.
    ///
    /// # Errors
    /// When it ends or is silent instead.
    pub fn start(mark: Mark, mut command: Command) -> Result<Attached, String> {
        let spawned = mark.put(&mut command).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut child = spawned.map_err(|error| format!("{command:?}: {error}"))?;
        let output = BufReader::new(child.stderr.take().ok_or("no stderr")?);
        let (sender, lines) = channel();
        thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let pid = child.id();
        let mut attached = Attached { mark, pid, lines, status: ended(child), said: Vec::new() };
        loop {
            match attached.lines.recv_timeout(LIMIT) {
                Ok(line) => {
                    let is_attached = line.starts_with(ATTACHED);
                    attached.said.push(line);
                    if is_attached {
                        return Ok(attached);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(format!("it did not attach: {:?}", attached.until_ended()?));
                }
                Err(RecvTimeoutError::Timeout) => return Err(format!("it says only {:?}", attached.said)),
            }
        }
    }

    /// Sends it the signal `by`, on which it detaches, and waits until none of its processes is left.
    ///
    /// # Errors
    /// When it fails at that, or takes too long.
    pub fn detach(self, by: &str) -> Result<Ended, String> {
        signal(self.pid, by);
        let ended = self.until_ended()?;
        if ended.status.success() { Ok(ended) } else { Err(format!("it detached with {ended:?}")) }
    }

    /// Waits until it has ended by itself, and until none of its processes is left.
    ///
    /// # Errors
    /// When that takes too long.
    pub fn until_ended(mut self) -> Result<Ended, String> {
        let late = |said: &[String]| format!("it does not end; it said {said:?}");
        let status = self.status.recv_timeout(LIMIT).map_err(|_| late(&self.said))?;
        let left = self.mark.left_behind();
        if !left.is_empty() {
            return Err(format!("left behind were {left:?}; it said {:?}", self.said));
        }
        while let Ok(line) = self.lines.recv_timeout(LIMIT) {
            self.said.push(line);
        }
        Ok(Ended { status, said: std::mem::take(&mut self.said) })
    }

    /// The process of cov-trace that has the given name in `/proc/PID/comm`.
    pub fn process_named(&self, name: &str) -> Option<u32> {
        let is_named =
            |pid: &u32| std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim_end() == name);
        self.mark.processes().into_iter().find(is_named)
    }
}
