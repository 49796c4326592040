//! The commands that read measurements, run as the built program on data that the library wrote.

mod builds;
mod combine;
mod config;
mod diff;
mod labels;
mod lcov;
mod measurements;
mod names;
mod ps;
mod selection;
mod sources;
mod table;
mod why;

pub(crate) use measurements::{Finished, Measurements, RUN, file, finish, function, lines, listing, process};
