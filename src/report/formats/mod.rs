//! Reports that other tools read.
//!
//! Invariants: counts are 0 or 1, whether a line ran and never how often; branches, which are not measured, are not told
//! of; whatever names hold, what comes out is well-formed.

mod cobertura;
mod codecov;
mod coveralls;
mod json;
mod lcov;
mod lcov_functions;
mod names;
mod sonarqube;
mod xml;

pub use cobertura::cobertura;
pub use codecov::codecov;
pub use coveralls::coveralls;
pub use json::{JSON_SCHEMA, json};
pub use lcov::{Checksums, TestNames, lcov};
pub use sonarqube::sonarqube;
