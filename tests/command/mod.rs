//! What `cov-trace -- PROGRAM` is to its caller: status, outputs, signals, and what it leaves.

mod cache;
mod ci;
mod comfort;
mod denied;
mod leak_checker;
mod limits;
mod outputs;
mod refused;
mod signals;
mod status;
mod unprivileged;
