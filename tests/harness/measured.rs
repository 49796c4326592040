//! What a data directory holds, as sets of lines for each process.

use cov_trace::store::{self, EndReason, Warning};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// One process of a measurement.
pub struct Process {
    /// Its pid.
    pub pid: i32,
    /// Pid of its parent.
    pub parent: Option<i32>,
    /// Its position in order of appearance.
    pub sequence: u32,
    /// Whether its file holds everything.
    pub complete: bool,
    /// How it ended.
    pub end: Option<EndReason>,
    /// Executables that it ran.
    pub programs: Vec<PathBuf>,
    /// What lowers the truth of its data, that of its images included.
    pub warnings: Vec<Warning>,
    run: String,
    files: BTreeMap<PathBuf, Lines>,
}

#[derive(Default)]
struct Lines {
    code: BTreeSet<u32>,
    ran: BTreeSet<u32>,
}

impl Process {
    /// Whether `line` of `file` has code in an image of this process.
    pub fn has_code(&self, file: &Path, line: u32) -> bool {
        self.files.get(file).is_some_and(|lines| lines.code.contains(&line))
    }

    /// Whether this process ran `line` of `file`.
    pub fn ran(&self, file: &Path, line: u32) -> bool {
        self.files.get(file).is_some_and(|lines| lines.ran.contains(&line))
    }

    /// The lines of `file` that this process ran.
    pub fn lines_run(&self, file: &Path) -> BTreeSet<u32> {
        self.files.get(file).map(|lines| lines.ran.clone()).unwrap_or_default()
    }

    /// The lines of sources in a folder that it ran, as texts, and those that only have code.
    pub fn lines(&self, folder: &Path) -> [BTreeSet<String>; 2] {
        let mut lines = [BTreeSet::new(), BTreeSet::new()];
        for (path, of) in self.files.iter().filter(|(path, _)| path.starts_with(folder)) {
            for line in of.code.union(&of.ran) {
                lines[usize::from(!of.ran.contains(line))].insert(format!("{}:{line}", path.display()));
            }
        }
        lines
    }

    /// All source files that its images know.
    pub fn sources(&self) -> impl Iterator<Item = &Path> {
        self.files.keys().map(PathBuf::as_path)
    }

    /// The processes of a data file.
    fn read(path: &Path) -> Vec<Process> {
        let records = store::Reader::default().read_all(path);
        let records = records.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        records.iter().map(Process::of).collect()
    }

    fn of(record: &store::ProcessRecord) -> Process {
        let mut files: BTreeMap<PathBuf, Lines> = BTreeMap::new();
        for file in record.images.iter().flat_map(|image| &image.files) {
            files.entry(file.path.clone().into()).or_default().code.extend(file.executable.iter());
        }
        for hits in &record.hits {
            let path = &record.images[hits.image].files[hits.file].path;
            files.entry(path.into()).or_default().ran.extend(hits.lines.iter());
        }
        let of_images = record.images.iter().flat_map(|image| image.warnings.clone());
        Process {
            run: record.head.run.clone(),
            pid: record.head.pid,
            parent: record.head.parent.map(|parent| parent.pid),
            sequence: record.head.sequence,
            complete: record.complete,
            end: record.head.end.map(|end| end.reason),
            programs: record.execs.iter().map(|exec| exec.exe.clone().into()).collect(),
            warnings: record.warnings.iter().cloned().chain(of_images).collect(),
            files,
        }
    }
}

/// Reads all processes of a data directory, in order of appearance.
pub fn processes(data: &Path) -> Vec<Process> {
    let entries = std::fs::read_dir(data).unwrap_or_else(|error| panic!("{}: {error}", data.display()));
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut all: Vec<Process> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "sqlite"))
        .flat_map(|path| Process::read(&path))
        .collect();
    // While a run goes on, a process may be in the file of the living and in the one that it went to.
    all.sort_by_cached_key(|process| {
        (process.sequence, process.run.clone(), !process.complete, process.files.is_empty())
    });
    all.dedup_by(|one, other| (one.sequence, &one.run) == (other.sequence, &other.run));
    all
}
