//! What kind of stop a tracee is in.

/// What stopped a tracee that reports no signal and no event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StopKind {
    /// It is new, or was interrupted, or continued.
    Event,
    /// A stop signal, which stopped its whole process.
    Group,
}

impl From<bool> for StopKind {
    /// As inputs have it: whether it is a group-stop.
    fn from(group: bool) -> Self {
        if group { StopKind::Group } else { StopKind::Event }
    }
}
