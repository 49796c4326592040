//! What the data directory has already, for measuring only what is new.
//!
//! The union of its files is kept beside them, with the names of those that are in it, so that each of ten thousand
//! small runs reads only what was written since the one before.
//!
//! Invariant: a line counts as known only for the same image (the same build-id, or without one the same path) and the same
//! text of its source.

use crate::store::{DataDir, Digest, Numbits, ProcessRecord, Reader, Staged, StoreError};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Of the file; one of another format is made again.
const FORMAT: &str = "known-lines 3";

/// What is known of an image, by source and its text.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OfImage {
    has_build_id: bool,
    sources: BTreeMap<String, BTreeMap<Digest, OfSource>>,
}

/// What ran of a source.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct OfSource {
    /// As sets of line numbers are stored.
    lines: Vec<u8>,
    /// First lines and names.
    functions: BTreeSet<(u32, String)>,
}

/// What is known to have run of a source.
#[derive(Debug, Default)]
pub(super) struct KnownOfSource<'a> {
    pub lines: Numbits,
    /// First lines and names.
    pub functions: BTreeSet<(u32, &'a str)>,
}

/// The lines that the files of a data directory have.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KnownLines {
    format: String,
    /// Names of the files that are in it.
    files: BTreeSet<String>,
    images: BTreeMap<String, OfImage>,
}

impl KnownLines {
    /// Reads what is in the files of a data directory. A file that cannot be read tells nothing.
    ///
    /// # Errors
    /// If the directory cannot be read.
    pub fn of(data: &DataDir) -> Result<Self, StoreError> {
        let files = data.process_files()?;
        let names: BTreeSet<String> = files.iter().map(ToString::to_string).collect();
        let mut known = Self::load(data).filter(|known| known.files.is_subset(&names)).unwrap_or_default();
        let (before, reader) = (known.files.len(), Reader::default());
        for file in &files {
            let name = file.to_string();
            if known.files.contains(&name) {
                continue;
            }
            if let Ok(records) = data.read_all(&reader, file) {
                records.iter().for_each(|record| known.add(record));
                // One that is being written to is read again next time.
                if records.iter().all(|record| record.complete) {
                    known.files.insert(name);
                }
            }
        }
        if known.files.len() != before {
            known.format = FORMAT.to_owned();
            known.save(data);
        }
        Ok(known)
    }

    /// The lines of an image.
    pub fn of_image(&self, path: &str, build_id: Option<&str>) -> Option<&OfImage> {
        self.images.get(&key(path, build_id))
    }

    fn add(&mut self, record: &ProcessRecord) {
        for hits in &record.hits {
            let image = &record.images[hits.image];
            let of_image = self.images.entry(key(&image.path, image.build_id.as_deref())).or_default();
            of_image.has_build_id = image.build_id.is_some();
            let source = &image.files[hits.file];
            let texts = of_image.sources.entry(source.path.clone()).or_default();
            let of_source = texts.entry(source.origin.digest).or_default();
            let mut lines = Numbits::from_bytes(&of_source.lines);
            lines.union_with(&hits.lines);
            of_source.lines = lines.as_bytes().to_vec();
            let entered = source.entered(&hits.functions);
            of_source.functions.extend(entered.map(|function| (function.start, function.name.clone())));
        }
    }

    fn load(data: &DataDir) -> Option<Self> {
        const MOST: u64 = 1 << 30;
        let bytes = data.folder().read(DataDir::KNOWN_LINES.as_ref(), MOST).ok()?;
        let known: Self = postcard::from_bytes(&bytes).ok()?;
        (known.format == FORMAT).then_some(known)
    }

    /// What cannot be saved is made again.
    fn save(&self, data: &DataDir) {
        let bytes = postcard::to_stdvec(self).expect("invariant: strings and bytes always encode");
        let staged = Staged::write(data.folder(), DataDir::KNOWN_LINES.as_ref(), &bytes);
        let _made_again: Result<(), StoreError> = staged.and_then(Staged::publish);
    }
}

impl OfImage {
    /// What is known of a source with this text.
    pub fn of_source(&self, path: &str, digest: Digest) -> Option<KnownOfSource<'_>> {
        let same = |known: &Digest| match (known.built(), digest.built()) {
            (Some(known), Some(digest)) => known == digest,
            // The same build was made from the same text, whatever became of it since.
            (None, _) | (_, None) => self.has_build_id,
        };
        let mut known = KnownOfSource::default();
        for (_, of_source) in self.sources.get(path)?.iter().filter(|(known, _)| same(known)) {
            known.lines.union_with(&Numbits::from_bytes(&of_source.lines));
            known.functions.extend(of_source.functions.iter().map(|(start, name)| (*start, name.as_str())));
        }
        Some(known)
    }
}

fn key(path: &str, build_id: Option<&str>) -> String {
    build_id.map_or_else(|| format!("path {path}"), |id| format!("build-id {id}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{ProcessFile, Writer, sample};

    #[test]
    fn files_are_read_once_and_erased_ones_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::create(folder.path()).unwrap();
        let mut record = sample::record();
        record.complete = true;
        let path = data.path_of(&ProcessFile::of(&record.head));
        Writer::new().unwrap().write(&path, &record).unwrap();
        let known = KnownLines::of(&data).unwrap();
        let hits = &record.hits[0];
        let image = &record.images[hits.image];
        let source = &image.files[hits.file];
        let of_image = known.of_image(&image.path, image.build_id.as_deref()).unwrap();
        let known_of_source = of_image.of_source(&source.path, source.origin.digest).unwrap();
        assert!(of_image.of_source(&source.path, Digest::Built([8; 16])).unwrap().lines.is_empty(), "another text");
        assert!(hits.lines.iter().all(|line| known_of_source.lines.contains(line)));
        assert!(known.of_image(&image.path, Some("another")).is_none());
        // The file is damaged, but what was in it is known.
        std::fs::write(&path, "no database").unwrap();
        assert_eq!(KnownLines::of(&data).unwrap(), known);
        let saved = data.path().join(DataDir::KNOWN_LINES);
        std::fs::write(&saved, &std::fs::read(&saved).unwrap()[..9]).unwrap();
        assert_eq!(KnownLines::of(&data).unwrap(), KnownLines::default());
        std::fs::remove_file(&path).unwrap();
        assert_eq!(KnownLines::of(&data).unwrap(), KnownLines::default());
        assert!(data.erase().unwrap().foreign.is_empty());
    }
}
