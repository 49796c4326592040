//! Reports: functions of the records of processes, that need neither binaries nor sources.
//!
//! Invariant: equal records give equal bytes, in whatever order the processes come.

mod formats;
mod html;
mod model;
mod terminal;

pub use html::SiteError;
pub use model::paths::PathMapError;
pub use model::percent::ThresholdError;
pub use model::reading::SelectionError;

pub(crate) use formats::{Checksums, JSON_SCHEMA, TestNames, cobertura, codecov, coveralls, json, lcov, sonarqube};
pub(crate) use html::{HtmlSite, Runners};
pub(crate) use model::builds::{ChosenSources, Placer, Survey};
pub(crate) use model::changes::{Changes, annotations};
pub(crate) use model::contexts::{ContextLines, ContextResult, ContextRow};
pub(crate) use model::exclusion::Exclusions;
pub(crate) use model::growth::{Growth, GrowthRows};
pub(crate) use model::language::Language;
pub(crate) use model::merge::Merge;
pub(crate) use model::missing::shown_ranges;
pub(crate) use model::paths::{PathMap, Paths};
pub(crate) use model::percent::{Ratio, Threshold};
pub(crate) use model::prepared::{Report, ReportFile, is_named};
pub(crate) use model::processes::ProcessSummary;
pub(crate) use model::reading::{read_selected, survey_selected};
pub(crate) use model::scopes::{Scopes, scope_in_words};
pub(crate) use model::select::{ContextPattern, Selection};
pub(crate) use model::shared_sets::Contexts;
pub(crate) use model::smallest::smallest;
pub(crate) use model::snapshots::Snapshots;
pub(crate) use model::source::{NoSource, SourceText};
pub(crate) use model::stability::{Stability, StabilityFound};
pub(crate) use model::withheld::ShownSources;
pub(crate) use terminal::columns::columns;
pub(crate) use terminal::contexts::{contexts_table, functions_that_ran, smallest_table, what_table, who_table};
pub(crate) use terminal::escape::printable;
pub(crate) use terminal::layout::{Colour, Format, Layout, Rows, Sort, SortKey};
pub(crate) use terminal::show::{Runner, Showing, lines_of, show};
pub(crate) use terminal::table::table;
pub(crate) use terminal::tree::{Now, tree};
pub(crate) use terminal::wording::{Width, command_line, date_time, labels, some_of, span};
