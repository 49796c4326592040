//! Many processes: each has its own file, and the file has what that process ran and no more.

mod affected;
mod affected_files;
mod affected_sources;
mod asked;
mod children;
mod contexts;
mod facts;
mod filters;
mod functions;
mod labels;
mod less;
mod live;
mod probes;
mod project;
mod questions;
