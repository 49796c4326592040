//! What a look for news does where there is none.

/// What is done where nothing is there to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenNone {
    /// Waits until there is something, or a signal comes.
    Wait,
    /// Returns at once.
    Return,
}
