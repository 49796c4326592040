//! Keys of rows that are made of what the rows stand for, so that files of several writers can be put together as they
//! are: equal things have equal keys everywhere.
//!
//! A key is 63 bits of an MD5: two of a million things are the same by accident once in ten million tries. Who can forge
//! one can as well write another file.

use super::packed::CountedImage;
use super::{ImageFacts, ProcessHead};
use md5::{Digest, Md5};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use serde::Serialize;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// A key made of content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ContentKey(i64);

impl ContentKey {
    /// The key of an image: of everything that is stored of it.
    pub fn of_image(facts: &ImageFacts) -> Self {
        ContentKey::of(facts)
    }

    /// The key of an image wherever it is installed: of what is stored of it but for where its sources were found.
    pub fn of_shipped(facts: &ImageFacts) -> Self {
        let ImageFacts { path, build_id, files, warnings } = facts;
        let files: Vec<_> =
            files.iter().map(|file| (&file.path, file.origin.digest, &file.executable, &file.functions)).collect();
        ContentKey::of(&(path, build_id, files, warnings))
    }

    /// The key of a process: of the run, its place and pid in it, and when it started.
    pub fn of_process(head: &ProcessHead) -> Self {
        ContentKey::of(&(&head.run, head.sequence, head.pid, head.start_ticks, head.started.0))
    }

    /// The key of a context's label; that of the empty one is 0.
    pub fn of_label(label: &str) -> Self {
        if label.is_empty() { ContentKey(0) } else { ContentKey::of(label) }
    }

    fn of(content: &(impl Serialize + ?Sized)) -> Self {
        let bytes = postcard::to_stdvec(content).expect("invariant: numbers, strings and bytes always encode");
        let digest: [u8; 16] = Md5::digest(bytes).into();
        let (first, _) = digest.split_first_chunk().expect("invariant: 16 are more than 8");
        ContentKey(i64::from_be_bytes(*first) & i64::MAX)
    }
}

impl ContentKey {
    /// A key as it is stored.
    pub fn from_number(number: i64) -> Option<Self> {
        (number >= 0).then_some(ContentKey(number))
    }

    /// The key as it is stored.
    pub fn number(self) -> i64 {
        self.0
    }

    /// Reads what [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        let key = i64::from_str_radix(text, 16).ok().map(ContentKey).filter(|key| key.0 >= 0)?;
        (key.to_string() == text).then_some(key)
    }
}

impl fmt::Display for ContentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl ToSql for ContentKey {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.into())
    }
}

impl FromSql for ContentKey {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let key = value.as_i64()?;
        if key < 0 { Err(FromSqlError::OutOfRange(key)) } else { Ok(ContentKey(key)) }
    }
}

/// The keys of images that are in memory, each made once, and the images counted through.
///
/// Invariant: the `Arc` is kept, so a pointer that matches is the same image.
#[derive(Debug, Default)]
pub(super) struct ImageKeys(HashMap<usize, (ContentKey, CountedImage)>);

impl ImageKeys {
    const MAX_KNOWN: usize = 1024;

    /// An image with its key.
    pub fn keyed(&mut self, image: &Arc<ImageFacts>) -> (ContentKey, CountedImage) {
        let at = Arc::as_ptr(image).addr();
        if let Some(known) = self.0.get(&at) {
            return known.clone();
        }
        if self.0.len() >= ImageKeys::MAX_KNOWN {
            self.0.clear();
        }
        let counted = (ContentKey::of_image(image), CountedImage::new(image.clone()));
        self.0.insert(at, counted.clone());
        counted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sample;

    #[test]
    fn equal_things_have_equal_keys_and_others_other_ones() {
        let (one, other) = (sample::record(), sample::record());
        let mut keys = ImageKeys::default();
        assert_eq!(keys.keyed(&one.images[0]).0, keys.keyed(&other.images[0]).0);
        assert_ne!(keys.keyed(&one.images[0]).0, keys.keyed(&one.images[1]).0);
        let mut next = one.head.clone();
        next.sequence += 1;
        assert_ne!(ContentKey::of_process(&one.head), ContentKey::of_process(&next));
        assert_ne!(ContentKey::of_label("a"), ContentKey::of_label("b"));
        assert_eq!(ContentKey::of_label("").to_string(), "0000000000000000");
        let key = ContentKey::of_label("a");
        assert_eq!(ContentKey::parse(&key.to_string()), Some(key));
        for foreign in ["", "0", "00000000000000000", "ffffffffffffffff", "+000000000000000", "000000000000000A"] {
            assert_eq!(ContentKey::parse(foreign), None, "{foreign}");
        }
    }
}
