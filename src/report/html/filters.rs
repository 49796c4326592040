//! How templates show values.

use crate::report::model::percent::{Level, Ratio};
use crate::report::model::source::SourceState;
use askama::{Result, Values};

/// The class of a share, with the limits of the table in the terminal.
#[askama::filter_fn]
pub(super) fn level(ratio: &Ratio, _: &dyn Values) -> Result<&'static str> {
    Ok(match ratio.level() {
        Level::Good => "good",
        Level::Fair => "fair",
        Level::Poor => "poor",
    })
}

/// A number with its thousands apart.
#[askama::filter_fn]
pub(super) fn grouped(number: impl ToString, _: &dyn Values) -> Result<String> {
    let digits = number.to_string();
    let mut shown = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            shown.push('\u{2009}');
        }
        shown.push(digit);
    }
    Ok(shown)
}

/// What to say of a source that may not be what was measured.
#[askama::filter_fn]
pub(super) fn state(state: &SourceState, _: &dyn Values) -> Result<Option<&'static str>> {
    Ok(match state {
        SourceState::Found => None,
        SourceState::Newer => Some("changed"),
        SourceState::Missing => Some("missing"),
        SourceState::Unreadable => Some("unreadable"),
        SourceState::Withheld => Some("not shown"),
    })
}
