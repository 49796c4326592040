//! The data directory and its files, as others see them.

mod directory;
mod files;
mod strangers;
