//! The files that programs open, as far as they do so by the C library.
//!
//! Invariant: of a process each file is told once in each context, and no more than so many: a program that opens ever new
//! files does not fill the memory.

use super::apply::Performer;
use super::landmarks::read_text;
use crate::filter::plain;
use crate::link::{ContextId, ProcessNo, Record};
use crate::warning::WarningKind;
use platform::arch::{self, OpenCall, Opening};
use platform::{Access, Avma, OsError, procfs};
use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use twox_hash::XxHash3_64;

/// No more files are told of a process.
const MOST: usize = 1 << 16;

/// The longest path (Linux: PATH_MAX).
const LONGEST: usize = 4096;

/// What was told of the files of processes.
#[derive(Debug, Default)]
pub(super) struct OpenedFiles(HashMap<ProcessNo, HashSet<(ContextId, u64)>>);

impl OpenedFiles {
    /// Nothing more comes of a process.
    pub fn forget(&mut self, process: ProcessNo) {
        self.0.remove(&process);
    }

    /// Notes a file; whether it is new, and whether it is one too many.
    fn add(&mut self, process: ProcessNo, context: ContextId, path: &Path, reads: bool, writes: bool) -> Novelty {
        let told = self.0.entry(process).or_default();
        let how = u64::from(reads) | u64::from(writes) << 1;
        let key = XxHash3_64::oneshot_with_seed(how, path.as_os_str().as_encoded_bytes());
        match told.len() {
            len if len < MOST => {
                if told.insert((context, key)) {
                    Novelty::New
                } else {
                    Novelty::Known
                }
            }
            // One that stands for all others.
            MOST => {
                if told.contains(&(context, key)) {
                    Novelty::Known
                } else {
                    told.insert((context, 0));
                    Novelty::TooMany
                }
            }
            _ => Novelty::Known,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Novelty {
    New,
    Known,
    TooMany,
}

/// A file that is about to be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ComingFile {
    path: PathBuf,
    reads: bool,
    writes: bool,
}

/// Does what the `mov` at `at` does that sets the number of a call which opens a file; gives the file, or why it is not
/// known, or nothing where the call opens none.
pub(super) fn coming_file(
    access: &Access<'_>,
    at: Avma,
    call: OpenCall,
) -> Result<Option<Result<ComingFile, String>>, OsError> {
    let told = arch::coming_args(access, at);
    arch::emulate_call_number(access.tracer, access.tid, at, call.number())?;
    let Some(args) = told? else {
        return Ok(Some(Err("the arguments of a call that opens one cannot be told".to_owned())));
    };
    let Opening { folder, path, reads, writes } = call.opening(args);
    // A pointer to nowhere opens nothing.
    let Ok(name) = read_text(access, path, LONGEST) else { return Ok(None) };
    let name = PathBuf::from(OsString::from_vec(name));
    let base = match (name.has_root(), name.as_os_str().is_empty()) {
        (true, _) => Ok(PathBuf::new()),
        (_, true) => return Ok(None),
        _ => procfs::folder_of(access.tid, folder),
    };
    let file = base.map(|base| ComingFile { path: plain(&base.join(&name)), reads, writes });
    Ok(Some(file.map_err(|error| error.to_string())))
}

impl Performer {
    /// A process opens a file.
    pub(super) fn note_file(&mut self, process: ProcessNo, file: Option<Result<ComingFile, String>>) {
        let ComingFile { path, reads, writes } = match file {
            None => return,
            Some(Err(cause)) => return self.warn_of_files(process, cause),
            Some(Ok(file)) => file,
        };
        // What the kernel makes up is no file.
        if ["/proc", "/sys", "/dev"].iter().any(|made_up| path.starts_with(made_up)) {
            return;
        }
        match self.opened.add(process, self.contexts.of(process), &path, reads, writes) {
            Novelty::Known => {}
            Novelty::New => match path.into_os_string().into_string() {
                Ok(path) => self.tell(&Record::Opened { process, path, reads, writes }),
                Err(_) => self.warn_of_files(process, "a path is not UTF-8".to_owned()),
            },
            Novelty::TooMany => self.warn_of_files(process, format!("it opened more than {MOST}")),
        }
    }

    fn warn_of_files(&mut self, process: ProcessNo, cause: String) {
        let text = format!("not all files that it opened are known: {cause}");
        self.warn(Some(process), WarningKind::FilesIncomplete, text, 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_told_once_in_a_context() {
        let mut opened = OpenedFiles::default();
        let mut add =
            |context, path: &str, writes| opened.add(ProcessNo(1), ContextId(context), Path::new(path), true, writes);
        assert_eq!(add(0, "/a", false), Novelty::New);
        assert_eq!(add(0, "/a", false), Novelty::Known);
        assert_eq!(add(0, "/a", true), Novelty::New);
        assert_eq!(add(1, "/a", false), Novelty::New);
        for number in 3..MOST {
            assert_eq!(add(0, &format!("/{number}"), false), Novelty::New);
        }
        assert_eq!(add(0, "/a", false), Novelty::Known);
        assert_eq!(add(0, "/more", false), Novelty::TooMany);
        assert_eq!(add(0, "/even/more", false), Novelty::Known, "that is said once");
        opened.forget(ProcessNo(1));
        assert!(opened.0.is_empty());
    }
}
