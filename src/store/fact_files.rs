//! The files of a data directory that hold what is known of its images, `images/KEY.sqlite`: one for each image, however
//! many processes had it.
//!
//! Invariants: an image's file is there before the first data file that names the image, and never changes; it is removed
//! only when no data file names the image and no run is under way. A run that goes on makes what was removed again.

use super::keys::{ContentKey, ImageKeys};
use super::open::{check_version, open};
use super::packed::CountedImage;
use super::rows::{Fault, rows};
use super::staged::Staged;
use super::{DataDir, ImageFacts, StoreError, facts_rows, schema};
use platform::Folder;
use rusqlite::Connection;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where images are, beside the data files.
pub(super) const FOLDER: &str = "images";

/// Images by their keys.
pub(super) type KeyedImages = Vec<(ContentKey, CountedImage)>;

/// Keeps the facts of images in a data directory.
#[derive(Debug, Default)]
pub(super) struct FactFiles {
    keys: ImageKeys,
    folder: Option<Arc<Folder>>,
    /// Those that the folder was seen to have.
    there: BTreeMap<ContentKey, Arc<ImageFacts>>,
    /// Files named since they were asked for, which may not be on disk.
    unsynced: Vec<PathBuf>,
}

impl FactFiles {
    /// Images by their keys, in their order.
    pub fn keyed(&mut self, images: &[Arc<ImageFacts>]) -> KeyedImages {
        images.iter().map(|image| self.keys.keyed(image)).collect()
    }

    /// Writes the files of images, unless the directory has them; gives the images by their keys, in their order.
    pub fn keep(&mut self, data: &DataDir, images: &[Arc<ImageFacts>]) -> Result<KeyedImages, StoreError> {
        if images.is_empty() {
            return Ok(Vec::new());
        }
        let folder = match self.folder.take().filter(|folder| !folder.is_gone()) {
            Some(folder) => folder,
            None => {
                self.there.clear();
                Arc::new(folder_to_write(data)?)
            }
        };
        let kept = images.iter().map(|image| self.keep_in(&folder, image)).collect();
        self.folder = Some(folder);
        kept
    }

    /// Writes the files again that were removed since: by hand, or by an `erase` that began before this run.
    pub fn restore(&mut self, data: &DataDir) -> Result<(), StoreError> {
        let is_there = |folder: &Folder, key| matches!(folder.kind_of(name_of(key).as_ref()), Ok(Some(_)));
        let folder = self.folder.as_ref().filter(|folder| !folder.is_gone());
        let removed = |key: &ContentKey| folder.is_none_or(|folder| !is_there(folder, *key));
        let removed: Vec<ContentKey> = self.there.keys().copied().filter(removed).collect();
        let facts: Vec<_> = removed.iter().filter_map(|key| self.there.remove(key)).collect();
        let kept = self.keep(data, &facts);
        // What could not be written is looked for the next time.
        self.there.extend(removed.into_iter().zip(facts));
        kept.map(|_images| ())
    }

    fn keep_in(
        &mut self,
        folder: &Arc<Folder>,
        image: &Arc<ImageFacts>,
    ) -> Result<(ContentKey, CountedImage), StoreError> {
        let (key, counted) = self.keys.keyed(image);
        if self.there.contains_key(&key) {
            return Ok((key, counted));
        }
        let name = name_of(key);
        let path = folder.path().join(&name);
        if !is_whole(folder, &name, key) {
            let rows = |db: &Connection| facts_rows::insert(db, key, image);
            let bytes = schema::build(&[schema::META, schema::FACTS], rows)
                .map_err(|source| StoreError::Image { path: path.clone(), source })?;
            Staged::write(folder, name.as_ref(), &bytes)?.publish()?;
        }
        // Who wrote one that was there may not have had the time to.
        self.unsynced.push(path);
        self.there.insert(key, image.clone());
        Ok((key, counted))
    }

    /// The files that may not be on disk, since the last time.
    pub fn take_unsynced(&mut self) -> Vec<PathBuf> {
        std::mem::take(&mut self.unsynced)
    }

    /// Takes it that the directory is another one.
    pub fn forget(&mut self) {
        self.folder = None;
        self.there.clear();
        self.unsynced.clear();
    }
}

/// Reads what is known of an image from its file beside a data file.
pub(super) fn read(data_file: &Path, key: ContentKey) -> Result<ImageFacts, StoreError> {
    let path = data_file.parent().unwrap_or(Path::new("")).join(FOLDER).join(name_of(key));
    if matches!(path.try_exists(), Ok(false)) {
        return Err(StoreError::NoImage { path: data_file.to_owned(), image: path });
    }
    let db = open(&path)?;
    check_version(&db, &path)?;
    let images = facts_rows::read(&db).map_err(|(table, fault)| fault.in_table(table, &path))?;
    let facts = images.into_iter().find(|(found, _)| *found == key).map(|(_, facts)| facts);
    facts.ok_or_else(|| Fault::Value(format!("no image {key}")).in_table("image", &path))
}

impl DataDir {
    /// Writes what is known of an image, unless the directory has it: whoever then writes a process finds it there.
    pub(crate) fn keep_image(&self, image: &Arc<ImageFacts>) -> Result<(), StoreError> {
        FactFiles::default().keep(self, std::slice::from_ref(image)).map(|_keyed| ())
    }

    /// Removes the files of images that no data file names, if every data file can be read and no run is under way.
    pub(crate) fn remove_unused_images(&self) -> Result<(), StoreError> {
        let folder = match self.folder().folder(FOLDER.as_ref()) {
            Ok(folder) => folder,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(source) => return Err(self.failed("open", source)),
        };
        let entries = folder.entries().map_err(|source| self.failed("list", source))?;
        let mut unused: BTreeMap<ContentKey, Vec<OsString>> = BTreeMap::new();
        for entry in entries {
            if let Some(key) = key_in(&entry.name) {
                unused.entry(key).or_default().push(entry.name);
            }
        }
        // A run may have begun or even ended meanwhile: it had written an image, and the data file that names it comes later.
        let mut seen = BTreeSet::new();
        loop {
            let before = seen.len();
            for file in self.process_files()? {
                if seen.contains(&file) {
                    continue;
                }
                match keys_in(&self.path_of(&file)) {
                    Ok(keys) => keys.iter().for_each(|key| _ = unused.remove(key)),
                    // What it names is not known.
                    Err(_) => return Ok(()),
                }
                seen.insert(file);
            }
            if !self.live_runs()?.is_empty() {
                return Ok(());
            }
            if seen.len() == before {
                break;
            }
        }
        for name in unused.into_values().flatten() {
            folder.remove_file(&name).map_err(|source| self.failed("remove a file of", source))?;
        }
        // What else may be in it is not ours.
        let _left = self.folder().remove_folder(FOLDER.as_ref());
        Ok(())
    }

    fn failed(&self, operation: &'static str, source: io::Error) -> StoreError {
        StoreError::Directory { operation, path: self.path().join(FOLDER), source }
    }
}

pub(super) fn folder_to_write(data: &DataDir) -> Result<Folder, StoreError> {
    const MODE: u32 = 0o777;
    let path = data.path().join(FOLDER);
    let folder = data.folder().folder_or_make(FOLDER.as_ref(), MODE);
    folder.map(|folder| folder.at(&path)).map_err(|source| StoreError::CreateDirectory { path, source })
}

fn name_of(key: ContentKey) -> String {
    format!("{key}.sqlite")
}

/// The key in the name of a file about an image, or in that of a temporary.
fn key_in(name: &OsStr) -> Option<ContentKey> {
    let name = name.to_str()?;
    let inner =
        name.strip_prefix('.').and_then(|rest| rest.strip_suffix(".tmp")).and_then(|rest| rest.rsplit_once('.'));
    let name = inner.map_or(name, |(inner, _)| inner);
    ContentKey::parse(name.strip_suffix(".sqlite").or_else(|| name.strip_suffix(".code"))?)
}

/// Whether the file of an image is there and looks whole; readers look whether it is.
fn is_whole(folder: &Folder, name: &str, key: ContentKey) -> bool {
    let path = folder.path().join(name);
    let has_it = || {
        folder.open_file(name.as_ref()).ok()?;
        let db = open(&path).ok()?;
        check_version(&db, &path).ok()?;
        db.query_row("SELECT 1 FROM image WHERE id = ?1", [key], |_| Ok(())).ok()
    };
    has_it().is_some()
}

/// The keys of the images that a data file names and does not hold itself.
fn keys_in(path: &Path) -> Result<Vec<ContentKey>, StoreError> {
    let db = open(path)?;
    if check_version(&db, path)? < schema::FIRST_WITH_KEYS || schema::holds_facts(&db) {
        return Ok(Vec::new());
    }
    let keys = rows(&db, "SELECT DISTINCT image FROM process_image", |row| Ok(row.get(0)?));
    keys.map_err(|fault| fault.in_table("process_image", path))
}
