//! Which sources and images are meant, by globs; the same when measuring and when reporting.
//!
//! A pattern with a `/` is matched against the absolute path and against the path relative to the working directory; if
//! it matches a directory, everything below is meant. A pattern without a `/` names a file anywhere or, for sources, a
//! directory anywhere below the working directory. `*` stays within one name, `**` crosses directories.

mod folders;
mod pattern;
mod project;

pub(crate) use folders::{git_root, plain};
pub use pattern::{Pattern, PatternError};
pub(crate) use project::{Project, is_output};

use globset::{GlobSet, GlobSetBuilder};
use std::path::{Path, PathBuf};

/// The sources that are meant: all that `include` has (all at all if it is empty), without those of `exclude`.
#[derive(Clone, Debug)]
pub(crate) struct SourceFilter {
    include: Option<PathSet>,
    exclude: PathSet,
}

impl SourceFilter {
    /// A filter for patterns given in a working directory.
    pub fn new(include: &[Pattern], exclude: &[Pattern], cwd: &Path) -> Self {
        let set = |patterns| PathSet::new(patterns, cwd, Names::FilesAndDirectories);
        SourceFilter { include: (!include.is_empty()).then(|| set(include)), exclude: set(exclude) }
    }

    /// Whether a source file is meant, by its absolute path or by another that it has, as by way of symbolic links; the
    /// other one is asked for if it matters.
    pub fn takes(&self, path: &str, other: impl FnOnce() -> Option<String>) -> bool {
        if self.exclude.has(path) {
            return false;
        }
        let includes = |path: &str| self.include.as_ref().is_none_or(|include| include.has(path));
        let is_included = includes(path);
        if is_included && self.exclude.is_empty() {
            return true;
        }
        match other().filter(|other| other != path) {
            Some(other) => (is_included || includes(&other)) && !self.exclude.has(&other),
            None => is_included,
        }
    }
}

/// The images that are meant: those that match a pattern, or all if there is none.
#[derive(Clone, Debug)]
pub(crate) struct ModuleFilter {
    modules: Option<PathSet>,
}

impl ModuleFilter {
    /// A filter for patterns given in a working directory.
    pub fn new(modules: &[Pattern], cwd: &Path) -> Self {
        ModuleFilter { modules: (!modules.is_empty()).then(|| PathSet::new(modules, cwd, Names::Files)) }
    }

    /// Whether an image is meant, by its absolute path.
    pub fn takes(&self, path: &str) -> bool {
        self.modules.as_ref().is_none_or(|modules| modules.has(path))
    }
}

/// What a pattern without a `/` is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Names {
    /// The file's name.
    Files,
    /// The file's name, and the names of the directories between it and the working directory.
    FilesAndDirectories,
}

#[derive(Clone, Debug)]
struct PathSet {
    paths: GlobSet,
    names: GlobSet,
    compared: Names,
    cwd: PathBuf,
}

impl PathSet {
    fn new(patterns: &[Pattern], cwd: &Path, compared: Names) -> Self {
        let (mut paths, mut names) = (GlobSetBuilder::new(), GlobSetBuilder::new());
        for pattern in patterns {
            match pattern.path_globs(cwd) {
                Some(globs) => globs.into_iter().for_each(|glob| _ = paths.add(glob)),
                None => pattern.name_globs().into_iter().for_each(|glob| _ = names.add(glob)),
            }
        }
        let build =
            |set: GlobSetBuilder| set.build().expect("invariant: a pattern is two valid globs of bounded length");
        PathSet { paths: build(paths), names: build(names), compared, cwd: cwd.to_owned() }
    }

    fn is_empty(&self) -> bool {
        self.paths.is_empty() && self.names.is_empty()
    }

    fn has(&self, path: &str) -> bool {
        let path = Path::new(path);
        // A path that a build made relative is taken for one below the working directory.
        let relative = if path.is_relative() { Some(path) } else { path.strip_prefix(&self.cwd).ok() };
        let below = match self.compared {
            Names::Files => None,
            Names::FilesAndDirectories => relative,
        };
        path.ancestors().any(|part| self.paths.is_match(part))
            || relative.is_some_and(|relative| relative.ancestors().any(|part| self.paths.is_match(part)))
            || path.file_name().is_some_and(|name| self.names.is_match(name))
            || below.is_some_and(|below| below.iter().any(|name| self.names.is_match(name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(texts: &[&str]) -> Vec<Pattern> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn takes(pattern: &str, path: &str) -> bool {
        SourceFilter::new(&patterns(&[pattern]), &[], Path::new("/home/u/[p]")).takes(path, || None)
    }

    #[test]
    fn a_pattern_with_a_slash_is_a_path_or_a_directory() {
        for pattern in [
            "/home/u/[p]/src/lib/a.c",
            "src/lib/a.c",
            "./src/lib/a.c",
            "src/lib",
            "src/lib/",
            "src/*/a.c",
            "src/*",
            "src/**",
            "**/a.c",
            "**/lib/*.c",
            "/home/**",
            "/home/u",
            "/home/*/*/src",
            ".",
            "./",
            "./.",
            "../[p]/src",
            "src/../src/lib",
            "src/{bin,lib}/a.c",
        ] {
            assert!(takes(pattern, "/home/u/[p]/src/lib/a.c"), "{pattern}");
        }
        for pattern in ["src/*.c", "/src/lib", "/home/*/a.c", "lib/a.c", "src/li", "..x/", "../src", "/home/u/[p]/sr"] {
            assert!(!takes(pattern, "/home/u/[p]/src/lib/a.c"), "{pattern}");
        }
        assert!(takes("..", "/home/u/other/a.c") && !takes("..", "/home/v/a.c"));
        assert!(takes("/", "/home/v/a.c"));
        assert!(takes("src", "src/a.c") && takes("src/*.c", "src/a.c") && !takes("lib", "src/a.c"));
    }

    #[test]
    fn a_source_is_meant_by_either_of_its_names() {
        let takes = |include: &[&str], exclude: &[&str]| {
            let filter = SourceFilter::new(&patterns(include), &patterns(exclude), Path::new("/data/p"));
            filter.takes("/link/p/a.c", || Some("/data/p/a.c".to_owned()))
        };
        assert!(takes(&[], &[]) && takes(&["/link/p"], &[]) && takes(&["/data/p"], &[]) && takes(&["."], &[]));
        assert!(!takes(&["/other"], &[]) && !takes(&[], &["/link/p"]) && !takes(&[], &["."]));
        assert!(!takes(&["/link/p"], &["/data/**"]) && takes(&["/data/p"], &["b.c"]) && takes(&["a.c"], &["/other"]));
    }

    #[test]
    fn a_pattern_without_one_is_a_name() {
        for pattern in ["a.c", "*.c", "lib", "src", "?.c", "l*"] {
            assert!(takes(pattern, "/home/u/[p]/src/lib/a.c"), "{pattern}");
        }
        for pattern in ["home", "u", "[p]", "*.h", "li"] {
            assert!(!takes(pattern, "/home/u/[p]/src/lib/a.c"), "{pattern}");
        }
        assert!(takes("a.c", "/usr/src/a.c") && !takes("src", "/usr/src/a.c"));
        assert!(takes("a[1].c", "/usr/src/a[1].c") && takes("a[1].c", "/usr/src/a1.c"));
    }

    #[test]
    fn exclude_wins_and_nothing_means_all() {
        let filter = SourceFilter::new(&patterns(&["src"]), &patterns(&["*.h", "src/gen"]), Path::new("/p"));
        assert!(filter.takes("/p/src/a.c", || None));
        assert!(
            !filter.takes("/p/src/a.h", || None)
                && !filter.takes("/p/src/gen/x.c", || None)
                && !filter.takes("/p/a.c", || None)
        );
        assert!(SourceFilter::new(&[], &[], Path::new("/p")).takes("anything", || None));
    }

    #[test]
    fn modules_go_by_base_name_or_path() {
        let takes = |pattern, path| ModuleFilter::new(&patterns(&[pattern]), Path::new("/p")).takes(path);
        for pattern in ["lua", "l*", "/p/bin/lua", "bin/lua", "bin", "bin/", "./bin/*"] {
            assert_eq!(takes(pattern, "/p/bin/lua"), pattern != "bin", "{pattern}");
        }
        assert!(takes("libc.so*", "/usr/lib/libc.so.6") && takes("/usr/lib", "/usr/lib/libc.so.6"));
        assert!(ModuleFilter::new(&[], Path::new("/p")).takes("/p/bin/lua"));
    }

    #[test]
    fn bad_patterns_say_why() {
        for (text, why) in [("", "empty"), ("a[", "unclosed"), ("{a", "unclosed")] {
            let error = text.parse::<Pattern>().unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
