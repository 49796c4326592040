//! A sample that runs bare, to which cov-trace attaches and from which it detaches, and what must be true of it then.

use crate::harness::command::attach;
use crate::harness::measured::{self, Process};
use crate::harness::sample::Sample;
use crate::harness::session::Session;
use crate::harness::{build, check, marks};
use cov_trace::store::EndReason;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Instant;
use testing::attached::Attached;
use testing::run::LIMIT;
use testing::text;

/// A sample under way in a folder of its own.
pub struct Scene {
    /// What runs.
    pub sample: Sample,
    /// Its letters and lines.
    pub session: Session,
    /// Where its measurements go.
    pub data: PathBuf,
    folder: tempfile::TempDir,
}

impl Scene {
    /// Starts the usual build of a sample.
    pub fn start(name: &str) -> Scene {
        Scene::start_as(name, |program, _| Command::new(program))
    }

    /// Starts a sample by the command that is made of the program and of the folder in which it is started.
    pub fn start_as(name: &str, command: impl FnOnce(&Path, &Path) -> Command) -> Scene {
        let sample = Sample::load(name);
        let program = build::program(&sample, &sample.builds[0]);
        let folder = tempfile::tempdir_in(build::output()).unwrap();
        let session = Session::start(folder.path(), command(&program, folder.path()));
        let data = folder.path().join("data");
        Scene { sample, session, data, folder }
    }

    /// The folder in which it runs.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The process that was started.
    pub fn pid(&self) -> u32 {
        self.session.pid
    }

    /// Attaches to the process that was started.
    #[track_caller]
    pub fn attach(&self) -> Attached {
        self.attach_with(&[])
    }

    /// The same with options.
    #[track_caller]
    pub fn attach_with(&self, options: &[&str]) -> Attached {
        attach(&[self.pid()], options, &self.data).unwrap()
    }

    /// Sends letters, which have to be answered like this.
    #[track_caller]
    pub fn ask(&mut self, letters: &str, answers: &[&str]) {
        self.session.send(letters);
        answers.iter().for_each(|answer| self.session.expect(answer));
    }

    /// Waits until it waits for the next letter: what is behind the last answer has run.
    #[track_caller]
    pub fn until_it_waits(&self) {
        let start = Instant::now();
        while self.session.state(self.pid()) != 'S' {
            assert!(start.elapsed() < LIMIT, "it does not wait for a letter");
            thread::yield_now();
        }
    }

    /// Detaches, and checks that nothing is left of it in the process that was started.
    #[track_caller]
    pub fn let_go(&self, attached: Attached) {
        let ended = attached.detach("TERM").unwrap();
        assert!(ended.said.iter().any(|line| line.starts_with("cov-trace: detached from")), "{ended:?}");
        is_as_before(self.pid());
    }

    /// Ends its input and waits until it has ended well.
    #[track_caller]
    pub fn end(&mut self) {
        self.session.end_input();
        self.session.expect_end_of_output();
        assert!(self.session.status().success());
    }

    /// Runs every letter of `attach/lines` at its time; `before` happens in its folder right before one attaches.
    #[track_caller]
    pub fn run_letters(&mut self, options: &[&str], before: impl FnOnce(&Path)) {
        self.session.expect("ready");
        self.ask("ad", &["a", "d"]);
        before(self.folder());
        let attached = self.attach_with(options);
        self.ask("bd", &["b", "d again"]);
        self.until_it_waits();
        self.let_go(attached);
        self.ask("c", &["c"]);
    }

    /// What was measured.
    pub fn processes(&self) -> Vec<Process> {
        measured::processes(&self.data)
    }

    /// Whether some process ran the line that contains `text`.
    pub fn ran(&self, text: &str) -> bool {
        let line = self.line_of(text);
        self.data.exists() && self.processes().iter().any(|process| process.ran(&self.sample.main, line))
    }

    /// The line of the sample that contains `text`.
    pub fn line_of(&self, text: &str) -> u32 {
        self.sample.line_of(text)
    }

    /// Compares what was measured with the marks; a process that was detached from is known by its pid.
    #[track_caller]
    pub fn agrees_with_its_marks(&self) {
        self.agrees_with_its_marks_after(1);
    }

    /// The same where the process that was started has been attached to so often: it has as many files.
    #[track_caller]
    pub fn agrees_with_its_marks_after(&self, times: usize) {
        let processes = self.processes();
        let role = |process: &Process| match process.pid == self.pid() as i32 {
            true => self.sample.roles[0].name.as_str(),
            false => check::role(&self.sample, process).unwrap(),
        };
        let roles: Vec<&str> = processes.iter().map(role).collect();
        let disagreements = marks::disagreements(&self.sample, &processes, &roles);
        assert!(disagreements.is_empty(), "{}:\n  {}", self.sample.name, disagreements.join("\n  "));
        for (role, times) in self.sample.roles.iter().zip([times].into_iter().chain(std::iter::repeat(1))) {
            let found = roles.iter().filter(|name| **name == role.name).count();
            assert_eq!(found, times * role.count, "files of {}", role.name);
        }
    }

    /// The file of the process that was started says that cov-trace detached from it.
    #[track_caller]
    pub fn was_let_go(&self) {
        let processes = self.processes();
        let ends: Vec<_> = processes.iter().filter(|process| process.pid == self.pid() as i32).collect();
        assert!(!ends.is_empty() && ends.iter().all(|process| process.end == Some(EndReason::Detached)));
    }
}

/// Nobody traces a thread of the process, and its text is that of its files; `pid` may be that of any of its threads.
#[track_caller]
pub fn is_as_before(pid: u32) {
    for thread in threads(pid) {
        // One that has ended since is nobody's.
        let tracer = find_field(thread, "TracerPid:");
        assert!(tracer.as_deref().is_none_or(|tracer| tracer == "0"), "thread {thread} is traced by {tracer:?}");
    }
    let comparison = text::compare(pid).unwrap();
    assert!(comparison.bytes > 0 && comparison.differences.is_empty(), "{:?}", comparison.differences);
}

/// All threads of a process.
pub fn threads(pid: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    tasks.map(|task| task.unwrap().file_name().to_str().unwrap().parse().unwrap()).collect()
}

/// A field of `/proc/PID/status`.
#[track_caller]
pub fn field(pid: u32, name: &str) -> String {
    find_field(pid, name).unwrap()
}

/// The same of a process or thread that may have ended.
fn find_field(pid: u32, name: &str) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    Some(status.lines().find_map(|line| line.strip_prefix(name))?.trim().to_owned())
}
