//! What differs between the builds that were measured and those that are there now.
//!
//! Invariant: a build that cannot be compared is a question that every test answers which has it.

use super::Reason;
use super::links::Links;
use super::sources::written;
use crate::cache::Cache;
use crate::debuginfo::{self, CodeChanges, CodeDigests, Compared, ImageIndex};
use crate::filter::plain;
use crate::store::{DataDir, ImageFacts};
use platform::MappedFile;
use std::collections::{BTreeSet, HashSet};
use std::fs::File;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Compares builds.
#[derive(Debug)]
pub struct Builds<'d> {
    data: &'d DataDir,
    cache: Option<Cache>,
    /// What takes the place of which image, if that is not what has its path.
    instead: Vec<Instead>,
    links: Links,
}

/// What takes the place of an image.
#[derive(Debug)]
struct Instead {
    old: PathBuf,
    new: PathBuf,
    /// The paths of images that are meant.
    images: BTreeSet<String>,
}

/// What a comparison of builds tells. `is_current` says whether there is a build that is as new as the sources, or that
/// was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildAnswer {
    Same {
        is_current: bool,
    },
    /// The functions that do something else, by file and number.
    Differs {
        functions: Vec<(usize, u32, Reason)>,
        is_current: bool,
    },
    Unknown {
        reason: Reason,
        is_current: bool,
    },
}

impl<'d> Builds<'d> {
    /// Of a data directory; `instead` says what takes the place of which image, if that is not what has its path.
    pub fn new(data: &'d DataDir, cache: Option<Cache>, instead: Vec<(PathBuf, PathBuf)>) -> Self {
        let mut links = Links::default();
        let instead = instead.into_iter().map(|(old, new)| {
            let old = links.real(&plain(&old));
            Instead { old, new, images: BTreeSet::new() }
        });
        Builds { data, cache, instead: instead.collect(), links }
    }

    /// The digests of the code of an image as it was measured.
    pub fn code_of(&self, image: &ImageFacts) -> Option<CodeDigests> {
        self.data.code_of(image)
    }

    /// An image is known; it may be one that was named.
    pub fn note(&mut self, image: &ImageFacts) {
        let real = self.links.real(Path::new(&image.path));
        for instead in
            self.instead.iter_mut().filter(|instead| instead.old == real || instead.old == Path::new(&image.path))
        {
            instead.images.insert(image.path.clone());
        }
    }

    /// Those that were named as older builds and are no images.
    pub fn unknown(&self) -> Vec<&Path> {
        let unknown = self.instead.iter().filter(|instead| instead.images.is_empty());
        unknown.map(|instead| instead.old.as_path()).collect()
    }

    /// The file that takes the place of an image.
    pub fn of_now<'p>(&'p self, image: &'p ImageFacts) -> &'p Path {
        self.named(image).unwrap_or(Path::new(&image.path))
    }

    fn named(&self, image: &ImageFacts) -> Option<&Path> {
        let named = self.instead.iter().find(|instead| instead.images.contains(&image.path));
        named.map(|instead| instead.new.as_path())
    }

    /// Compares an image, of whose code these are the digests, with the build that is there now, which is from before
    /// `changed` unless it was named or is younger.
    pub fn compare(
        &self,
        image: &ImageFacts,
        code: Option<&CodeDigests>,
        changed: Option<SystemTime>,
        of: Compared,
    ) -> BuildAnswer {
        let new = self.of_now(image);
        let is_current = self.named(image).is_some() || changed.is_none() || written(new) > changed;
        let unknown = |cause: String, is_current: bool| BuildAnswer::Unknown {
            reason: Reason::Unknown { image: image.path.clone(), cause },
            is_current,
        };
        let compared = std::panic::catch_unwind(AssertUnwindSafe(|| self.changes(image, code, new, of)));
        match compared.unwrap_or_else(|_| Err("comparing it with the build that is there now failed".to_owned())) {
            Ok(None) => BuildAnswer::Same { is_current },
            Err(cause) => unknown(cause, false),
            Ok(Some(changes)) if changes.rest => unknown(
                "what runs before main, a library that it needs, or what it offers to others differs".to_owned(),
                is_current,
            ),
            Ok(Some(changes)) => match changes.unknown.first() {
                Some(name) => unknown(format!("{name} differs, and what uses it is not known"), is_current),
                None => match differing(image, &changes) {
                    Some(functions) if functions.is_empty() => BuildAnswer::Same { is_current },
                    Some(functions) => BuildAnswer::Differs { functions, is_current },
                    None => unknown("a function of it is gone".to_owned(), is_current),
                },
            },
        }
    }

    /// What differs from the build that is there now; nothing if that is the same one.
    fn changes(
        &self,
        image: &ImageFacts,
        old: Option<&CodeDigests>,
        new: &Path,
        compared: Compared,
    ) -> Result<Option<CodeChanges>, String> {
        let failed = |error: &dyn std::fmt::Display| format!("{} cannot be read: {error}", new.display());
        let file = File::open(new).map_err(|error| failed(&error))?;
        let before = file.metadata().map_err(|error| failed(&error))?;
        let bytes = MappedFile::map(&file).map_err(|error| failed(&error))?;
        let refused = |error: debuginfo::IndexError| format!("{}: {error}", new.display());
        let old = old.ok_or("the data do not have the digests of its code")?;
        // As the last measurement left it.
        if self.cache.as_ref().and_then(|cache| cache.code(&before)).as_ref() == Some(old) {
            return Ok(None);
        }
        let slot = self.cache.as_ref().map(|cache| cache.place(&before));
        let index = match slot.as_ref().and_then(|slot| slot.load(&bytes)) {
            Some(index) => index,
            None => {
                let measured: HashSet<&str> = image.files.iter().map(|file| file.path.as_str()).collect();
                let wanted = |sources: &[String]| sources.iter().map(|path| measured.contains(path.as_str())).collect();
                debuginfo::index_of_sources(&bytes, &wanted).map_err(refused)?
            }
        };
        let functions = image.files.iter().flat_map(|file| &file.functions);
        let measured: HashSet<&str> = functions.map(|function| function.name.as_str()).collect();
        let lines = |part| ImageIndex::lines_in(&index, part);
        let changes = debuginfo::code_changes(old, &bytes, &lines, &|name| measured.contains(name), compared);
        changes.map(Some).map_err(refused)
    }
}

/// The functions that differ, as the image knows them; `None` where one is gone that others may have called.
fn differing(image: &ImageFacts, changes: &CodeChanges) -> Option<Vec<(usize, u32, Reason)>> {
    let mut differing = Vec::new();
    let mut gone: HashSet<u64> = changes.gone.iter().copied().collect();
    for (number, file) in image.files.iter().enumerate() {
        for (function, facts) in (0..).zip(&file.functions) {
            let differs = changes.functions.get(&facts.name);
            let is_gone = gone.contains(&CodeDigests::key(facts.name.as_bytes()));
            if differs.is_none() && !is_gone {
                continue;
            }
            let uses = differs.cloned().flatten();
            differing.push((
                number,
                function,
                Reason::Function { name: facts.name.clone(), uses, image: image.path.clone() },
            ));
        }
    }
    let names = image.files.iter().flat_map(|file| &file.functions);
    names.for_each(|function| _ = gone.remove(&CodeDigests::key(function.name.as_bytes())));
    // Within a program what called it differs as well.
    (!changes.is_library || gone.is_empty()).then_some(differing)
}
