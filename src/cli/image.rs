//! Executables and libraries that commands read themselves.

use platform::MappedFile;
use std::fmt::Display;
use std::fs::OpenOptions;
use std::path::Path;

/// The bytes of an image, or why they cannot be read.
pub(super) fn bytes_of(path: &Path) -> Result<MappedFile, String> {
    let unreadable = |error: &dyn Display| format!("it cannot be read: {error}");
    let file = platform::open_regular(path, OpenOptions::new().read(true)).map_err(|error| unreadable(&error))?;
    MappedFile::map(&file).map_err(|error| unreadable(&error))
}
