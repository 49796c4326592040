//! Reports: functions of the records of processes, that need neither binaries nor sources.
//!
//! Invariant: equal records give equal bytes, in whatever order the processes come.

mod builds;
mod changes;
mod colour;
mod escape;
mod exclusion;
mod formats;
mod functions;
mod growth;
mod html;
mod language;
mod merge;
mod missing;
mod notes;
mod paths;
mod percent;
mod prepared;
mod processes;
mod select;
mod show;
mod shown;
mod signal;
mod snapshots;
mod source;
mod table;
mod tree;
mod withheld;

pub use builds::{ChosenSources, Placer, Survey};
pub use changes::{Changes, annotations};
pub use escape::printable;
pub use exclusion::{Excluded, Exclusions};
pub use formats::{Checksums, JSON_SCHEMA, cobertura, codecov, coveralls, json, lcov, sonarqube};
pub use functions::function_ran;
pub use growth::{Growth, GrowthRows};
pub use html::{Runners, Site, SiteError};
pub use merge::{Coverage, FileCoverage, Merge};
pub use notes::Notes;
pub use paths::{PathMap, PathMapError, Paths, git_root, plain};
pub use percent::{Ratio, Threshold, ThresholdError};
pub use prepared::{Report, ReportFile, SourceState};
pub use processes::ProcessSummary;
pub use select::{Selection, SelectionError, read_selected, survey_selected};
pub use show::{Runner, Showing, lines_of, show};
pub use shown::{command_line, date_time, span};
pub use snapshots::Snapshots;
pub use source::{NoSource, SourceText};
pub use table::{Colour, Format, Layout, Rows, Sort, SortKey, table};
pub use tree::{Now, Width, tree};
pub use withheld::ShownSources;
