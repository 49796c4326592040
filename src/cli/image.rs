//! Executables and libraries that commands read themselves.

use platform::MappedFile;
use std::fs::OpenOptions;
use std::path::Path;

/// The bytes of an image, or why they cannot be read.
pub(super) fn bytes_of(path: &Path) -> Result<MappedFile, String> {
    let file = platform::open_regular(path, OpenOptions::new().read(true));
    let file = file.map_err(|error| format!("it cannot be read: {error}"))?;
    MappedFile::map(&file).map_err(|error| format!("it cannot be read: {error}"))
}
