//! The folder of the Parquet files.
//!
//! Invariant: a folder with anything in it that is not ours is never touched.

use super::FleetError;
use super::partition::folder_of;
use super::table::TableFile;
use super::tables::{Table, VERSION};
use crate::store::Staged;
use platform::{EntryKind, Folder, Trust};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// The file that tells a folder of ours, and in which version its tables are.
const MARK: &str = ".cov-trace-parquet";

/// What folders allow, less the umask.
const MODE: u32 = 0o777;

/// The folder, held open.
#[derive(Debug)]
pub(super) struct FleetFolder {
    folder: Arc<Folder>,
    /// The mark, locked as long as something is being written: the lock of one who is killed is gone.
    _mark: File,
}

impl FleetFolder {
    /// Opens a folder of ours, or makes it one if there is nothing in it.
    pub fn open(path: &Path, trust: Trust) -> Result<FleetFolder, FleetError> {
        let refused = |source: io::Error| match source.kind() {
            io::ErrorKind::NotADirectory => FleetError::NotOurs { path: path.to_owned() },
            _ => FleetError::Write { path: path.to_owned(), source },
        };
        let folder = Arc::new(Folder::open_or_make(path, trust, MODE).map_err(refused)?);
        let owner = folder.owner().map_err(refused)?;
        if !trust.takes(owner) {
            return Err(FleetError::OfAnotherUser { path: path.to_owned(), owner });
        }
        let mark = OsStr::new(MARK);
        if folder.entries().map_err(refused)?.is_empty() {
            Staged::write(&folder, mark, format!("{VERSION}\n").as_bytes())?.publish()?;
            return FleetFolder::locked(folder).map_err(refused);
        }
        // Where others may write, a mark of theirs says nothing.
        let is_trusted = folder.owner_of(mark).map_err(refused)?.is_some_and(|owner| trust.takes(owner));
        if !is_trusted || folder.kind_of(mark).map_err(refused)? != Some(EntryKind::File) {
            return Err(FleetError::NotOurs { path: path.to_owned() });
        }
        let found = folder.read(mark, 64).map_err(refused)?;
        let found = String::from_utf8_lossy(&found).trim().to_owned();
        if found != VERSION.to_string() {
            return Err(FleetError::OtherVersion { path: path.to_owned(), found, ours: VERSION });
        }
        FleetFolder::locked(folder).map_err(refused)
    }

    /// Removes what exports left that were killed, unless another one is under way.
    fn locked(folder: Arc<Folder>) -> io::Result<FleetFolder> {
        let mark = folder.open_file(OsStr::new(MARK))?;
        if mark.try_lock().is_ok() {
            remove_left(&folder, LEVELS)?;
        }
        // Without locks, as on some network file systems, nothing is removed.
        let _refused = mark.lock_shared();
        Ok(FleetFolder { folder, _mark: mark })
    }

    /// A file without a name, on the file system of the folder.
    pub fn scratch(&self) -> Result<File, FleetError> {
        let name = |number| OsString::from(format!(".cov-trace-parquet-{number:016x}.tmp"));
        let made = self.folder.create_some_file(name, 0o600);
        let unlinked = made.and_then(|(name, file)| self.folder.remove_file(&name).map(|()| file));
        unlinked.map_err(|source| self.failed(source))
    }

    /// Begins a file of a table that is about one image; none if it is there.
    pub fn begin_of_image(&self, table: &Table, key: &str) -> Result<Option<TableFile>, FleetError> {
        let folder = self.below(&[table.name.to_owned()])?;
        let name = format!("{key}.parquet");
        let found = folder.kind_of(name.as_ref()).map_err(|source| self.failed(source))?;
        if found == Some(EntryKind::File) { Ok(None) } else { TableFile::begin(&folder, &name, table).map(Some) }
    }

    /// Begins the file of a table that is about a run.
    pub fn begin_of_run(&self, table: &Table, run: &str, host: Option<&str>) -> Result<TableFile, FleetError> {
        let folders = [table.name.to_owned(), folder_of("run", Some(run)), folder_of("host", host)];
        TableFile::begin(&self.below(&folders)?, "part-0.parquet", table)
    }

    /// An error of the system on what is in the folder.
    pub fn failed(&self, source: io::Error) -> FleetError {
        FleetError::Write { path: self.folder.path().to_owned(), source }
    }

    fn below(&self, names: &[String]) -> Result<Arc<Folder>, FleetError> {
        let mut folder = self.folder.clone();
        for name in names {
            let next = folder.folder_or_make(name.as_ref(), MODE);
            let path = folder.path().join(name);
            folder = Arc::new(next.map_err(|source| FleetError::Write { path, source })?);
        }
        Ok(folder)
    }
}

/// How deep the files of tables are in the folder: table, run, host.
const LEVELS: u32 = 3;

/// Removes the temporary files of tables in a folder of ours and so many levels below it.
fn remove_left(folder: &Folder, levels: u32) -> io::Result<()> {
    for entry in folder.entries()? {
        match entry.kind {
            EntryKind::File if is_left(&entry.name) => folder.remove_file(&entry.name)?,
            EntryKind::Folder if levels > 0 => remove_left(&folder.folder(&entry.name)?, levels - 1)?,
            EntryKind::File | EntryKind::Folder | EntryKind::Other => {}
        }
    }
    Ok(())
}

/// Whether a name is that of a temporary file of a table or of the mark.
fn is_left(name: &OsStr) -> bool {
    let inner = name.to_str().and_then(|name| name.strip_prefix('.')?.strip_suffix(".tmp")?.rsplit_once('.'));
    inner.is_some_and(|(of, number)| {
        (of.ends_with(".parquet") || of == MARK) && number.bytes().all(|byte| byte.is_ascii_digit())
    }) || name.to_str().is_some_and(|name| name.starts_with(".cov-trace-parquet-") && name.ends_with(".tmp"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn what_was_left_is_removed_unless_another_export_is_under_way() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("fleet");
        let first = FleetFolder::open(&path, Trust::own()).unwrap();
        let below = path.join("hits/run=r/host=h");
        fs::create_dir_all(&below).unwrap();
        let left = [
            path.join(".cov-trace-parquet-00000000000000aa.tmp"),
            path.join("..cov-trace-parquet.12.tmp"),
            below.join(".part-0.parquet.77.tmp"),
        ];
        let kept = [below.join("part-0.parquet"), below.join(".part-0.parquet.tmp"), below.join(".other.77.tmp")];
        left.iter().chain(&kept).for_each(|path| fs::write(path, "").unwrap());
        let second = FleetFolder::open(&path, Trust::own()).unwrap();
        drop(first);
        assert!(left.iter().all(|path| path.exists()), "the first may have been writing them");
        drop(second);
        FleetFolder::open(&path, Trust::own()).unwrap();
        assert!(!left.iter().any(|path| path.exists()) && kept.iter().all(|path| path.exists()));
    }
}
