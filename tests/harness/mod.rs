//! What the tests stand on: a sample's header is parsed, its programs are built, run bare and traced, and compared.

pub mod attached;
pub mod both;
pub mod build;
pub mod check;
pub mod golden;
pub mod marks;
pub mod measured;
pub mod run;
pub mod sample;
pub mod session;
pub mod text;
