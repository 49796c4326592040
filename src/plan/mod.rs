//! Where breakpoints go in an image, and what a hit of one implies. The recorder makes a plan of what the debug info says;
//! the supervisor plants and serves it, and knows nothing else of the image.
//!
//! ```text
//! Plan ── offsets, originals, lines      one entry for each probe, in order of its offset in the file
//!      ├─ Stretches                      straight-line code: its last probe implies the others
//!      ├─ Dominance                      stretches that later ones imply, and what ran before a place
//!      ├─ Owners                         the functions whose code each probe is
//!      └─ Landmark                       instructions that the supervisor watches for its own sake
//! ```

mod address;
mod bits;
mod by_function;
mod columns;
mod dominance;
mod owners;
mod probes;

pub use address::FileOffset;
pub(crate) use address::LoadBias;
pub(crate) use bits::Bits;
pub(crate) use by_function::ByFunction;
pub(crate) use columns::{ColumnReader, ColumnWriter};
pub(crate) use dominance::{Dominance, Stretches};
pub(crate) use owners::{Owners, OwnersBuilder};
pub(crate) use probes::{ByLine, Plan, Progress};
pub use probes::{Landmark, LandmarkKind, PlanError};
