//! What git knows of a working tree, for `affected`: which files changed, and earlier texts of sources.
//!
//! Invariant: what git cannot tell is said, and concerns all tests.

use super::CliError;
use super::git::{asked, is_shallow, paths, untracked};
use crate::affected::{ChangedFiles, Reason, Versions};
use md5::{Digest, Md5};
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// How many earlier states of a source are looked at.
const MOST_VERSIONS: &str = "200";

/// A working tree of git, and the revision that it is compared with.
pub(super) struct WorkingTree {
    root: PathBuf,
    /// The commit that the changes began with.
    commit: Option<String>,
}

impl WorkingTree {
    /// The tree with this top.
    pub fn new(root: PathBuf) -> Self {
        WorkingTree { root, commit: None }
    }

    /// Asks which files are not as they are in a revision.
    pub fn compare(&mut self, revision: &str) -> Result<ChangedFiles, CliError> {
        let failed = |cause: String| CliError::Git { what: format!("compare with {revision:?}"), cause };
        let mut changed = ChangedFiles { with_others: true, ..ChangedFiles::default() };
        let mut commits = Vec::new();
        let commit = format!("{revision}^{{commit}}");
        match asked(&self.root, ["rev-parse", "--verify", "--quiet", "--end-of-options", &commit]) {
            Ok(commit) => commits.push(name_of(&commit)),
            Err(cause) if is_shallow(&self.root) => {
                changed.unknown.insert(Reason::Changed { path: revision.to_owned(), cause });
                return Ok(changed);
            }
            Err(cause) => return Err(failed(cause)),
        }
        // What others did since is no change of this tree, but what was measured may have it.
        if let Ok(base) = asked(&self.root, ["merge-base", &commits[0], "HEAD"]) {
            commits.push(name_of(&base));
            commits.dedup();
        }
        self.commit = commits.last().cloned();
        for commit in &commits {
            let words = ["diff", "--raw", "-z", "--no-renames", "--no-abbrev", "--no-ext-diff", "--no-textconv"];
            let words = words.into_iter().chain(["--ignore-submodules=none", commit, "--"]);
            let raw = asked(&self.root, words).map_err(failed)?;
            for RawChange { path, is_module, is_new } in raw_changes(&raw) {
                if is_module {
                    let cause = "it is a submodule, and changed".to_owned();
                    changed.unknown.insert(Reason::Changed { path: path.to_string_lossy().into_owned(), cause });
                }
                let path = self.root.join(path);
                changed.added.extend(is_new.then(|| path.clone()));
                changed.files.insert(path);
            }
        }
        let others = untracked(&self.root).map_err(failed)?;
        changed.untracked = paths(&others).map(|path| self.root.join(path)).collect();
        changed.files.extend(changed.untracked.iter().cloned());
        changed.added.extend(changed.untracked.iter().cloned());
        Ok(changed)
    }

    /// The path in the repository.
    fn relative(&self, path: &Path) -> Option<PathBuf> {
        let below = |path: &Path, root: &Path| path.strip_prefix(root).ok().map(Path::to_owned);
        below(path, &self.root).or_else(|| {
            // By way of a link.
            let folder = path.parent()?.canonicalize().ok()?;
            below(&folder.join(path.file_name()?), &self.root.canonicalize().ok()?)
        })
    }

    /// The text of an object.
    fn blob(&self, name: impl AsRef<OsStr>) -> Option<Vec<u8>> {
        asked(&self.root, [OsStr::new("cat-file"), OsStr::new("blob"), name.as_ref()]).ok()
    }

    /// The text of a file in a revision, or in the index if that is empty.
    fn text_in(&self, revision: &str, relative: &Path) -> Option<Vec<u8>> {
        let mut name = OsString::from(format!("{revision}:"));
        name.push(relative);
        self.blob(name)
    }
}

impl Versions for WorkingTree {
    fn with_digest(&self, path: &Path, digest: [u8; 16]) -> Option<Vec<u8>> {
        let relative = self.relative(path)?;
        let is_meant = |text: &Vec<u8>| <[u8; 16]>::from(Md5::digest(text)) == digest;
        let usual = self.commit.as_deref().into_iter().chain(["HEAD", ""]);
        if let Some(text) = usual.filter_map(|revision| self.text_in(revision, &relative)).find(is_meant) {
            return Some(text);
        }
        let revisions = self.commit.as_deref().into_iter().chain(["HEAD"]);
        let words = ["log", "--format=", "--raw", "-z", "--no-renames", "--no-abbrev", "-n", MOST_VERSIONS];
        let words = words.into_iter().chain(revisions).chain(["--"]).map(OsStr::new).chain([relative.as_os_str()]);
        let raw = asked(&self.root, words).ok()?;
        let blobs: BTreeSet<&str> = raw_blobs(&raw).collect();
        blobs.into_iter().filter_map(|blob| self.blob(blob)).find(is_meant)
    }

    fn at_revision(&self, path: &Path) -> Option<Vec<u8>> {
        self.text_in(self.commit.as_deref()?, &self.relative(path)?)
    }
}

/// The name of a commit, as it was printed.
fn name_of(printed: &[u8]) -> String {
    String::from_utf8_lossy(printed).trim().to_owned()
}

/// The fields of what `--raw -z` prints: `:MODE MODE BLOB BLOB STATUS`, each followed by a path.
fn raw_entries(raw: &[u8]) -> impl Iterator<Item = (Vec<&str>, &[u8])> {
    let mut fields = raw.split(|byte| *byte == 0);
    std::iter::from_fn(move || {
        loop {
            let of_entry = fields.next()?;
            let at = of_entry.iter().position(|byte| *byte == b':');
            let Some(words) = at.and_then(|at| std::str::from_utf8(&of_entry[at + 1..]).ok()) else { continue };
            let path = fields.next().filter(|path| !path.is_empty())?;
            return Some((words.split(' ').collect(), path));
        }
    })
}

/// A path that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct RawChange {
    path: PathBuf,
    is_module: bool,
    is_new: bool,
}

fn raw_changes(raw: &[u8]) -> impl Iterator<Item = RawChange> {
    const MODULE: &str = "160000";
    raw_entries(raw).map(|(words, name)| RawChange {
        path: PathBuf::from(OsString::from_vec(name.to_vec())),
        is_module: words.iter().take(2).any(|mode| *mode == MODULE),
        is_new: words.last() == Some(&"A"),
    })
}

/// The names of all texts.
fn raw_blobs(raw: &[u8]) -> impl Iterator<Item = &str> {
    let is_text = |blob: &&str| blob.len() >= 40 && blob.bytes().any(|byte| byte != b'0');
    raw_entries(raw).flat_map(|(words, _)| words.into_iter().skip(2).take(2)).filter(is_text)
}

/// A working tree that is none.
pub(super) struct NoTree;

impl Versions for NoTree {
    fn with_digest(&self, _: &Path, _: [u8; 16]) -> Option<Vec<u8>> {
        None
    }

    fn at_revision(&self, _: &Path) -> Option<Vec<u8>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_prints_is_taken_apart() {
        let (old, new) = ("1".repeat(40), "0".repeat(40));
        let raw = format!(":100644 100644 {old} {new} A\0a b.c\0\n:160000 160000 {old} {new} M\0lib\0");
        let changes: Vec<_> = raw_changes(raw.as_bytes()).collect();
        let change = |path: &str, is_module, is_new| RawChange { path: path.into(), is_module, is_new };
        assert_eq!(changes, [change("a b.c", false, true), change("lib", true, false)]);
        assert_eq!(raw_blobs(raw.as_bytes()).collect::<Vec<_>>(), [old.as_str(), &old]);
        assert_eq!(raw_changes(b":1 2\0").count() + raw_changes(b"").count() + raw_changes(b"\0\0x\0").count(), 0);
    }
}
