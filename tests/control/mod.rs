//! Measurements under way, asked and ended by commands, signals and their time.

mod attach;
mod commands;
mod growth;
mod hostile;
mod limits;
