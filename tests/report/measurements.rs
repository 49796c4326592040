//! A working directory with measurements in it, and the built program run there.

use cov_trace::store::*;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

pub(crate) const RUN: &str = "20261123T010203.512Z-4711";
const TIMEOUT: Duration = Duration::from_secs(60);

/// What a run of the program left behind.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finished {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

pub(crate) struct Measurements {
    root: TempDir,
    writer: Writer,
}

impl Measurements {
    pub(crate) fn new() -> Self {
        Measurements { root: tempfile::tempdir().unwrap(), writer: Writer::new().unwrap() }
    }

    /// The working directory, without symbolic links.
    pub(crate) fn cwd(&self) -> PathBuf {
        self.root.path().canonicalize().unwrap()
    }

    pub(crate) fn data(&self) -> DataDir {
        DataDir::create(&self.cwd().join(".cov-trace")).unwrap()
    }

    /// An absolute path in the working directory.
    pub(crate) fn path(&self, name: &str) -> String {
        self.cwd().join(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn add(&mut self, record: &ProcessRecord) -> PathBuf {
        let path = self.data().path_of(&ProcessFile::of(&record.head));
        self.writer.write(&path, record).unwrap();
        path
    }

    /// Adds a process as the recorder does: what is known of its images goes into files of their own.
    pub(crate) fn add_to_directory(&mut self, record: &ProcessRecord) {
        let data = self.data();
        self.writer.write_to(&data, record).unwrap();
    }

    /// Gives the run its labels as the recorder does.
    pub(crate) fn label(&mut self, run: &str, labels: &[(&str, &str)]) {
        let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let (data, file) = (self.data(), ProcessFile::of_living(run.to_owned()));
        self.writer.write_labelled(&data, &file, &[], &RunLabels::of_run(run, labels)).unwrap();
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cov-trace"));
        command.args(arguments).current_dir(self.cwd()).env_remove("COV_TRACE_DATA");
        command
    }

    /// What the report says of sources that are left out.
    pub(crate) fn run(&self, arguments: &[&str]) -> Finished {
        self.run_in_full(arguments).without_source_notes()
    }

    pub(crate) fn run_in_full(&self, arguments: &[&str]) -> Finished {
        finish(self.command(arguments))
    }

    /// Runs another program in the working directory.
    pub(crate) fn other(&self, program: &str, arguments: &[&str]) -> Finished {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.cwd());
        finish(command)
    }
}

impl Finished {
    pub(crate) fn without_source_notes(self) -> Finished {
        Finished { stderr: without_source_notes(&self.stderr), ..self }
    }

    /// The output of a run that went well and had nothing to tell.
    #[track_caller]
    pub(crate) fn clean(self) -> String {
        assert_eq!((self.status, self.stderr.as_str()), (Some(0), ""), "{self:?}");
        self.stdout
    }

    /// What a run that failed told, which is all that it printed.
    #[track_caller]
    pub(crate) fn error(self) -> String {
        assert_eq!((self.status, self.stdout.as_str()), (Some(1), ""), "{self:?}");
        assert!(self.stderr.starts_with("cov-trace: ") && self.stderr.ends_with('\n'), "{self:?}");
        self.stderr
    }
}

/// Runs a program to its end, which must come in time.
pub(crate) fn finish(mut command: Command) -> Finished {
    let program = command.get_program().to_owned();
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("start {program:?}: {error}"));
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(child.wait_with_output()));
    let output = receiver.recv_timeout(TIMEOUT).expect("it ends in time").unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Finished { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Without what the report says of sources that are not there, or are newer: those of made-up measurements are.
pub(crate) fn without_source_notes(text: &str) -> String {
    let of_sources = |line: &&str| {
        ["source-missing: ", "source-newer: "]
            .iter()
            .any(|slug| line.starts_with(&format!("cov-trace: warning: {slug}")))
    };
    text.split_inclusive('\n').filter(|line| !of_sources(line)).collect()
}

/// A process that ran these lines of the files of one image, `/bin/{pid}` unless it is changed.
pub(crate) fn process(pid: i32, files: Vec<(FileFacts, Numbits)>) -> ProcessRecord {
    let (facts, ran): (Vec<FileFacts>, Vec<Numbits>) = files.into_iter().unzip();
    ProcessRecord {
        files: None,
        complete: true,
        head: ProcessHead {
            scope: None,
            run: RUN.to_owned(),
            sequence: pid as u32,
            pid,
            start_ticks: 100 + pid as u64,
            started: UnixMillis(1_000_000),
            attached: None,
            parent: None,
            end: Some(End { at: UnixMillis(1_001_500), reason: EndReason::Exited(0) }),
        },
        execs: vec![Exec {
            at: UnixMillis(1_000_000),
            exe: format!("/bin/{pid}"),
            argv: vec!["prog".to_owned(), pid.to_string()],
            cwd: "/".to_owned(),
        }],
        images: vec![Arc::new(ImageFacts {
            path: format!("/bin/{pid}"),
            build_id: None,
            files: facts,
            warnings: Vec::new(),
        })],
        contexts: vec![String::new()],
        hits: ran
            .into_iter()
            .enumerate()
            .map(|(file, lines)| Hits { image: 0, file, context: 0, lines, functions: Numbits::default() })
            .collect(),
        spans: Vec::new(),
        flushes: Vec::new(),
        warnings: Vec::new(),
    }
}

pub(crate) fn lines(lines: impl IntoIterator<Item = u32>) -> Numbits {
    lines.into_iter().collect()
}

pub(crate) fn file(path: &str, executable: Numbits, functions: Vec<FunctionFacts>) -> FileFacts {
    FileFacts { path: path.to_owned(), origin: SourceOrigin::default(), executable, functions }
}

pub(crate) fn function(start: u32, end: u32, name: &str) -> FunctionFacts {
    FunctionFacts { start, end, name: name.to_owned(), told: false }
}

/// The names in a directory, and when one last came or went.
pub(crate) fn listing(dir: &Path) -> (Vec<String>, std::time::SystemTime) {
    let name = |name: &OsStr| name.to_str().unwrap().to_owned();
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<String> = entries.map(|entry| name(&entry.unwrap().file_name())).collect();
    names.sort();
    (names, fs::metadata(dir).unwrap().modified().unwrap())
}
