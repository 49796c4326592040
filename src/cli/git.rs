//! The git that is run, for `diff` and `affected`.
//!
//! Invariant: nothing that is found by way of the working directory is run: not a program (an entry of PATH that is
//! relative), and not what the configuration of a repository names.

use std::env;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// git, as PATH has it.
pub(super) fn git() -> Command {
    let path = env::var_os("PATH").unwrap_or_default();
    // Without any, the name of a file that is nowhere.
    let program = found(&path, Path::is_file).unwrap_or_else(|| PathBuf::from("/git"));
    let mut command = Command::new(program);
    // Of what a repository may have run, this is what the calls here do not rule out by options of their own.
    command.args(["-c", "core.fsmonitor=false"]);
    command
}

/// What git prints in a working tree.
///
/// # Errors
/// Why there is nothing, with what git says.
pub(super) fn asked<S: AsRef<OsStr>>(root: &Path, words: impl IntoIterator<Item = S>) -> Result<Vec<u8>, String> {
    let output = git().arg("-C").arg(root).args(words).stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("git cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let told = String::from_utf8_lossy(&output.stderr);
    // What comes behind the first lines is git's manual.
    let told = told.lines().find(|line| line.starts_with("fatal: ") || line.starts_with("error: "));
    let advice = if is_shallow(root) { "; only a part of the history is here: git fetch --unshallow" } else { "" };
    Err(told.map_or_else(|| format!("there is no such revision{advice}"), |told| format!("git says: {told}{advice}")))
}

/// A revision on a command line, with which the working tree is compared.
pub(super) fn revision(text: &str) -> Result<String, &'static str> {
    // In what git searches for, two dots are text.
    if text.contains("..") && !text.contains('{') && !text.starts_with(":/") {
        return Err("it is a range, and the working tree is compared with one revision, such as main");
    }
    Ok(text.to_owned())
}

/// Whether a working tree has only a part of its history.
pub(super) fn is_shallow(root: &Path) -> bool {
    root.join(".git/shallow").exists()
}

/// The paths in what git ends with NUL bytes.
pub(super) fn paths(printed: &[u8]) -> impl Iterator<Item = &Path> {
    let names = printed.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    names.map(|name| Path::new(OsStr::from_bytes(name)))
}

/// The files that git neither knows nor ignores, relative to the top.
pub(super) fn untracked(root: &Path) -> Result<Vec<u8>, String> {
    asked(root, ["ls-files", "--others", "--exclude-standard", "-z"])
}

fn found(path: &OsStr, is_file: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    let folders = env::split_paths(path).filter(|folder| folder.is_absolute());
    folders.map(|folder| folder.join("git")).find(|program| is_file(program))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_no_revision() {
        assert!(["a..b", "a...b", "..b"].into_iter().all(|range| revision(range).is_err()));
        let revisions = ["main", "HEAD~2", "HEAD^{/fix a..b}", ":/a..b", "v1.2"];
        assert!(revisions.into_iter().all(|text| revision(text).is_ok_and(|taken| taken == text)));
    }

    #[test]
    fn git_is_not_taken_from_the_working_directory() {
        let found = |path: &str| found(path.as_ref(), |_| true);
        assert_eq!([".", "", "bin:../bin:"].map(found), [None, None, None]);
        assert_eq!(found(".::/usr/bin"), Some("/usr/bin/git".into()));
    }
}
