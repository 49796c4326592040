//! What the tests of the suite are built on, besides the crate `testing`: a sample's header is parsed, its programs are
//! built, run bare and traced, and compared.

pub mod both;
pub mod build;
pub mod check;
pub mod command;
pub mod golden;
pub mod marks;
pub mod measured;
pub mod sample;
pub mod server;
pub mod session;
