//! The text of a source, as far as it is there and is what was measured.

use super::withheld::ShownSources;
use crate::store::UnixMillis;
use md5::{Digest, Md5};
use platform::SourceFile;
use std::borrow::Cow;
use std::fs;
use std::io;
use std::path::Path;
use std::time::UNIX_EPOCH;

/// A source as it is on this machine now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceText {
    /// Its bytes; those that are not UTF-8 are replaced only for showing.
    bytes: Vec<u8>,
    /// When it was changed last.
    pub modified: UnixMillis,
}

/// What a source's file is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum SourceState {
    /// As it was when the program was built: by its digest, or where there is none by its time.
    #[default]
    Found,
    /// Changed after the program was built or measured: its lines may be others.
    Newer,
    /// There is no such file.
    Missing,
    /// There, and cannot be read.
    Unreadable,
    /// There, and not shown without being asked for.
    Withheld,
}

/// Why there is no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoSource {
    /// There is no such file.
    Missing,
    /// It is there and cannot be read, or is no file.
    Unreadable,
    /// It can be read, and is not shown without being asked for.
    Withheld,
}

/// The most that is read of a source: a report of more would be of no use to anybody.
const LARGEST: u64 = 64 << 20;

impl SourceText {
    /// Reads a source.
    ///
    /// # Errors
    /// If it is not there, cannot be read, is larger than 64 MiB, is no regular file (a report never waits for a pipe) or
    /// one of the kernel's, or is one that `sources` withhold.
    pub fn read(path: &Path, sources: &ShownSources) -> Result<SourceText, NoSource> {
        let file = SourceFile::open(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => NoSource::Missing,
            _ => NoSource::Unreadable,
        })?;
        if sources.withhold(&file.readers().map_err(|_| NoSource::Unreadable)?) {
            return Err(NoSource::Withheld);
        }
        let modified = changed(file.metadata());
        let bytes = file.read(LARGEST).map_err(|_| NoSource::Unreadable)?;
        Ok(SourceText { bytes, modified })
    }

    /// A text that is no file's.
    #[cfg(test)]
    pub(crate) fn of(text: &str) -> SourceText {
        SourceText { bytes: text.as_bytes().to_vec(), modified: UnixMillis(0) }
    }

    /// MD5 of the whole.
    pub(crate) fn md5(&self) -> [u8; 16] {
        Md5::digest(&self.bytes).into()
    }

    /// The whole text.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The lines without their ends, the first of which is line 1; what is not UTF-8 is replaced.
    pub fn lines(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let end = self.bytes.strip_suffix(b"\n").unwrap_or(&self.bytes);
        let none = self.bytes.is_empty();
        let lines = end.split(|byte| *byte == b'\n').filter(move |_| !none);
        lines.map(|line| String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)))
    }
}

/// When a file was changed last.
pub(crate) fn changed(file: &fs::Metadata) -> UnixMillis {
    let since = file.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    UnixMillis(since.map_or(0, |since| since.as_millis() as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Vec<String> {
        let text = SourceText { bytes: bytes.to_vec(), modified: UnixMillis(0) };
        text.lines().map(Cow::into_owned).collect()
    }

    #[test]
    fn lines_end_as_editors_count_them() {
        assert_eq!(lines(b""), [] as [&str; 0]);
        assert_eq!(lines(b"\n"), [""]);
        assert_eq!(lines(b"a\nb"), ["a", "b"]);
        assert_eq!(lines(b"a\r\n\nb\n"), ["a", "", "b"]);
        assert_eq!(lines(b"\xff\n"), ["\u{fffd}"]);
    }

    #[test]
    fn what_is_not_there_is_told_from_what_cannot_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.c");
        let read = |path: &Path| SourceText::read(path, &ShownSources::default());
        assert_eq!(read(&path), Err(NoSource::Missing));
        assert_eq!(read(folder.path()), Err(NoSource::Unreadable));
        fs::write(&path, "int main;\n").unwrap();
        assert_eq!(read(&path.join("b")), Err(NoSource::Missing));
        let text = read(&path).unwrap();
        assert_eq!((text.bytes(), text.modified.0 > 0), (&b"int main;\n"[..], true));
    }
}
