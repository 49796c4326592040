//! Commands given in a folder that another user arranged: what is there misleads nobody.
//!
//! The other user takes part where the tests run as root, as in CI; links, swapped names and forged runs of one's own are
//! tried by everybody, and who is trusted is decided by functions that have tests of their own (`platform::Trust`).

mod data;
mod outputs;
mod scene;
mod sources;
