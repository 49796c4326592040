//! What differs between the builds that were measured and those that are there now.
//!
//! Invariant: a build that cannot be compared is a question that every test answers which has it.

use super::Reason;
use crate::cache::Cache;
use crate::debuginfo::{self, CodeChanges, CodeDigests, ImageIndex};
use crate::store::{DataDir, ImageFacts, Numbits};
use platform::MappedFile;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How many images are known by their place in memory at most.
const MAX_PLACED: usize = 256;

/// Compares builds.
#[derive(Debug)]
pub struct Builds<'d> {
    data: &'d DataDir,
    cache: Option<Cache>,
    /// What takes the place of which image.
    instead: Vec<(PathBuf, PathBuf)>,
    known: HashMap<Arc<ImageFacts>, Arc<ImageQuestion>>,
    /// The same by place in memory, which the facts keep from being used again.
    placed: HashMap<usize, (Arc<ImageFacts>, Arc<ImageQuestion>)>,
}

/// What is asked of the processes that have an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageQuestion {
    /// Why all of them are meant.
    pub all: Option<Reason>,
    /// By file: what of it is meant.
    pub files: BTreeMap<usize, Vec<Asked>>,
}

/// A function that does something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its number in its file.
    pub function: u32,
    /// Its lines, which others may have too.
    pub lines: Numbits,
    /// Whether only they tell that it ran.
    pub by_lines: bool,
    /// What is said of it.
    pub reason: Reason,
}

impl<'d> Builds<'d> {
    /// Of a data directory; `instead` says what takes the place of which image, if that is not what has its path.
    pub fn new(data: &'d DataDir, cache: Option<Cache>, instead: Vec<(PathBuf, PathBuf)>) -> Self {
        Builds { data, cache, instead, known: HashMap::new(), placed: HashMap::new() }
    }

    /// What is asked of those that have an image.
    pub fn question(&mut self, image: &Arc<ImageFacts>) -> Arc<ImageQuestion> {
        let at = Arc::as_ptr(image).addr();
        if let Some((_, question)) = self.placed.get(&at) {
            return question.clone();
        }
        let question = match self.known.get(image) {
            Some(known) => known.clone(),
            None => {
                let question = Arc::new(self.compare(image));
                self.known.insert(image.clone(), question.clone());
                question
            }
        };
        if self.placed.len() >= MAX_PLACED {
            self.placed.clear();
        }
        self.placed.insert(at, (image.clone(), question.clone()));
        question
    }

    fn compare(&self, image: &ImageFacts) -> ImageQuestion {
        let path = Path::new(&image.path);
        let new = self.instead.iter().find(|(old, _)| old == path).map_or(path, |(_, new)| new);
        let unknown = |cause: String| {
            let all = Some(Reason::Unknown { image: image.path.clone(), cause });
            ImageQuestion { all, ..ImageQuestion::default() }
        };
        let compared = std::panic::catch_unwind(AssertUnwindSafe(|| self.changes(image, new)));
        match compared.unwrap_or_else(|_| Err("comparing it with the build that is there now failed".to_owned())) {
            Ok(None) => ImageQuestion::default(),
            Err(cause) => unknown(cause),
            Ok(Some(changes)) if changes.rest => unknown(
                "what runs before main, a library that it needs, or what it offers to others differs".to_owned(),
            ),
            Ok(Some(changes)) => match changes.unknown.first() {
                Some(name) => unknown(format!("{name} differs, and what uses it is not known")),
                None => asked(image, &changes).unwrap_or_else(|| unknown("a function of it is gone".to_owned())),
            },
        }
    }

    /// What differs from the build that is there now; nothing if that is the same one.
    fn changes(&self, image: &ImageFacts, new: &Path) -> Result<Option<CodeChanges>, String> {
        let failed = |error: &dyn std::fmt::Display| format!("{} cannot be read: {error}", new.display());
        let file = File::open(new).map_err(|error| failed(&error))?;
        let before = file.metadata().map_err(|error| failed(&error))?;
        let bytes = MappedFile::map(&file).map_err(|error| failed(&error))?;
        let refused = |error: debuginfo::IndexError| format!("{}: {error}", new.display());
        let Some(old) = self.data.code_of(image) else {
            return Err("the data do not have the digests of its code".to_owned());
        };
        // As the last measurement left it.
        if self.cache.as_ref().and_then(|cache| cache.code(&before)).as_ref() == Some(&old) {
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
        let changes = debuginfo::code_changes(&old, &bytes, &lines, &|name| measured.contains(name));
        changes.map(Some).map_err(refused)
    }
}

/// The functions that differ, as the image knows them; `None` where one is gone that others may have called.
fn asked(image: &ImageFacts, changes: &CodeChanges) -> Option<ImageQuestion> {
    let mut question = ImageQuestion::default();
    let mut gone: HashSet<u64> = changes.gone.iter().copied().collect();
    for (number, file) in image.files.iter().enumerate() {
        for (function, facts) in (0..).zip(&file.functions) {
            let differs = changes.functions.get(&facts.name);
            let is_gone = gone.contains(&CodeDigests::key(facts.name.as_bytes()));
            if differs.is_none() && !is_gone {
                continue;
            }
            let uses = differs.cloned().flatten();
            let reason = Reason::Function { name: facts.name.clone(), uses, image: image.path.clone() };
            let lines = file.executable.within(facts.start..=facts.end).collect();
            let by_lines = !facts.told;
            question.files.entry(number).or_default().push(Asked { function, lines, by_lines, reason });
        }
    }
    let names = image.files.iter().flat_map(|file| &file.functions);
    names.for_each(|function| _ = gone.remove(&CodeDigests::key(function.name.as_bytes())));
    // Within a program what called it differs as well.
    (!changes.is_library || gone.is_empty()).then_some(question)
}
