//! The rows of processes, on disk until the file of their run is written.

use super::FleetError;
use super::cells::Cells;
use super::folder::FleetFolder;
use super::images::warning_in_words;
use super::table::TableFile;
use crate::store::{ContentKey, EndReason, Exec, LabelValues, ProcessHead, ProcessRecord};
use parquet::data_type::ByteArray;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// The processes of an export.
#[derive(Debug)]
pub(super) struct Processes {
    scratch: File,
    written: u64,
    /// Where they are in the file, by the number of the run: the first byte, and how many.
    places: Vec<Vec<(u64, usize)>>,
}

/// What a row says of a process.
#[derive(Debug, Serialize, Deserialize)]
struct Process {
    head: ProcessHead,
    complete: bool,
    exec: Option<Exec>,
    images: Vec<i64>,
    warnings: Vec<String>,
}

impl Processes {
    /// Takes a file to keep them in.
    pub fn new(scratch: File) -> Processes {
        Processes { scratch, written: 0, places: Vec::new() }
    }

    /// Adds a process of a run that is known by its number, and the keys of its images.
    pub fn add(&mut self, run: u32, record: &ProcessRecord, mut images: Vec<i64>) -> io::Result<()> {
        images.sort_unstable();
        images.dedup();
        let process = Process {
            head: record.head.clone(),
            complete: record.complete,
            exec: record.execs.last().cloned(),
            images,
            warnings: record.warnings.iter().map(warning_in_words).collect(),
        };
        let bytes = postcard::to_stdvec(&process).map_err(io::Error::other)?;
        self.scratch.write_all_at(&bytes, self.written)?;
        let run = run as usize;
        self.places.resize_with(self.places.len().max(run + 1), Vec::new);
        self.places[run].push((self.written, bytes.len()));
        self.written += bytes.len() as u64;
        Ok(())
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.places.iter().map(|of_run| of_run.len() as u64).sum()
    }

    /// Writes the rows of a run, with its labels.
    pub fn write(
        &self,
        run: u32,
        labels: &LabelValues,
        table: &mut TableFile,
        folder: &FleetFolder,
    ) -> Result<(), FleetError> {
        let cell = |text: &String| ByteArray::from(text.as_str());
        let labels: [Vec<ByteArray>; 2] = [labels.keys().map(cell).collect(), labels.values().map(cell).collect()];
        for place in self.places.get(run as usize).into_iter().flatten() {
            let process = self.read(*place).map_err(|source| folder.failed(source))?;
            table.row(|cells| {
                process.fill(cells);
                labels.iter().for_each(|of_label| _ = cells.list(of_label.iter().cloned()));
            })?;
        }
        Ok(())
    }

    fn read(&self, (at, length): (u64, usize)) -> io::Result<Process> {
        let mut bytes = vec![0; length];
        self.scratch.read_exact_at(&mut bytes, at)?;
        postcard::from_bytes(&bytes).map_err(io::Error::other)
    }
}

impl Process {
    /// Fills the cells of its row but for those of the labels.
    fn fill(&self, cells: &mut Cells<'_>) {
        let Process { head, complete, exec, images, warnings } = self;
        // Ticks since boot: more than an i64 has would be a machine of 3 billion years.
        let ticks = |ticks: u64| i64::try_from(ticks).unwrap_or(i64::MAX);
        cells.one(ContentKey::of_process(head).number()).one(head.pid).one(i64::from(head.sequence)).one(*complete);
        cells.one(ticks(head.start_ticks)).one(head.started.0).maybe(head.attached.map(|at| at.0));
        cells.maybe(head.parent.map(|parent| parent.pid));
        cells.maybe(head.parent.and_then(|parent| parent.start_ticks).map(ticks));
        let reason = head.end.map(|end| end.reason);
        let (name, status, signal, core) = match reason {
            None => (None, None, None, None),
            Some(EndReason::Exited(status)) => (Some("exited"), Some(status), None, None),
            Some(EndReason::Signaled { signal, core }) => (Some("signaled"), None, Some(signal), Some(core)),
            Some(EndReason::Detached) => (Some("detached"), None, None, None),
        };
        cells.maybe(head.end.map(|end| end.at.0)).maybe(name).maybe(status).maybe(signal).maybe(core);
        cells.maybe(head.scope.as_deref()).maybe(exec.as_ref().map(|exec| exec.exe.as_str()));
        cells.list(exec.iter().flat_map(|exec| &exec.argv).map(String::as_str));
        cells.maybe(exec.as_ref().map(|exec| exec.cwd.as_str()));
        cells.list(images.iter().copied()).list(warnings.iter().map(String::as_str));
    }
}
