//! The differences that are known and explained: `causes.txt`, one a line, "program file: source text => cause".

use crate::lines::Place;

/// What is known of differing lines.
pub struct Causes(Vec<(String, String)>);

impl Causes {
    /// Reads `causes.txt`.
    pub fn read() -> Self {
        let lines = include_str!("causes.txt").lines().filter(|line| !line.starts_with('#'));
        let split = |line: &str| line.split_once(" => ").map(|(key, cause)| (key.trim().to_owned(), cause.to_owned()));
        Self(lines.filter_map(split).collect())
    }

    /// Why the line differs, if that is known.
    pub fn of(&self, program: &str, place: &Place, text: &str) -> Option<&str> {
        let key = format!("{program} {}: {text}", place.file);
        self.0.iter().find(|(known, _)| *known == key).map(|(_, cause)| cause.as_str())
    }
}
