//! The commands that read measurements, run as the built program on data that the library wrote.

mod lcov;
mod measurements;
mod ps;
mod selection;
mod table;

pub(crate) use measurements::{Finished, Measurements, file, finish, function, lines, listing, process};
