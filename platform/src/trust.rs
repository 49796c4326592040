//! Whose files, folders and links this process takes as its own user's.
//!
//! A command that root gives in another user's folder must not do there what that user arranged: follow a link, take
//! options, pick up a forged measurement.
//!
//! Invariant: the owner of the root directory is always trusted, since that user decides what every path means.

use crate::attachable::user_name;
use crate::process::effective_user;
use std::os::unix::fs::MetadataExt;

/// The users that are trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trust {
    user: u32,
    administrator: u32,
    behind: Option<u32>,
    everybody: bool,
}

impl Trust {
    /// This process's effective user, root, and who owns the root directory (another one in a user namespace).
    pub fn own() -> Trust {
        let administrator = std::fs::metadata("/").map_or(0, |root| root.uid());
        Trust { user: effective_user(), administrator, behind: None, everybody: false }
    }

    /// Trusts also the user who became root by sudo, as git does; other users' word for it counts for nothing.
    pub fn and_behind_sudo(self, user: Option<u32>) -> Trust {
        Trust { behind: user.filter(|_| self.user == 0), ..self }
    }

    /// Trusts everybody, because the user said so.
    pub fn everybody(self) -> Trust {
        Trust { everybody: true, ..self }
    }

    /// Whether what this user owns is taken.
    pub fn takes(&self, owner: u32) -> bool {
        self.everybody || owner == 0 || [self.user, self.administrator].contains(&owner) || self.behind == Some(owner)
    }
}

/// How a user is called in messages: `user nobody (uid 65534)`, or `uid 4711` if it has no name.
pub fn user_in_words(uid: u32) -> String {
    user_name(uid).map_or_else(|| format!("uid {uid}"), |name| format!("user {name} (uid {uid})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_are_trusted_only_when_that_was_said() {
        let root = Trust { user: 0, administrator: 0, behind: None, everybody: false };
        assert_eq!([0, 1000].map(|owner| root.takes(owner)), [true, false]);
        assert_eq!([1000, 1001].map(|owner| root.and_behind_sudo(Some(1000)).takes(owner)), [true, false]);
        assert!(root.everybody().takes(1001));
        let user = Trust { user: 1000, ..root };
        assert_eq!([0, 1000, 1001].map(|owner| user.takes(owner)), [true, true, false]);
        assert!(!user.and_behind_sudo(Some(1001)).takes(1001), "only root can have been made by sudo");
        assert!(Trust { administrator: 65534, ..user }.takes(65534), "root of a user namespace's parent");
        assert!(Trust::own().takes(effective_user()));
    }
}
