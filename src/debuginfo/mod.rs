//! ELF and DWARF to an [`ImageIndex`]: pure for given bytes, never panicking on hostile input.

mod index;

pub use index::{FileOffset, Function, ImageIndex, Landmark, LandmarkKind, Line, Probe, Svma, Warning};
