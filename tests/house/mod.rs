//! The project itself: what it depends on, its shape, what its documents say of its files, and its interface as a whole.

mod dependencies;
mod documents;
mod errors;
mod interface;
mod messages;
mod shape;
mod sources;
mod try_it;
mod warnings;
