//! The tables of images, each written once into the folder, and the sources that rows name.

use super::cells::Cells;
use super::folder::FleetFolder;
use super::partition::hexadecimal;
use super::{FleetError, tables};
use crate::store::{ContentKey, FileFacts, ImageFacts, Warning};
use parquet::data_type::ByteArray;
use std::collections::HashMap;
use std::sync::Arc;

/// How many images are known by their place in memory at most.
const MAX_PLACED: usize = 1024;

/// The images and sources of an export.
#[derive(Debug, Default)]
pub(super) struct Images {
    /// The `Arc` keeps its address from being used again.
    placed: HashMap<usize, (Arc<ImageFacts>, ImageRef)>,
    known: HashMap<i64, (Arc<ImageFacts>, ImageRef)>,
    /// Numbers of sources, by path and by what tells the text.
    sources: HashMap<(String, String), u32>,
}

/// An image that was written.
#[derive(Clone, Debug)]
pub(super) struct ImageRef {
    pub key: i64,
    /// The numbers of its sources.
    pub sources: Arc<[u32]>,
}

/// What tells texts of a source apart: where it is known, the MD5 of what the image was built from; else which build it is.
fn text_of(file: &FileFacts, image: &ImageFacts, key: ContentKey) -> String {
    match (file.origin.digest.built(), &image.build_id) {
        (Some(digest), _) => hexadecimal(&digest),
        (None, Some(build)) => format!("build {build}"),
        (None, None) => format!("image {key}"),
    }
}

/// A warning as a cell has it.
pub(super) fn warning_in_words(warning: &Warning) -> String {
    format!("{}: {}", warning.slug, warning.text)
}

impl Images {
    /// Writes what is known of an image, unless the folder has it.
    pub fn keep(&mut self, folder: &FleetFolder, image: &Arc<ImageFacts>) -> Result<ImageRef, FleetError> {
        let at = Arc::as_ptr(image).addr();
        if let Some((_, found)) = self.placed.get(&at) {
            return Ok(found.clone());
        }
        let key = ContentKey::of_shipped(image);
        let found = match self.known.get(&key.number()) {
            Some((_, found)) => found.clone(),
            None => {
                let texts: Vec<String> = image.files.iter().map(|file| text_of(file, image, key)).collect();
                write(folder, image, key, &texts)?;
                let sources = image.files.iter().zip(texts).map(|(file, text)| self.source(&file.path, text)).collect();
                let found = ImageRef { key: key.number(), sources };
                self.known.insert(key.number(), (image.clone(), found.clone()));
                found
            }
        };
        if self.placed.len() >= MAX_PLACED {
            self.placed.clear();
        }
        self.placed.insert(at, (image.clone(), found.clone()));
        Ok(found)
    }

    /// Which place each source has among all, sorted by path and text.
    pub fn ranks(&self) -> Vec<u32> {
        let mut sorted: Vec<(&(String, String), u32)> =
            self.sources.iter().map(|(source, number)| (source, *number)).collect();
        sorted.sort_unstable();
        let mut ranks = vec![0; sorted.len()];
        for (rank, (_, number)) in (0..).zip(sorted) {
            ranks[number as usize] = rank;
        }
        ranks
    }

    /// Path and text of each source, by number.
    pub fn sources(&self) -> Vec<[ByteArray; 2]> {
        let mut sources = vec![[ByteArray::new(), ByteArray::new()]; self.sources.len()];
        for ((path, text), number) in &self.sources {
            sources[*number as usize] = [path.as_str().into(), text.as_str().into()];
        }
        sources
    }

    /// What is known of the sources of each image, by the numbers of image and source.
    pub fn files(&self) -> HashMap<(i64, u32), &FileFacts> {
        let files = self.known.values().flat_map(|(facts, found)| {
            let numbers = found.sources.iter().map(|source| (found.key, *source));
            numbers.zip(&facts.files)
        });
        files.collect()
    }

    fn source(&mut self, path: &str, text: String) -> u32 {
        let next = self.sources.len() as u32;
        *self.sources.entry((path.to_owned(), text)).or_insert(next)
    }
}

/// Writes the files of an image; that of the image itself last.
fn write(folder: &FleetFolder, image: &ImageFacts, key: ContentKey, texts: &[String]) -> Result<(), FleetError> {
    let name = key.to_string();
    let begin = |cells: &mut Cells<'_>, file: &FileFacts, text: &String| {
        cells.one(key.number()).one(file.path.as_str()).one(text.as_str());
    };
    let files = || image.files.iter().zip(texts);
    if let Some(mut table) = folder.begin_of_image(&tables::FILES, &name)? {
        for (file, text) in files() {
            table.row(|cells| {
                begin(cells, file, text);
                cells.maybe(file.origin.digest.built().map(|digest| ByteArray::from(hexadecimal(&digest).as_str())));
                cells.one(file.executable.len() as i32).one(file.functions.len() as i32);
            })?;
        }
        table.finish()?.publish()?;
    }
    if let Some(mut table) = folder.begin_of_image(&tables::LINES, &name)? {
        for (file, text) in files() {
            for (first, last) in file.executable.ranges() {
                table.row(|cells| {
                    begin(cells, file, text);
                    cells.one(first.cast_signed()).one(last.cast_signed());
                })?;
            }
        }
        table.finish()?.publish()?;
    }
    if let Some(mut table) = folder.begin_of_image(&tables::FUNCTIONS, &name)? {
        for (file, text) in files() {
            for function in &file.functions {
                table.row(|cells| {
                    begin(cells, file, text);
                    cells.one(function.name.as_str());
                    cells.one(function.start.cast_signed()).one(function.end.cast_signed()).one(function.told);
                })?;
            }
        }
        table.finish()?.publish()?;
    }
    if let Some(mut table) = folder.begin_of_image(&tables::IMAGES, &name)? {
        table.row(|cells| {
            cells.one(key.number()).one(image.path.as_str()).maybe(image.build_id.as_deref());
            cells.list(image.warnings.iter().map(|warning| ByteArray::from(warning_in_words(warning).as_str())));
        })?;
        table.finish()?.publish()?;
    }
    Ok(())
}
