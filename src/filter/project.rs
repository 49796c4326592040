//! The project: the folder whose sources are measured unless something else is asked for. It is the top of the git working
//! tree, else the working directory.
//!
//! Invariant: what is below the project by name alone is decided without looking at the disk.

use std::path::{Component, Path, PathBuf};

/// Folders with the work of others, or with what tools made, wherever they are in a project.
const OTHERS: [&str; 15] = [
    "3rdparty",
    "CMakeFiles",
    "Pods",
    "_deps",
    "bazel-out",
    "bower_components",
    "buck-out",
    "node_modules",
    "site-packages",
    "subprojects",
    "third-party",
    "third_party",
    "thirdparty",
    "vendor",
    "vendored",
];

/// Go's module cache, which is where GOPATH is.
const GO_MODULES: &str = "pkg/mod";

/// What a tool leaves in a folder of its output, and what such a folder does not have unless it holds sources too.
const OUTPUT: [(&str, Option<&str>); 4] = [
    ("CACHEDIR.TAG", None),
    ("CMakeCache.txt", Some("CMakeLists.txt")),
    ("config.status", Some("configure")),
    ("meson-private", Some("meson.build")),
];

/// A folder with everything below it that is one's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Project {
    top: PathBuf,
    /// Its name by way of the links that the shell went, if that is another one.
    called: Option<PathBuf>,
    cwd: PathBuf,
}

impl Project {
    /// The project around a working directory, which `called` names by way of links, if the shell does.
    ///
    /// None if everything would be below it: the top is the root of the file system.
    pub fn around(cwd: &Path, called: Option<&Path>, git_top: Option<PathBuf>) -> Option<Project> {
        let top = git_top.unwrap_or_else(|| beside_output(cwd));
        let inner = cwd.strip_prefix(&top).ok()?;
        let called = called.filter(|called| *called != cwd && called.ends_with(inner));
        let called = called.and_then(|called| called.ancestors().nth(inner.components().count()));
        let called = called.filter(|called| called.parent().is_some()).map(Path::to_owned);
        top.parent().is_some().then(|| Project { called, top: top.clone(), cwd: cwd.to_owned() })
    }

    /// Its folder, without symbolic links.
    pub fn top(&self) -> &Path {
        &self.top
    }

    /// The working directory.
    pub fn cwd(&self) -> &Path {
        &self.cwd
    }

    /// A path below it, with its folder's name without links; None for one elsewhere.
    pub fn place(&self, path: &Path) -> Option<PathBuf> {
        let tops = std::iter::once(&self.top).chain(&self.called);
        let inner = tops.filter_map(|top| path.strip_prefix(top).ok()).next()?;
        Some(self.top.join(inner))
    }

    /// Whether a folder below it is not one's own, by its name; those that the working directory is in are.
    pub fn is_others(&self, folder: &Path) -> bool {
        let Some(Component::Normal(name)) = folder.components().next_back() else { return false };
        let name = name.to_string_lossy();
        let named = name.starts_with('.') || OTHERS.contains(&name.as_ref()) || folder.ends_with(GO_MODULES);
        named && !self.cwd.starts_with(folder)
    }
}

/// Whether a folder has the output of a build, by what the tool left in it.
pub(crate) fn is_output(folder: &Path) -> bool {
    let has = |name: &str| folder.join(name).symlink_metadata().is_ok();
    OUTPUT.iter().any(|(mark, source)| has(mark) && !source.is_some_and(has))
}

/// The folder in which the outermost folder of build output is that a directory is in; else the directory.
fn beside_output(directory: &Path) -> PathBuf {
    let outermost = directory.ancestors().filter(|folder| is_output(folder)).last();
    outermost.and_then(Path::parent).unwrap_or(directory).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn project(top: &str, cwd: &str) -> Project {
        Project::around(Path::new(cwd), None, Some(top.into())).unwrap()
    }

    #[test]
    fn it_is_the_git_working_tree_or_else_the_working_directory() {
        let around = |cwd: &str, top: Option<&str>| {
            Project::around(Path::new(cwd), None, top.map(PathBuf::from)).map(|project| project.top)
        };
        assert_eq!(around("/home/u/p/src", Some("/home/u/p")), Some("/home/u/p".into()));
        assert_eq!(around("/home/u/p/src", None), Some("/home/u/p/src".into()));
        assert_eq!(around("/home/u", None), Some("/home/u".into()));
        assert_eq!(around("/", None), None);
        assert_eq!(around("/etc", Some("/")), None);
    }

    #[test]
    fn without_git_a_folder_of_build_output_belongs_to_the_one_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().canonicalize().unwrap();
        fs::create_dir_all(top.join("p/build/sub/deep")).unwrap();
        let cwd = top.join("p/build/sub/deep");
        let around = || Project::around(&cwd, None, None).unwrap().top;
        assert_eq!(around(), cwd);
        for place in ["p/build/sub", "p/build"] {
            fs::write(top.join(place).join("CMakeCache.txt"), "").unwrap();
            assert_eq!(around(), top.join(place).parent().unwrap());
        }
        fs::write(top.join("p/build/CMakeLists.txt"), "").unwrap();
        assert_eq!(around(), top.join("p/build"), "that one was built in its own folder");
    }

    #[test]
    fn links_that_the_shell_went_lead_to_it_too() {
        let project =
            Project::around(Path::new("/data/p/src"), Some(Path::new("/home/u/p/src")), Some("/data/p".into()));
        let place = |path: &str| project.as_ref().unwrap().place(Path::new(path));
        assert_eq!(place("/home/u/p/lib/a.c"), Some("/data/p/lib/a.c".into()));
        assert_eq!(place("/data/p/lib/a.c"), Some("/data/p/lib/a.c".into()));
        assert_eq!((place("/home/u/q/a.c"), place("/data/pq/a.c"), place("lib/a.c")), (None, None, None));
        let elsewhere = Project::around(Path::new("/p/src"), Some(Path::new("/link")), Some("/p".into())).unwrap();
        assert_eq!(elsewhere.place(Path::new("/link/a.c")), None, "the link leads to a folder in it");
    }

    #[test]
    fn folders_of_others_go_by_their_names() {
        let at_top = project("/p", "/p");
        for folder in
            ["/p/vendor", "/p/a/third_party", "/p/node_modules", "/p/.venv", "/p/go/pkg/mod", "/p/b/CMakeFiles"]
        {
            assert!(at_top.is_others(Path::new(folder)), "{folder}");
        }
        for folder in ["/p", "/p/src", "/p/build", "/p/vendors", "/p/pkg", "/p/mod", "/p/target"] {
            assert!(!at_top.is_others(Path::new(folder)), "{folder}");
        }
        let inside = project("/p", "/p/vendor/lib/src");
        assert!(!inside.is_others(Path::new("/p/vendor")) && inside.is_others(Path::new("/p/vendor/lib/vendor")));
        let hidden = project("/home/u/.local/p", "/home/u/.local/p");
        assert!(
            !hidden.is_others(Path::new("/home/u/.local/p")) && hidden.is_others(Path::new("/home/u/.local/p/.git"))
        );
    }

    #[test]
    fn build_output_goes_by_what_the_tool_left() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_output(folder.path()));
        for (mark, source) in OUTPUT {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join(mark), "").unwrap();
            assert!(is_output(folder.path()), "{mark}");
            if let Some(source) = source {
                fs::write(folder.path().join(source), "").unwrap();
                assert!(!is_output(folder.path()), "{mark} beside {source}");
            }
        }
    }
}
