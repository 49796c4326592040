//! Reads the data files of the processes that a report is about, some side by side.

use super::builds::Survey;
use super::select::Selection;
use crate::store::{DataDir, Opened, ProcessFile, ProcessRecord, Reader, StoreError};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Why there is nothing to report.
#[derive(Debug, thiserror::Error)]
pub enum SelectionError {
    /// The data directory cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The data directory holds no process.
    #[error("no measurements in {}; measure a program first: cov-trace -- PROGRAM", path.display())]
    NoData {
        /// The data directory.
        path: PathBuf,
    },
    /// The data directory holds no process yet, but a run is under way.
    #[error("no measurements in {} yet; the run that is under way writes its first within a second", path.display())]
    NothingYet {
        /// The data directory.
        path: PathBuf,
    },
    /// There are processes, but none of these pids.
    #[error("no process with pid {pids} in {}; cov-trace ps lists the processes", path.display())]
    NoSuchPid {
        /// The pids asked for.
        pids: String,
        /// The data directory.
        path: PathBuf,
    },
    /// There are processes, but none that is meant of these runs.
    #[error("no process that is meant of run {runs} in {}; cov-trace ps lists the runs", path.display())]
    NoSuchRun {
        /// The runs asked for.
        runs: String,
        /// The data directory.
        path: PathBuf,
    },
    /// Not one file of those that are meant could be read.
    #[error("none of the {files} data files in {} could be read; the first: {first}", path.display())]
    NoneReadable {
        /// How many there are.
        files: usize,
        /// The data directory.
        path: PathBuf,
        /// What is wrong with the first.
        first: Box<StoreError>,
    },
}

/// How many files are read side by side before what is in them is taken.
const PORTION: usize = 512;

/// Adds the images of every selected process to a survey. Files that cannot be read add nothing.
pub fn survey_selected(
    data: &DataDir,
    reader: &Reader,
    selection: &Selection,
    survey: &mut Survey<'_>,
) -> Result<(), StoreError> {
    let mut files = data.process_files()?;
    files.retain(|file| selection.may_take(file));
    for files in files.chunks(PORTION) {
        let read: Vec<_> = files.par_iter().map(|file| reader.read_images(&data.path_of(file))).collect();
        for process in read.into_iter().flatten().flatten() {
            survey.add(&process);
        }
    }
    Ok(())
}

/// Hands every selected process to `take`, one at a time and each once.
///
/// Files that cannot be read are returned and do not stop the others. `progress` hears how many have been read, of how
/// many.
pub fn read_selected(
    data: &DataDir,
    reader: &Reader,
    selection: &Selection,
    progress: &dyn Fn(usize, usize),
    mut take: impl FnMut(ProcessRecord),
) -> Result<Vec<StoreError>, SelectionError> {
    let path = || data.path().to_owned();
    let mut files = data.process_files()?;
    if files.is_empty() {
        return Err(nothing_in(data)?);
    }
    files.retain(|file| selection.may_take(file));
    let (mut taken, mut unreadable) = (0, Vec::new());
    let mut living = Living::default();
    for (portion, files_of_it) in files.chunks(PORTION).enumerate() {
        progress(portion * PORTION, files.len());
        for (file, opened) in files_of_it.iter().zip(read_portion(data, reader, files_of_it)) {
            let mut take_from = |records: Vec<ProcessRecord>| {
                let is_meant = |record: &ProcessRecord| {
                    selection.takes_process(record.head.pid) && selection.takes_run(&record.head.run)
                };
                let selected = records.into_iter().filter(is_meant).collect();
                let records = living.sort_out(file, selected, &files);
                taken += records.len();
                records.into_iter().for_each(&mut take);
            };
            let read = match opened {
                // Those of the living are sorted out together.
                Ok(Opened::Many(processes)) if !file.is_of_living() => processes.each(|record| take_from(vec![record])),
                opened => opened.and_then(Opened::all).map(|contents| take_from(contents.records)),
            };
            unreadable.extend(read.err());
        }
    }
    let rest = living.rest();
    taken += rest.len();
    rest.into_iter().for_each(&mut take);
    if taken == 0 && unreadable.is_empty() {
        if selection.pids.is_empty() && selection.runs.is_empty() {
            return Err(nothing_in(data)?);
        }
        if !selection.runs.is_empty() {
            let runs: Vec<&str> = selection.runs.iter().map(String::as_str).collect();
            return Err(SelectionError::NoSuchRun { runs: runs.join(", "), path: path() });
        }
        let pids: Vec<String> = selection.pids.iter().map(i32::to_string).collect();
        return Err(SelectionError::NoSuchPid { pids: pids.join(", "), path: path() });
    }
    if taken > 0 {
        return Ok(unreadable);
    }
    let files = unreadable.len();
    let first = unreadable.swap_remove(0);
    match files {
        1 => Err(first.into()),
        files => Err(SelectionError::NoneReadable { files, path: path(), first: Box::new(first) }),
    }
}

/// What there is to say of a data directory without processes.
fn nothing_in(data: &DataDir) -> Result<SelectionError, StoreError> {
    let path = data.path().to_owned();
    Ok(if data.live_runs()?.is_empty() { SelectionError::NoData { path } } else { SelectionError::NothingYet { path } })
}

/// Reads some files side by side.
fn read_portion(data: &DataDir, reader: &Reader, files: &[ProcessFile]) -> Vec<Result<Opened, StoreError>> {
    // What leaves the file of the living is in another one before: that is read after it.
    let living = files.iter().map(|file| file.is_of_living().then(|| data.open_file(reader, file)));
    let living: Vec<_> = living.collect();
    let read = |(file, living): (&ProcessFile, Option<_>)| living.unwrap_or_else(|| data.open_file(reader, file));
    files.par_iter().zip(living).map(read).collect()
}

/// The processes of the file of the living of a run, until it is known that no other file has them.
#[derive(Default)]
struct Living(BTreeMap<ProcessFile, ProcessRecord>);

impl Living {
    /// The records of a file that are to be taken now; `files` are all there are, in order.
    fn sort_out(
        &mut self,
        file: &ProcessFile,
        records: Vec<ProcessRecord>,
        files: &[ProcessFile],
    ) -> Vec<ProcessRecord> {
        if file.is_of_living() {
            let mut taken = self.rest();
            for record in records {
                let own = ProcessFile::of(&record.head);
                if record.head.run != file.run {
                    taken.push(record);
                } else if files.binary_search(&own).is_err() {
                    self.0.insert(own, record);
                }
            }
            return taken;
        }
        for record in records.iter().filter(|_| file.has_several()) {
            self.0.remove(&ProcessFile::of(&record.head));
        }
        records
    }

    /// Those that no other file had.
    fn rest(&mut self) -> Vec<ProcessRecord> {
        std::mem::take(&mut self.0).into_values().collect()
    }
}
