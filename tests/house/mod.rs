//! The project itself: what it depends on, and what its documents say of its files.

mod dependencies;
mod documents;
mod shape;
