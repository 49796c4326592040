//! Where the sources of images are, in the project or elsewhere.
//!
//! Invariant: each folder is looked at once in a measurement, so a program waits for a look at each of its sources at most.

use super::decision::SourcePlace;
use crate::filter::{Project, is_output, plain};
use crate::recorder::real_folders::RealFolders;
use crate::store::FileFacts;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The folders in which rustc's library and its dependencies were built; they are nowhere on other machines.
const BUILT_RUST: [&str; 3] = ["/rustc/", "/rust/deps/", "/cargo/registry/src/"];

/// Where its sources are if the component `rust-src` is installed.
const RUST_SOURCES: &str = "/lib/rustlib/src/rust/";

/// A project, and what is known of folders.
pub(super) struct Surroundings {
    project: Project,
    /// Whether folders of the project are one's own.
    own: Mutex<HashMap<PathBuf, bool>>,
    /// Folders elsewhere.
    real: RealFolders,
}

impl Surroundings {
    pub fn of(project: Project) -> Self {
        Surroundings { project, own: Mutex::default(), real: RealFolders::default() }
    }

    /// The project's folder.
    pub fn top(&self) -> &Path {
        self.project.top()
    }

    /// Whether the file of an image is in the project, wherever there.
    pub fn has(&self, image: &str) -> bool {
        self.project.place(Path::new(image)).is_some()
    }

    /// Where a source of an image is.
    pub fn place(&self, source: &str, image: &str) -> SourcePlace {
        let path = Path::new(source);
        if BUILT_RUST.iter().any(|folder| source.starts_with(folder)) || source.contains(RUST_SOURCES) {
            SourcePlace::Toolchain
        } else if FileFacts::is_no_name(source) {
            SourcePlace::Unknown
        } else if path.is_relative() {
            self.place_of_relative(path, Path::new(image))
        } else if let Some(path) = self.project.place(path) {
            self.place_inside(&path)
        } else {
            self.place_outside(path)
        }
    }

    /// A source in the project, also one that is not there any more.
    fn place_inside(&self, path: &Path) -> SourcePlace {
        match path.parent().is_some_and(|folder| self.is_own(folder)) {
            true => SourcePlace::Own,
            false => SourcePlace::Elsewhere,
        }
    }

    fn place_outside(&self, path: &Path) -> SourcePlace {
        let Some(real) = self.real.in_real(path) else { return SourcePlace::Unknown };
        match self.project.place(&real) {
            Some(inside) => self.place_inside(&inside),
            None if real.symlink_metadata().is_ok() => SourcePlace::Elsewhere,
            None => SourcePlace::Unknown,
        }
    }

    /// A source whose path a build made relative, by what there is below the folders from that of the image up to the
    /// project's, and below the working directory.
    fn place_of_relative(&self, path: &Path, image: &Path) -> SourcePlace {
        let top = self.project.top();
        let above = image.ancestors().skip(1).take_while(|folder| folder.starts_with(top));
        let bases = above.chain([top, self.project.cwd()]);
        let places = bases.map(|base| plain(&base.join(path)));
        let mut there = places.filter(|path| path.starts_with(top) && path.symlink_metadata().is_ok());
        there.next().map_or(SourcePlace::Unknown, |path| self.place_inside(&path))
    }

    /// Whether a folder of the project is one's own.
    fn is_own(&self, folder: &Path) -> bool {
        if folder == self.project.top() {
            return true;
        }
        let known = self.own.lock().unwrap_or_else(PoisonError::into_inner).get(folder).copied();
        known.unwrap_or_else(|| {
            let is_own = folder.parent().is_some_and(|parent| self.is_own(parent))
                && !self.project.is_others(folder)
                && !is_output(folder);
            self.own.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_owned(), is_own);
            is_own
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn sources_are_placed() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for folder in ["p/src", "p/vendor/lib", "p/build/gen", "p/bin", "other", "p/lib/bin"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        for file in ["p/src/a.c", "p/build/CMakeCache.txt", "p/build/gen/y.c", "other/o.c", "p/lib/src.c"] {
            fs::write(root.join(file), "").unwrap();
        }
        symlink(root.join("p"), root.join("link")).unwrap();
        symlink("../other", root.join("p/deps")).unwrap();
        let top = root.join("p");
        let surroundings = Surroundings::of(Project::around(&top, None, Some(top.clone())).unwrap());
        let image = top.join("lib/bin/prog");
        let place = |source: &str| {
            let source = source.replace("ROOT", root.to_str().unwrap());
            surroundings.place(&source, image.to_str().unwrap())
        };
        for source in ["ROOT/p/src/a.c", "ROOT/p/gone/a.c", "ROOT/link/src/a.c", "ROOT/p/deps/o.c", "src/a.c", "src.c"]
        {
            assert_eq!(place(source), SourcePlace::Own, "{source}");
        }
        for source in
            ["ROOT/p/vendor/lib/v.c", "ROOT/link/vendor/v.c", "ROOT/p/build/gen/y.c", "build/gen/y.c", "ROOT/other/o.c"]
        {
            assert_eq!(place(source), SourcePlace::Elsewhere, "{source}");
        }
        for source in ["ROOT/other/gone.c", "/nowhere/a.c", "gone.c", "../other/o.c", "<stdin>", "ROOT/p/<stdin>"] {
            assert_eq!(place(source), SourcePlace::Unknown, "{source}");
        }
        for source in [
            "/rustc/4711/library/std/src/rt.rs",
            "/rust/deps/gimli-0.32.3/src/lib.rs",
            "/u/.rustup/lib/rustlib/src/rust/library/core/src/a.rs",
        ] {
            assert_eq!(place(source), SourcePlace::Toolchain, "{source}");
        }
        assert!(surroundings.has(image.to_str().unwrap()) && !surroundings.has("/bin/sh"));
    }
}
