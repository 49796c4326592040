//! The command `cov-trace`: turns a result into an exit status and no more.
#![forbid(unsafe_code)]

fn main() {}
