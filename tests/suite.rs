//! All integration tests, one binary.

mod debuginfo;
