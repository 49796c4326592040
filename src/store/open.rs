//! Opens a data file for reading, and refuses what it should not read.
//!
//! Invariant: the file is taken as it is: no locks, no journal, no file beside it.

use super::rows::Fault;
use super::{StoreError, schema};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};
use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Opens a data file; what it holds is only known to be a whole database.
pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    let read = |cause: String| StoreError::Read { path: path.to_owned(), cause };
    // SQLite keeps the errno to itself, and takes a cut last page for one with zeros.
    check_header(path).map_err(|error| read(error.to_string()))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(immutable_uri(path), flags).map_err(|error| read(error.to_string()))
}

/// Compares the length of a file with what its header says (<https://www.sqlite.org/fileformat2.html>, 1.3).
fn check_header(path: &Path) -> io::Result<()> {
    const LENGTH: u64 = 100;
    let refuse = |cause: &str| Err(io::Error::new(io::ErrorKind::InvalidData, cause));
    let mut file = platform::open_regular(path, OpenOptions::new().read(true))?;
    let length = file.metadata()?.len();
    let mut header = Vec::new();
    file.by_ref().take(LENGTH).read_to_end(&mut header)?;
    if header.is_empty() {
        return refuse("it is empty");
    }
    if !header.starts_with(b"SQLite format 3\0") {
        return refuse("it is no SQLite database");
    }
    if length < LENGTH {
        return refuse("it is cut short");
    }
    let page_size = match u64::from(u16::from_be_bytes([header[16], header[17]])) {
        1 => 65_536,
        size => size,
    };
    let pages = u64::from(u32::from_be_bytes([header[28], header[29], header[30], header[31]]));
    if length < pages * page_size {
        return refuse("it is cut short");
    }
    Ok(())
}

/// The URI that makes SQLite take a file as it is.
fn immutable_uri(path: &Path) -> String {
    let mut uri = String::from("file:");
    for &byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            uri.push(byte.into());
        } else {
            uri.push_str(&format!("%{byte:02x}"));
        }
    }
    // An empty authority keeps a path with two slashes in front from being taken for one.
    if uri.starts_with("file://") {
        uri.insert_str("file:".len(), "//");
    }
    uri + "?immutable=1"
}

/// The version of a data file's schema; refuses what is no data file, and one of a later version.
pub(super) fn check_version(db: &Connection, path: &Path) -> Result<i64, StoreError> {
    let version: rusqlite::Result<Option<i64>> =
        db.query_row("SELECT value FROM meta WHERE key = 'schema_version'", [], |row| row.get(0)).optional();
    let path = path.to_owned();
    let (found, ours) = match version {
        Ok(Some(found)) => (found, schema::VERSION),
        Ok(None) => {
            return Err(StoreError::Foreign { path, cause: "no schema_version in its table meta".to_owned() });
        }
        // SQLite's plain SQLITE_ERROR: the table or a column is not there.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::Unknown) => {
            return Err(StoreError::Foreign { path, cause: error.to_string() });
        }
        Err(error) => return Err(Fault::from(error).in_table("meta", &path)),
    };
    if found > ours {
        return Err(StoreError::NewerSchema { path, found, ours });
    }
    if found < 1 {
        let fault = Fault::Value(format!("there is no schema version {found}"));
        return Err(fault.in_table("meta", &path));
    }
    Ok(found)
}
