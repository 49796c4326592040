//! What is measured against a goal, as rows of a table and as JSON.

use serde::Serialize;

/// One figure and what it should be at most.
#[derive(Serialize)]
pub struct Row {
    /// What was measured.
    pub name: String,
    /// The figure.
    pub value: f64,
    /// What it should be at most.
    pub goal: f64,
    /// The unit of both.
    pub unit: &'static str,
}

impl Row {
    /// A figure with its goal, which is an upper bound.
    pub fn new(name: impl Into<String>, value: f64, goal: f64, unit: &'static str) -> Self {
        Row { name: name.into(), value, goal, unit }
    }
}

/// The heading of the table.
pub fn header() -> String {
    format!("{:<64} {:>10} {:>10}", "figure", "value", "goal")
}

/// One row as text.
pub fn text(row: &Row) -> String {
    let verdict = if row.value <= row.goal { "" } else { "  missed" };
    format!("{:<64} {:>10.3} {:>10} {}{verdict}", row.name, row.value, row.goal, row.unit)
}
