//! What the supervisor decides: one input to the state, and the actions that it asks for.
//!
//! Invariant: nothing here makes a system call. Whatever is read or done is an [`action::Action`], whose answer comes back
//! as an [`input::Input`], so that recorded stops replay to the same decisions.

pub(crate) mod action;
#[cfg(test)]
mod attach_tests;
pub(crate) mod attached;
pub(crate) mod catching_up;
pub(crate) mod covered;
pub(crate) mod frames;
pub(crate) mod functions;
#[cfg(test)]
mod functions_tests;
pub(crate) mod ids;
pub(crate) mod images;
pub(crate) mod inherited;
pub(crate) mod input;
pub(crate) mod instance;
#[cfg(test)]
mod launched_state;
pub(crate) mod leaving;
pub(crate) mod lineage;
#[cfg(test)]
mod lineage_tests;
pub(crate) mod mapped;
pub(crate) mod mask_sites;
pub(crate) mod masks;
pub(crate) mod once;
#[cfg(test)]
mod once_tests;
#[cfg(test)]
mod own_tests;
#[cfg(test)]
mod planted_tests;
pub(crate) mod planted_text;
pub(crate) mod reading;
#[cfg(test)]
mod replay_tests;
pub(crate) mod sigtrap;
pub(crate) mod sigtrap_input;
#[cfg(test)]
mod sigtrap_tests;
pub(crate) mod space;
pub(crate) mod state;
pub(crate) mod step;
pub(crate) mod stop;
pub(crate) mod switch;
#[cfg(test)]
mod switch_tests;
pub(crate) mod text_change;
pub(crate) mod trap;
pub(crate) mod turns;
