//! The code of an image, decoded: where instructions and stretches begin, how control flows, which stretch implies others.

pub(crate) mod announced;
pub(crate) mod between;
pub(crate) mod calls;
pub(crate) mod chunk;
pub(crate) mod clusters;
#[cfg(test)]
mod code_tests;
pub(crate) mod context_probes;
pub(crate) mod decoded;
pub(crate) mod entries;
pub(crate) mod entry_points;
pub(crate) mod flow;
pub(crate) mod frames;
pub(crate) mod implied;
pub(crate) mod landmarks;
pub(crate) mod lsda;
