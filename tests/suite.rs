//! The one integration binary: behaviour of the built program, grouped by subject.
#![allow(missing_docs, clippy::unwrap_used)]

mod debuginfo;
mod report;
mod store;
