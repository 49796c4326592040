//! Which changed files a path leads to, also by way of symbolic links.

use crate::filter::plain;
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

/// Where paths really lead, as far as it was asked for.
#[derive(Debug, Default)]
pub struct Links(HashMap<PathBuf, PathBuf>);

impl Links {
    /// Those of the changed files that a path names, or is in, or goes through.
    pub fn changed_in(&mut self, path: &Path, changed: &BTreeSet<PathBuf>) -> Vec<PathBuf> {
        let compiled = source_of(path);
        let path = compiled.as_deref().unwrap_or(path);
        let real = self.real(path);
        let ways = path.ancestors().chain(real.ancestors());
        let found: BTreeSet<&Path> = ways.filter(|way| changed.contains(*way)).collect();
        found.into_iter().map(Path::to_owned).collect()
    }

    /// Where a path leads; a file that is gone is where it was.
    pub fn real(&mut self, path: &Path) -> PathBuf {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return path.to_owned() };
        if let Ok(target) = path.read_link() {
            return path.canonicalize().unwrap_or_else(|_| plain(&folder.join(target)));
        }
        let real = |folder: &Path| folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        self.0.entry(folder.to_owned()).or_insert_with(|| real(folder)).join(name)
    }
}

/// The source of which Python keeps a compiled form at a path: it reads no more than that as long as it is new enough.
fn source_of(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?.strip_suffix(".pyc")?;
    let folder =
        path.parent()?.parent().filter(|_| path.parent().is_some_and(|folder| folder.ends_with("__pycache__")))?;
    Some(folder.join(format!("{}.py", name.split('.').next()?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn what_python_compiled_stands_for_its_source() {
        let source = |path: &str| source_of(Path::new(path));
        assert_eq!(source("/a/__pycache__/b.cpython-311.pyc"), Some("/a/b.py".into()));
        assert_eq!(source("/a/__pycache__/test_b.cpython-311-pytest-7.2.1.pyc"), Some("/a/test_b.py".into()));
        assert_eq!([source("/a/b.pyc"), source("/a/b.py"), source("/")], [None, None, None]);
    }

    #[test]
    fn links_are_followed_and_are_files_too() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().canonicalize().unwrap();
        let at = |name: &str| top.join(name);
        fs::create_dir(at("data")).unwrap();
        fs::write(at("data/a"), "").unwrap();
        symlink("data", at("link")).unwrap();
        symlink("data/a", at("direct")).unwrap();
        let found = |path: &str, changed: &[&str]| {
            let changed = changed.iter().map(|name| at(name)).collect();
            Links::default().changed_in(&at(path), &changed)
        };
        assert_eq!(found("data/a", &["data/a", "data/b"]), [at("data/a")]);
        assert_eq!(found("link/a", &["data/a"]), [at("data/a")]);
        assert_eq!(found("link/a", &["link"]), [at("link")]);
        assert_eq!(found("link/gone", &["data/gone"]), [at("data/gone")]);
        assert_eq!(found("direct", &["data/a", "direct"]), [at("data/a"), at("direct")]);
        fs::remove_file(at("data/a")).unwrap();
        assert_eq!(found("direct", &["data/a"]), [at("data/a")], "it is gone");
        assert_eq!(found("data/a", &["data/b"]), [] as [PathBuf; 0]);
    }
}
