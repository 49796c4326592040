//! How programs, times and spans of time are shown.

use super::escape::printable;
use crate::store::{LabelValues, UnixMillis};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::fmt::Display;

/// Characters of a program's arguments that are shown unless it is wide.
const SHORT: usize = 48;

/// How much of a program's arguments is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// What fits most terminals.
    Short,
    /// All arguments, however many.
    Full,
}

/// The first of `count` things, and how many more there are.
pub fn some_of(first: impl Iterator<Item = impl Display>, count: usize) -> String {
    let first: Vec<String> = first.map(|item| item.to_string()).collect();
    let named = first.join(", ");
    match count.saturating_sub(first.len()) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// Labels of a run as one would give them; those that are the same for most runs of a machine only if all are to be shown.
pub fn labels(labels: &LabelValues, width: Width) -> String {
    const OF_MACHINE: [&str; 3] = ["boot_id", "container", "host"];
    let shown = labels.iter().filter(|(key, _)| width == Width::Full || !OF_MACHINE.contains(&key.as_str()));
    let shown: Vec<String> = shown.map(|(key, value)| quoted(&format!("{key}={value}"))).collect();
    printable(&shown.join(" ")).into_owned()
}

/// A program with its arguments, as one would write it in a shell.
pub fn command_line(words: &[String], width: Width) -> String {
    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    let text = printable(&words.join(" ")).into_owned();
    let too_long = text.chars().count() > SHORT;
    match width {
        Width::Short if too_long => text.chars().take(SHORT - 1).chain(['\u{2026}']).collect(),
        Width::Short | Width::Full => text,
    }
}

/// An argument as one would write it in a shell, where it is not plain.
fn quoted(word: &str) -> String {
    let plain = !word.is_empty() && !word.contains(|c: char| c.is_whitespace() || "'\"\\$`|&;<>()*?#~".contains(c));
    if plain {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A span of time, given in milliseconds.
pub fn span(millis: i64) -> String {
    let millis = millis.max(0);
    let seconds = millis / 1000;
    match seconds {
        0..60 => format!("{seconds}.{:03} s", millis % 1000),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} d {:02} h", seconds / 86_400, seconds / 3600 % 24),
    }
}

/// Date and time to the second.
pub fn date_time(at: UnixMillis, zone: &TimeZone) -> String {
    let time = Timestamp::from_millisecond(at.0).unwrap_or_default();
    time.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_two_units() {
        let shown = [-1, 0, 59_999, 60_000, 3_723_000, 90_000_000].map(span);
        assert_eq!(shown, ["0.000 s", "0.000 s", "59.999 s", "1 min 00 s", "1 h 02 min", "1 d 01 h"]);
    }

    #[test]
    fn times_are_those_of_the_zone() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        assert_eq!(date_time(UnixMillis(1_795_395_723_512), &zone), "2026-11-23 03:02:03");
    }
}
