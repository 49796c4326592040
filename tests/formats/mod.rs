//! What other tools make of the reports that are written for them.

mod agreement;
mod coveragepy;
mod fleet;
mod measured;
mod readers;
mod schemas;
mod subject;
mod tables;

pub(crate) use subject::consumer;
