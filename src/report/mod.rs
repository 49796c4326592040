//! Reports: functions of the records of processes, that need neither binaries nor sources.
//!
//! Invariant: equal records give equal bytes, in whatever order the processes come.

mod escape;
mod exclusion;
mod functions;
mod growth;
mod html;
mod lcov;
mod merge;
mod missing;
mod notes;
mod paths;
mod percent;
mod prepared;
mod processes;
mod select;
mod shown;
mod signal;
mod source;
mod table;
mod tree;

pub use escape::printable;
pub use exclusion::{Excluded, Exclusions};
pub use functions::function_ran;
pub use growth::{Growth, GrowthRows};
pub use html::{Runners, Site, SiteError};
pub use lcov::lcov;
pub use merge::{Coverage, FileCoverage, Merge};
pub use notes::Notes;
pub use paths::{PathMap, PathMapError, Paths, git_root};
pub use percent::{Ratio, Threshold, ThresholdError};
pub use prepared::{Report, ReportFile, SourceState};
pub use processes::Summary;
pub use select::{Selection, SelectionError, read_selected};
pub use shown::{command_line, date_time, span};
pub use source::{NoSource, SourceText};
pub use table::{Colour, Layout, Sort, SortKey, table};
pub use tree::{Now, Width, tree};
