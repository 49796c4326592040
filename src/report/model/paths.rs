//! Where sources are on this machine, and what they are called in a report.
//!
//! Invariant: nothing is guessed: a path is changed only by a rule that was given, and what is not below the root keeps
//! its whole path.

use super::source::SourceText;
use super::withheld::ShownSources;
use crate::filter::{Pattern, PatternError, plain};
use crate::store::{Digest, FileFacts};
use globset::{GlobBuilder, GlobMatcher};
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

/// Paths that start with one thing start with another here.
#[derive(Clone, Debug)]
pub struct PathMap {
    written: String,
    from: GlobMatcher,
    to: PathBuf,
}

/// Why a text is no path map.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathMapError {
    /// There is no `=` in it.
    #[error("write FROM=TO, such as /build/project=.")]
    NoTarget,
    /// The first part is no pattern.
    #[error(transparent)]
    Pattern(#[from] PatternError),
}

impl FromStr for PathMap {
    type Err = PathMapError;

    fn from_str(text: &str) -> Result<Self, PathMapError> {
        let (from, to) = text.split_once('=').ok_or(PathMapError::NoTarget)?;
        from.parse::<Pattern>()?;
        let whole = from.trim_end_matches('/');
        let glob = GlobBuilder::new(if whole.is_empty() { "/" } else { whole }).literal_separator(true).build();
        let from = glob.map_err(PatternError::Glob)?.compile_matcher();
        Ok(PathMap { written: text.to_owned(), from, to: to.into() })
    }
}

impl fmt::Display for PathMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl PathMap {
    /// Where the paths start here.
    pub fn target(&self) -> &Path {
        &self.to
    }

    /// Where a path is, if the longest of its leading parts that matches is replaced; `None` if none does.
    fn apply(&self, path: &Path) -> Option<PathBuf> {
        let matched = path.ancestors().find(|part| !part.as_os_str().is_empty() && self.from.is_match(part))?;
        let rest = path.strip_prefix(matched).ok()?;
        Some(if rest.as_os_str().is_empty() { self.to.clone() } else { self.to.join(rest) })
    }
}

/// The rules for paths.
#[derive(Clone, Debug, Default)]
pub struct Paths {
    /// The first that matches counts.
    pub maps: Vec<PathMap>,
    /// What relative paths, those of debug info and those of maps, are relative to.
    pub base: PathBuf,
    /// Whether that was given, so that relative paths are nowhere else.
    pub base_is_given: bool,
    /// What names in a report are relative to; `None` for whole paths.
    pub root: Option<PathBuf>,
    /// Which sources are shown.
    pub sources: Arc<ShownSources>,
}

impl Paths {
    /// Where the source is that debug info calls `path`.
    pub fn locate(&self, path: &str) -> String {
        self.mapped(path, &mut []).unwrap_or_else(|| self.based(Path::new(path)))
    }

    /// The same of a source that may have been found under another name when it was measured; notes which maps fit.
    ///
    /// A map counts first, then the real path, unless only the other one is there, or is below the root.
    pub fn place(&self, file: &FileFacts, used: &mut [bool]) -> String {
        let named = || self.based(Path::new(&file.path));
        let real = file.origin.real.as_ref();
        if let Some(mapped) = self.mapped(&file.path, used).or_else(|| self.mapped(real?, used)) {
            return mapped;
        }
        let Some(real) = real else { return named() };
        let named = named();
        if *real == named || !Path::new(&named).exists() {
            return real.clone();
        }
        let is_named = match Path::new(&file.path).has_root() {
            true => !Path::new(real).exists() || self.rank(&named).0 < self.rank(real).0,
            false => !Path::new(real).exists() || self.base_is_given && is_text(&named, file.origin.digest),
        };
        if is_named { named } else { real.clone() }
    }

    /// Which of several names of a source to take: the least.
    pub fn rank<'n>(&self, name: &'n str) -> (u8, &'n str) {
        let top = self.root.as_ref().unwrap_or(&self.base);
        (u8::from(!Path::new(name).starts_with(top)), name)
    }

    /// Where a path is by the first map that fits.
    fn mapped(&self, path: &str, used: &mut [bool]) -> Option<String> {
        let fits = |(at, map): (usize, &PathMap)| Some((at, map.apply(Path::new(path))?));
        let (at, mapped) = self.maps.iter().enumerate().find_map(fits)?;
        used.get_mut(at).into_iter().for_each(|used| *used = true);
        Some(self.based(&mapped))
    }

    fn based(&self, path: &Path) -> String {
        // All of it was text before, but for the base, of which reports show no more than that either.
        plain(&self.base.join(path)).to_string_lossy().into_owned()
    }

    /// What the source at `path` is called in a report.
    pub fn name(&self, path: &str) -> String {
        let below = self.root.as_ref().and_then(|root| Path::new(path).strip_prefix(root).ok());
        let below = below.and_then(Path::to_str).filter(|below| !below.is_empty());
        below.unwrap_or(path).to_owned()
    }
}

/// Whether what is at a path has a digest.
fn is_text(path: &str, digest: Digest) -> bool {
    // Of a text that is not shown the digest may be compared.
    let text = SourceText::read(Path::new(path), &ShownSources::default()).map(|text| text.md5());
    matches!((text, digest), (Ok(text), Digest::Built(digest) | Digest::Changed(digest)) if text == digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(maps: &[&str]) -> Paths {
        let maps = maps.iter().map(|map| map.parse().unwrap()).collect();
        Paths { maps, base: "/home/u/p".into(), root: Some("/home/u/p".into()), ..Paths::default() }
    }

    fn located(maps: &[&str], path: &str) -> String {
        paths(maps).locate(path)
    }

    #[test]
    fn the_first_map_that_matches_replaces_leading_parts() {
        assert_eq!(located(&[], "/build/x/src/a.c"), "/build/x/src/a.c");
        assert_eq!(located(&["/build/x=."], "/build/x/src/a.c"), "/home/u/p/src/a.c");
        assert_eq!(located(&["/build/x/=/q/"], "/build/x/src/a.c"), "/q/src/a.c");
        assert_eq!(located(&["/build/*=."], "/build/x/src/a.c"), "/home/u/p/src/a.c");
        assert_eq!(located(&["/build/**=."], "/build/x/src/a.c"), "/home/u/p", "the longest part counts");
        assert_eq!(located(&["/build/xy=.", "/build/x=/1", "/build/x=/2"], "/build/x/a.c"), "/1/a.c");
        assert_eq!(located(&["/b=."], "/build/x/a.c"), "/build/x/a.c", "names are not cut");
        assert_eq!(located(&["/build/a.c=src/b.c"], "/build/a.c"), "/home/u/p/src/b.c");
        assert_eq!(located(&["/=/mnt"], "/usr/a.c"), "/mnt/usr/a.c");
    }

    #[test]
    fn relative_paths_are_below_the_base() {
        assert_eq!(located(&[], "./src/../a.c"), "/home/u/p/a.c");
        assert_eq!(located(&["src=lib"], "src/a.c"), "/home/u/p/lib/a.c");
        assert_eq!(located(&[], "../../../../../etc/passwd"), "/etc/passwd");
    }

    #[test]
    fn names_are_relative_to_the_root_where_they_are_below_it() {
        let paths = paths(&[]);
        assert_eq!(paths.name("/home/u/p/src/a.c"), "src/a.c");
        assert_eq!(paths.name("/home/u/pp/a.c"), "/home/u/pp/a.c");
        assert_eq!(Paths { root: None, ..paths }.name("/home/u/p/src/a.c"), "/home/u/p/src/a.c");
    }

    #[test]
    fn what_is_no_map_says_why() {
        assert_eq!("/build".parse::<PathMap>().unwrap_err(), PathMapError::NoTarget);
        assert!("=x".parse::<PathMap>().unwrap_err().to_string().contains("empty"));
        assert!("a[=x".parse::<PathMap>().unwrap_err().to_string().contains("unclosed"));
    }
}
