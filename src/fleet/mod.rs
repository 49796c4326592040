//! Measurements of many machines as Parquet files, for the engines that query them: `cov-trace export --parquet`.
//!
//! ```text
//! DIR/images/KEY.parquet, files/KEY.parquet, lines/KEY.parquet, functions/KEY.parquet    what is known of an image, once
//! DIR/hits/run=RUN/host=HOST/part-0.parquet, calls/..., processes/...   what the processes of a run ran, and they themselves
//! ```
//! Folders of several exports can be put together as they are.
//!
//! Invariants: a file is there as a whole or not at all, that of a run's processes after its hits and calls and after what is
//! known of its images; memory is bounded by a group of rows, the images, sources and labels of contexts, and 16 bytes a process;
//! equal records in equal order give equal bytes.

mod cells;
mod error;
mod folder;
mod hit_rows;
mod images;
mod partition;
mod processes;
mod table;
mod tables;

pub use error::FleetError;
pub use tables::VERSION as FLEET_VERSION;

use crate::store::{ContentKey, LabelValues, ProcessRecord, RunLabels};
use folder::FleetFolder;
use hit_rows::{HitRow, HitRows, SortedHits};
use images::Images;
use parquet::data_type::ByteArray;
use platform::Trust;
use processes::Processes;
use std::collections::HashMap;
use std::io;
use std::iter::Peekable;
use std::path::Path;

/// The label that says on which machine a run was.
const HOST: &str = "host";

/// Writes records into a folder of Parquet files.
#[derive(Debug)]
pub(crate) struct FleetExport {
    folder: FleetFolder,
    images: Images,
    contexts: Numbered,
    runs: Numbered,
    hits: HitRows,
    /// Functions by their numbers in the source.
    calls: HitRows,
    processes: Processes,
}

/// Strings that are known by their numbers, in the order in which they came.
#[derive(Debug, Default)]
struct Numbered(HashMap<String, u32>);

impl Numbered {
    fn of(&mut self, text: &str) -> u32 {
        match self.0.get(text) {
            Some(number) => *number,
            None => {
                let next = self.0.len() as u32;
                self.0.insert(text.to_owned(), next);
                next
            }
        }
    }

    fn in_order(self) -> Vec<String> {
        let mut texts: Vec<(u32, String)> = self.0.into_iter().map(|(text, number)| (number, text)).collect();
        texts.sort_unstable();
        texts.into_iter().map(|(_, text)| text).collect()
    }
}

impl FleetExport {
    /// Begins to write into a folder, which is made where it is missing and must be one of ours where it is not.
    pub fn new(path: &Path, trust: Trust) -> Result<FleetExport, FleetError> {
        let folder = FleetFolder::open(path, trust)?;
        let (hits, calls) = (HitRows::new(folder.scratch()?), HitRows::new(folder.scratch()?));
        let processes = Processes::new(folder.scratch()?);
        let (images, contexts, runs) = (Images::default(), Numbered::default(), Numbered::default());
        Ok(FleetExport { folder, images, contexts, runs, hits, calls, processes })
    }

    /// Adds a process; what is known of its images is written at once.
    pub fn add(&mut self, record: &ProcessRecord) -> Result<(), FleetError> {
        let run = self.runs.of(&record.head.run);
        let process = ContentKey::of_process(&record.head).number();
        let mut images = Vec::with_capacity(record.images.len());
        for image in &record.images {
            images.push(self.images.keep(&self.folder, image)?);
        }
        let contexts: Vec<u32> = record.contexts.iter().map(|label| self.contexts.of(label)).collect();
        for hits in &record.hits {
            let image = &images[hits.image];
            let (source, context) = (image.sources[hits.file], contexts[hits.context]);
            let (image, pid) = (image.key, record.head.pid);
            let row = |(first, last)| HitRow { run, source, first, last, context, image, process, pid };
            let functions = hits.functions.iter().map(|function| (function, function));
            for (rows, found) in [(&mut self.hits, hits.lines.ranges()), (&mut self.calls, functions.collect())] {
                for row in found.into_iter().map(row) {
                    rows.add(row, || self.images.ranks()).map_err(|source| self.folder.failed(source))?;
                }
            }
        }
        let images = images.iter().map(|image| image.key).collect();
        self.processes.add(run, record, images).map_err(|source| self.folder.failed(source))
    }

    /// Writes the tables of the runs, which have these labels; gives how many processes there are.
    pub fn finish(self, labels: &RunLabels) -> Result<u64, FleetError> {
        let FleetExport { folder, images, contexts, runs, hits, calls, processes } = self;
        let text = |text: &String| ByteArray::from(text.as_str());
        let contexts: Vec<ByteArray> = contexts.in_order().iter().map(text).collect();
        let runs = runs.in_order();
        let sources = images.sources();
        let (ranks, files) = (images.ranks(), images.files());
        let mut rows = hits.sorted(&ranks).map_err(|source| folder.failed(source))?.peekable();
        let mut called = calls.sorted(&ranks).map_err(|source| folder.failed(source))?.peekable();
        let none = LabelValues::new();
        for (number, run) in (0..).zip(&runs) {
            let labels = labels.get(run).unwrap_or(&none);
            let host = labels.get(HOST).map(String::as_str);
            let mut table = folder.begin_of_run(&tables::HITS, run, host)?;
            while let Some(row) = of_run(&mut rows, number) {
                let row = row.map_err(|source| folder.failed(source))?;
                let [file, text] = &sources[row.source as usize];
                table.row(|cells| {
                    cells.one(file.clone()).one(text.clone());
                    // A source has fewer lines than an i32 has numbers (`Numbits`).
                    cells.one(row.first.cast_signed()).one(row.last.cast_signed());
                    cells.one(contexts[row.context as usize].clone());
                    cells.one(row.image).one(row.process).one(row.pid);
                })?;
            }
            let hits = table.finish()?;
            let mut table = folder.begin_of_run(&tables::CALLS, run, host)?;
            while let Some(row) = of_run(&mut called, number) {
                let row = row.map_err(|source| folder.failed(source))?;
                let [file, text] = &sources[row.source as usize];
                let facts = files.get(&(row.image, row.source));
                let Some(function) = facts.and_then(|facts| facts.functions.get(row.first as usize)) else { continue };
                table.row(|cells| {
                    cells.one(file.clone()).one(text.clone());
                    cells.one(function.name.as_str()).one(function.start.cast_signed());
                    cells.one(contexts[row.context as usize].clone());
                    cells.one(row.image).one(row.process).one(row.pid);
                })?;
            }
            let calls = table.finish()?;
            let mut table = folder.begin_of_run(&tables::PROCESSES, run, host)?;
            processes.write(number, labels, &mut table, &folder)?;
            let processes = table.finish()?;
            hits.publish()?;
            calls.publish()?;
            processes.publish()?;
        }
        Ok(processes.count())
    }
}

/// The next row, if it is one of a run, or an error.
fn of_run(rows: &mut Peekable<SortedHits>, run: u32) -> Option<io::Result<HitRow>> {
    rows.next_if(|row| row.as_ref().map_or(true, |row| row.run == run))
}
