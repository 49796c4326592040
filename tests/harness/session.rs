//! A conversation with a program that runs: letters in, lines out.

use super::command::mark;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::path::Path;
use std::process::{ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Instant;
use testing::run::{LIMIT, Mark, ended, signal};

/// A program under way, whose input and output the test holds.
pub struct Session {
    /// Marks everything that it starts.
    pub mark: Mark,
    /// Pid of the command that was started.
    pub pid: u32,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    status: Receiver<ExitStatus>,
}

impl Session {
    /// Starts `command` in `folder`; its stderr is the test's own.
    pub fn start(folder: &Path, mut command: Command) -> Session {
        let mark = mark();
        mark.put(&mut command).current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = loop {
            match command.spawn() {
                // A program that the test wrote is for a moment open in what another test forked.
                Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => thread::yield_now(),
                spawned => break spawned.unwrap_or_else(|error| panic!("{command:?}: {error}")),
            }
        };
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in output.lines() {
                if sender.send(line.unwrap()).is_err() {
                    return;
                }
            }
        });
        Session { mark, pid: child.id(), input: child.stdin.take(), lines, status: ended(child) }
    }

    /// Sends letters.
    pub fn send(&mut self, letters: &str) {
        self.input.as_mut().unwrap().write_all(letters.as_bytes()).unwrap();
    }

    /// Ends the program's input.
    pub fn end_input(&mut self) {
        self.input = None;
    }

    /// Takes the next line, which has to be this one.
    #[track_caller]
    pub fn expect(&self, line: &str) {
        assert_eq!(self.lines.recv_timeout(LIMIT).as_deref(), Ok(line));
    }

    /// Takes the next line.
    #[track_caller]
    pub fn line(&self) -> String {
        self.lines.recv_timeout(LIMIT).expect("there is no other line")
    }

    /// Waits for the end of the output, before which nothing more may come.
    #[track_caller]
    pub fn expect_end_of_output(&self) {
        assert_eq!(self.lines.recv_timeout(LIMIT), Err(RecvTimeoutError::Disconnected));
    }

    /// Waits for the end of the command that was started.
    #[track_caller]
    pub fn status(&self) -> ExitStatus {
        self.status.recv_timeout(LIMIT).expect("it has not ended")
    }

    /// Whether the command that was started has ended.
    pub fn has_ended(&self) -> bool {
        self.status.try_recv().is_ok()
    }

    /// The process of this session that has the given name in `/proc/PID/comm`.
    #[track_caller]
    pub fn process_named(&self, name: &str) -> u32 {
        self.find(name).unwrap_or_else(|| panic!("no process is called {name}: {:?}", self.names()))
    }

    /// The same, if there is one.
    pub fn find(&self, name: &str) -> Option<u32> {
        self.names().into_iter().find(|(_, comm)| comm == name).map(|(pid, _)| pid)
    }

    /// The letter of the kernel for what a process does (`/proc/PID/stat`, field 3).
    pub fn state(&self, pid: u32) -> char {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        stat.rsplit(") ").next().unwrap().chars().next().unwrap()
    }

    /// Sends a signal to the command that was started.
    pub fn signal(&self, name: &str) {
        signal(self.pid, name);
    }

    /// Waits until every process of this session has one of the given names.
    #[track_caller]
    pub fn until_only(&self, names: &[&str]) {
        let start = Instant::now();
        while self.names().iter().any(|(_, comm)| !names.contains(&comm.as_str())) {
            assert!(start.elapsed() < LIMIT, "there are still {:?}", self.names());
            thread::yield_now();
        }
    }

    fn names(&self) -> Vec<(u32, String)> {
        let name = |pid: u32| Some((pid, std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()?.trim().to_owned()));
        self.mark.processes().into_iter().filter_map(name).collect()
    }
}
