//! Reads the data files of the processes that a report is about, some side by side.

use super::builds::Survey;
use super::select::Selection;
use crate::store::{DataDir, ProcessRecord, Reader, StoreError};
use rayon::prelude::*;
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
            survey.add(&process.head, &process.images);
        }
    }
    Ok(())
}

/// Hands every selected process to `take`, one at a time, in the order of the runs and of their processes.
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
        let live = !data.live_runs()?.is_empty();
        return Err(if live {
            SelectionError::NothingYet { path: path() }
        } else {
            SelectionError::NoData { path: path() }
        });
    }
    files.retain(|file| selection.may_take(file));
    let (mut taken, mut unreadable) = (0, Vec::new());
    for (portion, files_of_it) in files.chunks(PORTION).enumerate() {
        progress(portion * PORTION, files.len());
        let read: Vec<_> = files_of_it.par_iter().map(|file| data.read_all(reader, file)).collect();
        for records in read {
            match records {
                Ok(mut records) => {
                    records.retain(|record| selection.takes_process(record.head.pid));
                    taken += records.len();
                    records.into_iter().for_each(&mut take);
                }
                Err(error) => unreadable.push(error),
            }
        }
    }
    if taken == 0 && unreadable.is_empty() {
        let pids: Vec<String> = selection.pids.iter().map(i32::to_string).collect();
        return Err(SelectionError::NoSuchPid { pids: pids.join(", "), path: path() });
    }
    if unreadable.len() < files.len() {
        return Ok(unreadable);
    }
    let first = unreadable.swap_remove(0);
    match files.len() {
        1 => Err(first.into()),
        files => Err(SelectionError::NoneReadable { files, path: path(), first: Box::new(first) }),
    }
}
