//! The rows of facts.sql: what is known of images.
//!
//! Invariant: what is read is what was written, or the key that it was read by does not fit it.

use super::keys::ContentKey;
use super::rows::{Fault, numbits, rows, warning};
use super::{Digest, FileFacts, FunctionFacts, ImageFacts, SourceOrigin, Warning};
use rusqlite::{Connection, Row, params};
use std::collections::BTreeMap;

/// Writes the rows of an image.
pub(super) fn insert(db: &Connection, key: ContentKey, image: &ImageFacts) -> rusqlite::Result<()> {
    let mut insert_image = db.prepare_cached("INSERT INTO image VALUES (?1, ?2, ?3)")?;
    insert_image.execute(params![key, image.path, image.build_id])?;
    let mut insert_file = db.prepare_cached("INSERT INTO file VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?;
    let mut insert_function = db.prepare_cached("INSERT INTO function VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
    for (number, file) in (0i64..).zip(&image.files) {
        let SourceOrigin { digest, real, inode } = &file.origin;
        let (digest, digest_of) = match digest {
            Digest::Unknown => (None, None),
            Digest::Changed(digest) => (Some(digest), Some("changed")),
            Digest::Built(digest) => (Some(digest), Some("build")),
        };
        insert_file.execute(params![
            key,
            number,
            file.path,
            file.executable.as_bytes(),
            digest,
            digest_of,
            real,
            inode.map(|(device, _)| device.cast_signed()),
            inode.map(|(_, inode)| inode.cast_signed()),
        ])?;
        for (of_file, function) in (0i64..).zip(&file.functions) {
            let FunctionFacts { start, end, name, told } = function;
            insert_function.execute(params![key, number, of_file, start, end, name, told])?;
        }
    }
    let mut insert_warning = db.prepare_cached("INSERT INTO image_warning VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for (number, Warning { slug, text, count }) in (0i64..).zip(&image.warnings) {
        insert_warning.execute(params![key, number, slug, text, count])?;
    }
    Ok(())
}

/// Reads all images of a file; an error comes with the table that it is about.
pub(super) fn read(db: &Connection) -> Result<BTreeMap<ContentKey, ImageFacts>, (&'static str, Fault)> {
    let mut images: BTreeMap<ContentKey, ImageFacts> = rows(db, "SELECT id, path, build_id FROM image", |row| {
        let facts = ImageFacts { path: row.get(1)?, build_id: row.get(2)?, ..ImageFacts::default() };
        Ok((row.get(0)?, facts))
    })
    .map_err(|fault| ("image", fault))?
    .into_iter()
    .collect();
    let sql = "SELECT image, number, path, executable, digest, digest_of, real, device, inode FROM file ORDER BY image, number";
    rows(db, sql, |row| {
        let image = of_image(&mut images, row)?;
        in_order(row, 1, image.files.len())?;
        image.files.push(source(row, 2)?);
        Ok(())
    })
    .map_err(|fault| ("file", fault))?;
    let sql = "SELECT image, file, number, first, last, name, told FROM function ORDER BY image, file, number";
    rows(db, sql, |row| {
        let file: usize = row.get(1)?;
        let file = of_image(&mut images, row)?.files.get_mut(file);
        let file = file.ok_or_else(|| Fault::Value("a function of no file".to_owned()))?;
        in_order(row, 2, file.functions.len())?;
        file.functions.push(function(row, 3)?);
        Ok(())
    })
    .map_err(|fault| ("function", fault))?;
    let sql = "SELECT image, slug, text, count FROM image_warning ORDER BY image, number";
    rows(db, sql, |row| {
        let warning = warning(row, 1)?;
        of_image(&mut images, row)?.warnings.push(warning);
        Ok(())
    })
    .map_err(|fault| ("image_warning", fault))?;
    for (key, facts) in &images {
        if ContentKey::of_image(facts) != *key {
            return Err(("image", Fault::Value(format!("what is stored of image {key} was changed"))));
        }
    }
    Ok(images)
}

/// The image whose key is in the first column.
fn of_image<'i>(images: &'i mut BTreeMap<ContentKey, ImageFacts>, row: &Row<'_>) -> Result<&'i mut ImageFacts, Fault> {
    let key: ContentKey = row.get(0)?;
    images.get_mut(&key).ok_or_else(|| Fault::Value(format!("no image {key}")))
}

/// Refuses a number in a column that is not the next.
fn in_order(row: &Row<'_>, column: usize, next: usize) -> Result<(), Fault> {
    let number: usize = row.get(column)?;
    if number == next { Ok(()) } else { Err(Fault::Value(format!("number {number} where {next} must be"))) }
}

/// A source without functions, from a column on: path, executable, digest, digest_of, real, device, inode.
pub(super) fn source(row: &Row<'_>, from: usize) -> Result<FileFacts, Fault> {
    let (executable, origin) = (numbits(row, from + 1)?, origin(row, from + 2)?);
    Ok(FileFacts { path: row.get(from)?, origin, executable, functions: Vec::new() })
}

/// A function, from a column on: first, last, name, told.
pub(super) fn function(row: &Row<'_>, from: usize) -> rusqlite::Result<FunctionFacts> {
    Ok(FunctionFacts {
        start: row.get(from)?,
        end: row.get(from + 1)?,
        name: row.get(from + 2)?,
        told: row.get(from + 3)?,
    })
}

/// What a row says of the text of a source, from a column on.
fn origin(row: &Row<'_>, column: usize) -> Result<SourceOrigin, Fault> {
    let digest: Option<[u8; 16]> = row.get(column)?;
    let digest_of: Option<String> = row.get(column + 1)?;
    let digest = match (digest, digest_of.as_deref()) {
        (None, None) => Digest::Unknown,
        (Some(digest), Some("build")) => Digest::Built(digest),
        (Some(digest), Some("changed")) => Digest::Changed(digest),
        (_, digest_of) => return Err(Fault::Value(format!("unknown digest_of {digest_of:?}"))),
    };
    let (device, inode): (Option<i64>, Option<i64>) = (row.get(column + 3)?, row.get(column + 4)?);
    let inode = device.zip(inode).map(|(device, inode)| (device.cast_unsigned(), inode.cast_unsigned()));
    Ok(SourceOrigin { digest, real: row.get(column + 2)?, inode })
}
