//! Reports: functions of the records of processes, that need neither binaries nor sources.
//!
//! Invariant: equal records give equal bytes, in whatever order the processes come.

mod formats;
mod html;
mod model;
mod terminal;

pub use formats::{Checksums, JSON_SCHEMA, cobertura, codecov, coveralls, json, lcov, sonarqube};
pub use html::{HtmlSite, Runners, SiteError};
pub use model::builds::{ChosenSources, Placer, Survey};
pub use model::changes::{Changes, annotations};
pub use model::coverage::{Coverage, FileCoverage};
pub use model::exclusion::{Excluded, Exclusions};
pub use model::functions::function_ran;
pub use model::growth::{Growth, GrowthRows};
pub use model::merge::Merge;
pub use model::notes::Notes;
pub use model::paths::{PathMap, PathMapError, Paths, git_root, plain};
pub use model::percent::{Ratio, Threshold, ThresholdError};
pub use model::prepared::{Report, ReportFile};
pub use model::processes::ProcessSummary;
pub use model::reading::{SelectionError, read_selected, survey_selected};
pub use model::select::Selection;
pub use model::snapshots::Snapshots;
pub use model::source::{NoSource, SourceState, SourceText};
pub use model::withheld::ShownSources;
pub use terminal::escape::printable;
pub use terminal::show::{Runner, Showing, lines_of, show};
pub use terminal::table::{Colour, Format, Layout, Rows, Sort, SortKey, table};
pub use terminal::tree::{Now, tree};
pub use terminal::wording::{Width, command_line, date_time, span};
