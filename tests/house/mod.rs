//! The project itself: what it depends on, its shape, what its documents say of its files, and its interface as a whole.

mod dependencies;
mod documents;
mod interface;
mod shape;
mod try_it;
mod warnings;
