//! `cov-trace combine`: the measurements of many runs and machines in one file.

use super::output::tell;
use super::progress::Progress;
use super::selection::pick_up;
use super::trust::TrustArguments;
use super::{CliError, CommandOutcome};
use crate::filter::plain;
use crate::report::{PathMap, Paths};
use crate::store::{
    Contents, DataDir, FileFacts, FlatUnion, Opened, ProcessFile, ProcessRecord, ProcessUnion, Reader, RunLabels,
    StoreError, Union, UnixMillis, Writer, run_name,
};
use clap::Args;
use platform::{Folder, Trust};
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[derive(Clone, Debug, Args)]
pub(super) struct CombineArguments {
    /// Data directories and data files
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<PathBuf>,
    /// The data directory that gets the combined file
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Sources whose path starts with FROM, a glob, are found where TO says; may be repeated, the first that matches counts
    #[arg(long, value_name = "FROM=TO")]
    map: Vec<PathMap>,
    /// Where relative paths of the debug info and of --map are [default: the working directory]
    #[arg(long, value_name = "DIR")]
    source_root: Option<PathBuf>,
    /// Keep what ran under which context, and drop which process ran it, what processes there were and when
    #[arg(long)]
    flat: bool,
    /// Exit with status 1 if an input could not be read
    #[arg(long)]
    strict: bool,
    /// Remove the data files that are in the combined one then
    #[arg(long)]
    delete: bool,
    #[command(flatten)]
    trust: TrustArguments,
}

/// What to combine, and how.
#[derive(Clone, Debug)]
pub(super) struct CombineOptions {
    inputs: Vec<PathBuf>,
    output: PathBuf,
    paths: Paths,
    flat: bool,
    strict: bool,
    delete: bool,
    trust: Trust,
}

impl CombineArguments {
    pub(super) fn validated(self, cwd: &Path) -> CombineOptions {
        let base_is_given = self.source_root.is_some();
        let base = self.source_root.map_or_else(|| cwd.to_owned(), |root| plain(&cwd.join(root)));
        CombineOptions {
            inputs: self.inputs,
            output: self.output,
            paths: Paths { maps: self.map, base, base_is_given, root: None, ..Paths::default() },
            flat: self.flat,
            strict: self.strict,
            delete: self.delete,
            trust: self.trust.validated(),
        }
    }
}

/// What one thread has read.
#[derive(Default)]
struct ReadPart<U> {
    union: U,
    /// The runs of the processes.
    runs: BTreeSet<String>,
    labels: RunLabels,
    read: Vec<PathBuf>,
    broken: Vec<(PathBuf, StoreError)>,
}

pub(super) fn combine(options: &CombineOptions) -> Result<CommandOutcome, CliError> {
    if options.flat { combine_as::<FlatUnion>(options) } else { combine_as::<ProcessUnion>(options) }
}

fn combine_as<U: Union>(options: &CombineOptions) -> Result<CommandOutcome, CliError> {
    let output = options.output.canonicalize().ok();
    if !options.delete && output.is_some() && options.inputs.iter().any(|input| input.canonicalize().ok() == output) {
        return Err(CliError::CombinedIntoInput { path: options.output.clone() });
    }
    let (files, live, mut unreadable) = inputs(&options.inputs, options.trust);
    let progress = Progress::new(files.len() as u64, "combining");
    let locate = |file: &FileFacts| options.paths.place(file, &mut []);
    // Few parts, each with many files of one directory: what neighbours share is read once.
    let portion = files.len().div_ceil(4 * rayon::current_num_threads()).max(1);
    let reader = Reader::default();
    let parts: Vec<ReadPart<U>> = files
        .par_chunks(portion)
        .map(|files| {
            let mut part = ReadPart::<U>::default();
            for path in files {
                let mut add = |record: ProcessRecord| {
                    if !part.runs.contains(&record.head.run) {
                        part.runs.insert(record.head.run.clone());
                    }
                    part.union.add(record, locate);
                };
                let labels = reader.open(path).and_then(|opened| match opened {
                    Opened::Read(Contents { records, labels }) => {
                        records.into_iter().for_each(add);
                        Ok(labels)
                    }
                    Opened::Many(processes) => processes.each(&mut add).map(|()| processes.labels().clone()),
                });
                match labels {
                    Ok(labels) => {
                        part.labels.merge(labels);
                        part.read.push(path.clone());
                    }
                    Err(error) => part.broken.push((path.clone(), error)),
                }
                progress.step();
            }
            part
        })
        .collect();
    drop(progress);
    let (mut combined, mut read) = (U::default(), Vec::new());
    let (mut runs, mut labels) = (BTreeSet::new(), RunLabels::default());
    for part in parts {
        combined.merge(part.union);
        runs.extend(part.runs);
        labels.merge(part.labels);
        read.extend(part.read);
        unreadable.extend(part.broken.into_iter().map(|(_, error)| error.to_string()));
    }
    unreadable.iter().for_each(|error| tell(&format!("warning: left out: {error}")));
    let processes = combined.processes();
    if processes == 0 {
        return Err(CliError::NothingToCombine);
    }
    let output = DataDir::create_trusting(&options.output, options.trust)?;
    let run = run_name(UnixMillis(platform::unix_millis()), platform::random() as u32);
    let path = output.path_of(&ProcessFile::of_several(run.clone(), 1));
    if options.flat {
        labels = RunLabels::of_run(&run, labels.shared_by(&runs));
    } else {
        labels.keep_runs(&runs);
    }
    let (images, records) = combined.into_records(&run);
    Writer::new()?.write_all(&path, &images, records, &labels)?;
    let mut left = 0;
    if options.delete {
        let folders: BTreeSet<PathBuf> = read.iter().filter_map(|path| path.parent()).map(PathBuf::from).collect();
        for path in read {
            let is_live =
                ProcessFile::parse(path.file_name().unwrap_or_default()).is_some_and(|f| live.contains(&f.run));
            left += usize::from(is_live || remove(&path, options.trust).is_none());
        }
        for folder in folders {
            let removed = DataDir::open_trusting(&folder, options.trust).and_then(|data| data.remove_unused_images());
            if let Err(error) = removed {
                tell(&format!("warning: {error}"));
            }
        }
    }
    let what = if processes == 1 { "process" } else { "processes" };
    tell(&format!("combined {processes} {what} into {}", path.display()));
    if left > 0 {
        tell(&format!("{left} inputs were not removed: they are of measurements under way, or cannot be"));
    }
    Ok(if options.strict && !unreadable.is_empty() { CommandOutcome::Failed } else { CommandOutcome::Success })
}

fn remove(path: &Path, trust: Trust) -> Option<()> {
    let removed = Folder::of(path, trust).and_then(|(folder, name)| folder.remove_file(&name));
    removed.inspect_err(|error| tell(&format!("warning: remove {}: {error}", path.display()))).ok()
}

/// The data files, the runs under way among them, and what is wrong with inputs that give none.
fn inputs(named: &[PathBuf], trust: Trust) -> (Vec<PathBuf>, BTreeSet<String>, Vec<String>) {
    let (mut files, mut live, mut wrong) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    for input in named {
        if !input.is_dir() {
            match Folder::of(input, trust) {
                Ok(_) => _ = files.insert(input.canonicalize().unwrap_or_else(|_| input.clone())),
                Err(error) => wrong.push(format!("read {}: {error}", input.display())),
            }
            continue;
        }
        let found = DataDir::open_trusting(input, trust).and_then(|data| {
            pick_up(&data);
            live.extend(data.live_runs()?);
            let found = data.process_files()?;
            let directory = input.canonicalize().unwrap_or_else(|_| input.clone());
            Ok(found.into_iter().map(|file| directory.join(file.to_string())).collect::<Vec<_>>())
        });
        match found {
            Ok(found) if found.is_empty() => wrong.push(format!("{} holds no measurements", input.display())),
            Ok(found) => files.extend(found),
            Err(error) => wrong.push(error.to_string()),
        }
    }
    (files.into_iter().collect(), live, wrong)
}
