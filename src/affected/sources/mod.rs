//! What changes of sources mean for those who ran the code of them.
//!
//! ```text
//! text as measured, text now ──► lines of code ──► parts that differ (by their words) ──► who is asked
//! ```
//! Invariant: a change is narrowed to functions or lines only where the text that was measured is known and the code of the
//! source is not optimized: optimized code may do what a line says without a place that tells it.

mod code_lines;
mod parts;
mod words;

use super::Reason;
use super::links::Links;
use super::questions::Asked;
use crate::debuginfo::CodeDigests;
use crate::report::{Language, NoSource, Paths, ShownSources, SourceText};
use crate::store::{Digest, FileFacts, ImageFacts};
use code_lines::{CodeLine, code_lines};
pub use parts::ChangedPart;
use parts::changed_parts;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Where the states of sources come from that are not in the working tree any more.
pub trait Versions {
    /// The text of a source that has this MD5.
    fn with_digest(&self, path: &Path, digest: [u8; 16]) -> Option<Vec<u8>>;

    /// The text in the revision that is compared with, if there is one; it may have none of this source.
    fn at_revision(&self, path: &Path) -> Option<Vec<u8>>;
}

/// Which files are said to have changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangedFiles {
    /// Their absolute paths.
    pub files: BTreeSet<PathBuf>,
    /// Those of them that are new.
    pub added: BTreeSet<PathBuf>,
    /// Those of them that git does not know.
    pub untracked: BTreeSet<PathBuf>,
    /// Whether sources count too that are not as they were measured, though nobody said so.
    pub with_others: bool,
    /// What concerns all tests, whatever else changed.
    pub unknown: BTreeSet<Reason>,
}

/// Asks what changes of sources mean.
pub struct Sources<'v> {
    paths: Paths,
    changed: ChangedFiles,
    versions: &'v dyn Versions,
    /// Those of the changed files that are sources of what was measured.
    measured: BTreeSet<PathBuf>,
    /// When the last of the changed sources was written.
    newest: Option<SystemTime>,
    links: Links,
}

/// What the changes of its sources mean for those that ran an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceAnswer {
    /// Why the sources do not say it.
    pub unknown: Option<Reason>,
    /// By file: the parts that changed.
    pub parts: BTreeMap<usize, Vec<ChangedPart>>,
    /// By file: what is said of the parts, in their order.
    pub reasons: BTreeMap<usize, Vec<Reason>>,
    /// Whether a source of it is gone.
    pub has_lost: bool,
    /// Whether it was measured after a change.
    pub is_after: bool,
    /// When the last of its sources was written.
    pub newest: Option<SystemTime>,
}

/// What became of a source.
enum State {
    /// It is as it was measured.
    Same(Vec<u8>),
    Differs {
        measured: Vec<u8>,
        now: Vec<u8>,
    },
    Unknown(&'static str),
    Gone,
    /// It was not there when it was measured either.
    NeverThere,
}

impl<'v> Sources<'v> {
    /// Of sources that are where `paths` say.
    pub fn new(paths: Paths, changed: ChangedFiles, versions: &'v dyn Versions) -> Self {
        let (mut changed, mut measured) = (changed, BTreeSet::new());
        // What differs in comments alone changes nothing but for who reads it.
        for path in &changed.files {
            let language = Language::of(&path.to_string_lossy());
            let texts = || Some((versions.at_revision(path)?, fs::read(path).ok()?));
            let code = |language, text: &[u8]| code_lines(language, text).map(text_of);
            if let Some((language, (before, now))) = language.and_then(|language| Some((language, texts()?)))
                && code(language, &before).is_some_and(|before| Some(before) == code(language, &now))
            {
                measured.insert(path.clone());
            }
        }
        changed.added.retain(|path| !measured.contains(path));
        // Of other files nobody knows whether a build has to be newer.
        let is_source = |path: &&PathBuf| Language::of(&path.to_string_lossy()).is_some();
        let newest = changed.files.iter().filter(is_source).filter_map(|path| changed_at(path)).max();
        Sources { paths, changed, versions, measured, newest, links: Links::default() }
    }

    /// The changed files that are no sources of what was asked about.
    pub fn others(&self) -> impl Iterator<Item = &PathBuf> {
        self.changed.files.difference(&self.measured)
    }

    /// Whether nothing changed but sources of what was asked about.
    pub fn are_all_changes(&self) -> bool {
        self.changed.unknown.is_empty() && self.others().next().is_none()
    }

    /// What is said to have changed.
    pub fn changed(&self) -> &ChangedFiles {
        &self.changed
    }

    /// Where a file is that was somewhere else when it was measured.
    pub fn place(&self, path: &str) -> PathBuf {
        PathBuf::from(self.paths.locate(path))
    }

    /// What a path is called.
    pub fn name(&self, path: &Path) -> String {
        self.paths.name(&path.to_string_lossy())
    }

    /// What changes mean for those that ran an image, whose code has these digests.
    pub fn answer(&mut self, image: &ImageFacts, code: Option<&CodeDigests>) -> SourceAnswer {
        // It is compared by itself.
        let image_path = self.links.real(Path::new(&image.path));
        self.measured.extend(self.changed.files.contains(&image_path).then_some(image_path));
        let mut answer = SourceAnswer { newest: self.newest, ..SourceAnswer::default() };
        for (number, file) in image.files.iter().enumerate() {
            let path = PathBuf::from(self.paths.place(file, &mut []));
            let named = [path.clone(), self.links.real(&path)].into_iter().find(|way| self.changed.files.contains(way));
            let is_named = named.is_some();
            self.measured.extend(named);
            answer.newest = answer.newest.max(changed_at(&path));
            if !is_named && !self.changed.with_others {
                continue;
            }
            let name = self.name(&path);
            let unknown = |cause: &str, line: u32| {
                let place = if line == 0 { name.clone() } else { format!("{name}:{line}") };
                Some(Reason::Changed { path: place, cause: cause.to_owned() })
            };
            let state = self.state(&path, file.origin.digest);
            let is_after = matches!(state, State::Same(_));
            let (measured, other) = match state {
                State::Same(_) if !is_named => continue,
                State::Same(now) => match self.versions.at_revision(&path) {
                    Some(before) => (now, before),
                    None if self.changed.with_others => {
                        answer.unknown = unknown("it is new", 0);
                        continue;
                    }
                    // Nothing of it has changed yet, but anything of it will.
                    None => {
                        answer.add(number, whole(file), |_| Reason::Source {
                            source: name.clone(),
                            lines: None,
                            function: None,
                        });
                        continue;
                    }
                },
                State::Differs { measured, now } => (measured, now),
                State::NeverThere if !is_named => continue,
                State::Unknown(cause) => {
                    answer.unknown = unknown(cause, 0);
                    continue;
                }
                State::Gone => {
                    (answer.unknown, answer.has_lost) = (unknown("it is gone", 0), true);
                    continue;
                }
                State::NeverThere => {
                    answer.unknown = unknown("it was not there when it was measured", 0);
                    continue;
                }
            };
            let is_plain = code.is_some_and(|code| code.is_unoptimized(&file.path));
            match changed_parts(file, &measured, &other) {
                Ok(parts) if parts.is_empty() => {}
                Ok(_) if !is_plain => {
                    answer.unknown =
                        unknown("its code is optimized, so that a line may act where it has no code of its own", 0);
                }
                Ok(parts) => {
                    answer.is_after |= is_after;
                    answer.add(number, parts, |part| part.reason(&name, file));
                }
                Err(elsewhere) => answer.unknown = unknown(elsewhere.cause, elsewhere.line),
            }
        }
        answer
    }

    fn state(&self, path: &Path, digest: Digest) -> State {
        let now = match SourceText::read(path, &ShownSources::default()) {
            Ok(text) => Some(text),
            Err(NoSource::Missing) => None,
            Err(NoSource::Unreadable | NoSource::Withheld) => return State::Unknown("it cannot be read"),
        };
        let digest = match (digest, &now) {
            (Digest::Built(digest), _) => digest,
            (Digest::Unknown, None) => return State::NeverThere,
            (Digest::Unknown, Some(_)) => return State::Unknown("it was not there when it was measured"),
            (Digest::Changed(_), _) => return State::Unknown("it was changed after the build that was measured"),
        };
        let Some(now) = now else { return State::Gone };
        if now.md5() == digest {
            return State::Same(now.bytes().to_vec());
        }
        match self.versions.with_digest(path, digest) {
            Some(measured) => State::Differs { measured, now: now.bytes().to_vec() },
            None => State::Unknown("it was changed, and its text as it was measured is not known to git"),
        }
    }
}

/// When a file was written last.
pub fn written(path: &Path) -> Option<SystemTime> {
    path.metadata().ok()?.modified().ok()
}

/// When a file was written last, or something of it was changed, its name included: another one may have taken its place that is
/// older.
pub fn changed_at(path: &Path) -> Option<SystemTime> {
    let file = path.symlink_metadata().ok()?;
    let since = Duration::new(u64::try_from(file.ctime()).ok()?, u32::try_from(file.ctime_nsec()).ok()?);
    written(path).max(Some(SystemTime::UNIX_EPOCH + since))
}

/// The texts of lines, wherever they are.
fn text_of(lines: Vec<CodeLine>) -> Vec<Vec<u8>> {
    lines.into_iter().map(|line| line.text).collect()
}

/// A source as a whole.
fn whole(file: &FileFacts) -> Vec<ChangedPart> {
    let functions = (0..file.functions.len() as u32).collect();
    let part = |functions, only| ChangedPart { lines: 1..=u32::MAX, functions, only };
    vec![part(functions, None), part(Vec::new(), Some(file.executable.clone()))]
}

impl ChangedPart {
    fn reason(&self, source: &str, file: &FileFacts) -> Reason {
        let (first, last) = (*self.lines.start(), *self.lines.end());
        let lines = if first == last { first.to_string() } else { format!("{first}-{last}") };
        let innermost = self.functions.iter().map(|function| &file.functions[*function as usize]);
        let innermost = innermost.max_by_key(|function| function.start).map(|function| function.name.clone());
        let function = innermost.filter(|_| self.only.is_none());
        Reason::Source { source: source.to_owned(), lines: Some(lines), function }
    }

    /// What is asked of a file in which this part changed.
    pub fn asked(&self, file: &FileFacts, reason: &Reason) -> Vec<Asked> {
        if let Some(lines) = &self.only {
            return vec![Asked { function: None, lines: lines.clone(), by_lines: true, reason: reason.clone() }];
        }
        let of_function = |function: &u32| Asked::of_function(*function, file, reason.clone());
        self.functions.iter().map(of_function).collect()
    }
}

impl SourceAnswer {
    fn add(&mut self, file: usize, parts: Vec<ChangedPart>, reason: impl Fn(&ChangedPart) -> Reason) {
        self.reasons.entry(file).or_default().extend(parts.iter().map(reason));
        self.parts.entry(file).or_default().extend(parts);
    }

    /// What is said of a function in which something changed.
    pub fn of_function(&self, file: usize, function: u32) -> Option<Reason> {
        let mut parts = self.parts.get(&file)?.iter().zip(self.reasons.get(&file)?);
        parts.find(|(part, _)| part.functions.contains(&function)).map(|(_, reason)| reason.clone())
    }

    /// The functions in which something changed, by file and number.
    pub fn functions(&self) -> Vec<(usize, u32, Reason)> {
        let of_file = |(file, parts): (&usize, &Vec<ChangedPart>)| {
            let file = *file;
            let of_parts = parts.iter().zip(&self.reasons[&file]);
            let of_parts = of_parts.flat_map(move |(part, reason)| {
                part.functions.iter().map(move |function| (file, *function, reason.clone()))
            });
            of_parts.collect::<Vec<_>>()
        };
        self.parts.iter().flat_map(of_file).collect()
    }
}
