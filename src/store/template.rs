//! Data files with only their constant rows (images, their files, functions and warnings), serialized, so that a file
//! that is written again and again costs only its changing rows.
//!
//! Invariant: a template holds the `Arc`s of its images, so a pointer that matches is the same image; the cache never
//! holds more than `MAX_TEMPLATES`, nor more than `MAX_BYTES` unless a single one is larger.

use super::schema;
use super::{Digest, ImageFacts, SourceOrigin, StoreError, Warning};
use rusqlite::{Connection, MAIN_DB, Statement, params};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

const MAX_TEMPLATES: usize = 32;
const MAX_BYTES: usize = 64 << 20;

/// A serialized data file that only lacks its process.
#[derive(Debug)]
pub(super) struct Template {
    images: Vec<Arc<ImageFacts>>,
    /// For each image, the id of its first file and how many files it has.
    file_ids: Vec<(i64, usize)>,
    /// The file as bytes.
    pub(super) bytes: Vec<u8>,
}

impl Template {
    fn new(images: &[Arc<ImageFacts>]) -> rusqlite::Result<Self> {
        let mut db = Connection::open_in_memory()?;
        db.pragma_update(None, "page_size", schema::PAGE_SIZE)?;
        db.pragma_update(None, "journal_mode", "OFF")?;
        let transaction = db.transaction()?;
        transaction.execute_batch(schema::SQL)?;
        let mut meta = transaction.prepare("INSERT INTO meta (key, value) VALUES (?1, ?2)")?;
        meta.execute(params!["schema_version", schema::VERSION])?;
        meta.execute(params!["tool_version", env!("CARGO_PKG_VERSION")])?;
        drop(meta);
        let file_ids = insert_images(&transaction, images)?;
        transaction.commit()?;
        Ok(Template { images: images.to_vec(), file_ids, bytes: db.serialize(MAIN_DB)?.to_vec() })
    }

    /// The id of a file's row; `None` if there is no such file.
    pub(super) fn file_id(&self, image: usize, file: usize) -> Option<i64> {
        let (first, count) = *self.file_ids.get(image)?;
        (file < count).then_some(first + file as i64)
    }

    fn is_for(&self, images: &[Arc<ImageFacts>]) -> bool {
        self.images.len() == images.len()
            && self.images.iter().zip(images).all(|(mine, theirs)| Arc::ptr_eq(mine, theirs))
    }
}

fn insert_images(db: &Connection, images: &[Arc<ImageFacts>]) -> rusqlite::Result<Vec<(i64, usize)>> {
    let mut insert_image = db.prepare("INSERT INTO image (id, path, build_id, digest) VALUES (?1, ?2, ?3, ?4)")?;
    let mut insert_file = db.prepare("INSERT INTO file VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?;
    let mut insert_function =
        db.prepare("INSERT INTO function (file, first, last, name, told) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    let mut insert_warning = prepare_warning(db)?;
    let mut file_ids = Vec::with_capacity(images.len());
    let mut next_file = 0i64;
    for (image_id, image) in images.iter().enumerate() {
        let image_id = image_id as i64;
        insert_image.execute(params![image_id, image.path, image.build_id, digest(image)])?;
        file_ids.push((next_file, image.files.len()));
        for file in &image.files {
            let SourceOrigin { digest, real, inode } = &file.origin;
            let (digest, digest_of) = match digest {
                Digest::Unknown => (None, None),
                Digest::Changed(digest) => (Some(digest), Some("changed")),
                Digest::Built(digest) => (Some(digest), Some("build")),
            };
            insert_file.execute(params![
                next_file,
                image_id,
                file.path,
                file.executable.as_bytes(),
                digest,
                digest_of,
                real,
                inode.map(|(device, _)| device.cast_signed()),
                inode.map(|(_, inode)| inode.cast_signed()),
            ])?;
            for function in &file.functions {
                insert_function.execute(params![
                    next_file,
                    function.start,
                    function.end,
                    function.name,
                    function.told
                ])?;
            }
            next_file += 1;
        }
        for warning in &image.warnings {
            insert_warning_row(&mut insert_warning, Some(image_id), warning)?;
        }
    }
    Ok(file_ids)
}

/// Prepares the statement for [`insert_warning_row`].
pub(super) fn prepare_warning(db: &Connection) -> rusqlite::Result<Statement<'_>> {
    db.prepare("INSERT INTO warning (image, slug, text, count) VALUES (?1, ?2, ?3, ?4)")
}

/// Adds a warning about an image, or about the process where there is none.
pub(super) fn insert_warning_row(
    statement: &mut Statement<'_>,
    image: Option<i64>,
    warning: &Warning,
) -> rusqlite::Result<()> {
    statement.execute(params![image, warning.slug, warning.text, warning.count])?;
    Ok(())
}

fn digest(image: &ImageFacts) -> i64 {
    let mut hasher = DefaultHasher::new();
    image.hash(&mut hasher);
    hasher.finish().cast_signed()
}

/// The templates used last.
#[derive(Debug, Default)]
pub(super) struct Templates {
    /// The one used last comes last.
    kept: Vec<Template>,
}

impl Templates {
    /// The template for these images, from the cache where it has it.
    pub(super) fn get(&mut self, pid: i32, images: &[Arc<ImageFacts>]) -> Result<&Template, StoreError> {
        let template = match self.kept.iter().position(|template| template.is_for(images)) {
            Some(index) => self.kept.remove(index),
            None => Template::new(images).map_err(|source| StoreError::Build { pid, source })?,
        };
        let mut bytes = template.bytes.len();
        let surplus = self.kept.iter().rev().take(MAX_TEMPLATES - 1).take_while(|kept| {
            bytes += kept.bytes.len();
            bytes <= MAX_BYTES
        });
        let keep = surplus.count();
        self.kept.drain(..self.kept.len() - keep);
        self.kept.push(template);
        Ok(self.kept.last().expect("invariant: just pushed"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sample;

    #[test]
    fn the_same_images_take_the_template_that_is_there() {
        let mut templates = Templates::default();
        let record = sample::record();
        let first = templates.get(1, &record.images).unwrap().bytes.as_ptr();
        templates.get(1, &record.images[..1]).unwrap();
        assert_eq!(templates.get(1, &record.images).unwrap().bytes.as_ptr(), first);
        assert_eq!(templates.kept.len(), 2);
    }

    #[test]
    fn equal_images_in_other_places_do_not_count_as_the_same() {
        let mut templates = Templates::default();
        for _ in 0..2 {
            templates.get(1, &sample::record().images).unwrap();
        }
        assert_eq!(templates.kept.len(), 2);
    }

    #[test]
    fn the_cache_is_bounded_and_forgets_what_was_used_longest_ago() {
        let mut templates = Templates::default();
        let image = sample::record().images;
        for _ in 0..2 * MAX_TEMPLATES {
            templates.get(1, &image).unwrap();
            templates.get(1, &sample::record().images).unwrap();
        }
        assert_eq!(templates.kept.len(), MAX_TEMPLATES);
        assert!(templates.kept.iter().any(|template| template.is_for(&image)));
    }
}
