//! The git that is run, for `diff`.
//!
//! Invariant: nothing that is found by way of the working directory is run: not a program (an entry of PATH that is
//! relative), and not what the configuration of a repository names.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

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

fn found(path: &OsStr, is_file: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    let folders = env::split_paths(path).filter(|folder| folder.is_absolute());
    folders.map(|folder| folder.join("git")).find(|program| is_file(program))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_is_not_taken_from_the_working_directory() {
        let found = |path: &str| found(path.as_ref(), |_| true);
        assert_eq!([".", "", "bin:../bin:"].map(found), [None, None, None]);
        assert_eq!(found(".::/usr/bin"), Some("/usr/bin/git".into()));
    }
}
