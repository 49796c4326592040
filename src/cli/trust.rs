//! Whose data directories, configurations and links are used.

use clap::Args;
use platform::Trust;
use std::ffi::OsString;

/// The variable that says it for every command, as in a container whose volumes are another user's.
const VARIABLE: &str = "COV_TRACE_TRUST_OWNER";

/// The user who became root (sudo(8)).
const SUDO_USER: &str = "SUDO_UID";

/// Whether another user's is used.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct TrustArguments {
    /// Use the data directory even if it belongs to another user, who may have put anything in it [env: COV_TRACE_TRUST_OWNER=1]
    #[arg(long)]
    trust_owner: bool,
}

impl TrustArguments {
    pub(super) fn validated(self) -> Trust {
        if self.trust_owner { from_environment().everybody() } else { from_environment() }
    }
}

/// What holds without an option.
pub(super) fn from_environment() -> Trust {
    trust(Trust::own(), |name| std::env::var_os(name))
}

fn trust(own: Trust, variable: impl Fn(&str) -> Option<OsString>) -> Trust {
    let behind = variable(SUDO_USER).and_then(|user| user.to_str()?.parse().ok());
    let trust = own.and_behind_sudo(behind);
    let everybody = variable(VARIABLE).is_some_and(|value| !value.is_empty() && value != "0");
    if everybody { trust.everybody() } else { trust }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_can_say_it() {
        let said = |value: &str| trust(Trust::own(), |name| (name == VARIABLE).then(|| value.into())).takes(4_000_000);
        assert_eq!(["", "0", "1", "yes"].map(said), [false, false, true, true]);
        let behind = trust(Trust::own(), |name| (name == SUDO_USER).then(|| "4000000".into()));
        assert_eq!(behind.takes(4_000_000), platform::process::is_root());
    }
}
