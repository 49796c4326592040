//! Which sources are not shown without being asked for.
//!
//! The debug info of any program, and any data file, can call any file a source, so a report must not copy what only its
//! reader may read: root's report would have /etc/shadow in it.
//!
//! A text is shown if everybody may read the file (for a user who is not root: anybody but its owner), or if it is below
//! a folder that was named (`--source-root`). Below the working directory, the top of the git working tree and the targets
//! of `--map` it is shown if a trusted user owns it and no folder on the way is hidden; these do not count where they are
//! the root directory or directly below it (`/etc`, `/root`).
//!
//! Invariant: it is decided by where the file really is, whatever links led to it.

use platform::{Readers, Trust};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The rule; by default everything that can be read is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShownSources(Option<Rule>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    root: bool,
    trust: Trust,
    asked: Vec<PathBuf>,
    usual: Vec<PathBuf>,
}

impl ShownSources {
    /// The rule for this user: `asked` are folders that were named, `usual` those in which sources are expected.
    pub fn of(trust: Trust, asked: &[PathBuf], usual: &[PathBuf]) -> ShownSources {
        let real = |folders: &[PathBuf]| folders.iter().filter_map(|folder| folder.canonicalize().ok()).collect();
        let mut usual: Vec<PathBuf> = real(usual);
        usual.retain(|folder| !is_of_the_system(folder));
        ShownSources(Some(Rule { root: platform::process::is_root(), trust, asked: real(asked), usual }))
    }

    /// Whether a file's text is not shown.
    pub(crate) fn withhold(&self, file: &Readers) -> bool {
        self.0.as_ref().is_some_and(|rule| !rule.shows(file))
    }
}

impl Rule {
    fn shows(&self, file: &Readers) -> bool {
        let open = if self.root { file.everybody } else { !file.owner_only };
        let below = |folder: &PathBuf| file.real.strip_prefix(folder).ok();
        open || self.asked.iter().any(|folder| below(folder).is_some())
            || (self.trust.takes(file.owner) && self.usual.iter().filter_map(below).any(|rest| !is_hidden(rest)))
    }
}

fn is_of_the_system(folder: &Path) -> bool {
    folder.components().count() <= 2
}

fn is_hidden(path: &Path) -> bool {
    path.iter().map(OsStr::as_bytes).any(|name| name.starts_with(b"."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(root: bool) -> Rule {
        Rule { root, trust: Trust::own(), asked: vec!["/srv/named".into()], usual: vec!["/home/u/p".into()] }
    }

    fn file(path: &str, owner: u32) -> Readers {
        Readers { real: path.into(), owner, owner_only: true, everybody: false }
    }

    #[test]
    fn what_everybody_may_read_is_shown() {
        let open = Readers { everybody: true, owner_only: false, ..file("/usr/src/a.c", 4_000_000) };
        let group = Readers { owner_only: false, ..file("/opt/a.c", 4_000_000) };
        for root in [true, false] {
            assert!(rule(root).shows(&open) && !rule(root).shows(&file("/etc/shadow", 0)));
            assert_eq!(rule(root).shows(&group), !root, "an ordinary user shows what others may read, too");
        }
    }

    #[test]
    fn what_is_private_is_shown_where_sources_are_expected_or_named() {
        let own = platform::process::effective_user();
        for root in [true, false] {
            let shows = |path: &str, owner| rule(root).shows(&file(path, owner));
            assert!(shows("/home/u/p/src/a.c", own) && !shows("/home/u/pp/a.c", own));
            assert!(!shows("/home/u/p/.env", own) && !shows("/home/u/p/.git/config", own), "hidden");
            assert!(!shows("/home/u/p/a.c", 4_000_000), "another user's");
            assert!(shows("/srv/named/.hidden/a.c", 4_000_000), "it was asked for");
        }
    }

    #[test]
    fn the_folders_of_the_system_are_none_of_sources() {
        assert!(["/", "/etc", "/root"].map(Path::new).iter().all(|folder| is_of_the_system(folder)));
        assert!(!is_of_the_system(Path::new("/root/project")));
        let none = ShownSources::of(Trust::own(), &["/no/such/folder".into()], &["/".into(), "/etc".into()]);
        let own = platform::process::effective_user();
        assert!(
            none.withhold(&file("/etc/shadow", own)) && !ShownSources::default().withhold(&file("/etc/shadow", own))
        );
    }
}
