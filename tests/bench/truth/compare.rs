//! Two answers held against each other, line by line.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use crate::kind;
use crate::lines::{Lines, Place};

/// What became of one comparison.
#[derive(Default)]
pub struct Comparison {
    /// Lines that both know and on which they agree.
    pub agree: usize,
    /// Lines that only the first says ran.
    pub only_first_ran: Vec<Place>,
    /// Lines that only the second says ran.
    pub only_second_ran: Vec<Place>,
    /// Lines that only the first knows, and whether it says they ran.
    pub only_first_knows: Vec<(Place, bool)>,
    /// Lines that only the second knows, and whether it says they ran.
    pub only_second_knows: Vec<(Place, bool)>,
}

impl Comparison {
    /// Holds `first` against `second`.
    pub fn new(first: &Lines, second: &Lines) -> Self {
        let mut comparison = Self::default();
        for (place, &ran) in first {
            match (ran, second.get(place)) {
                (_, None) => comparison.only_first_knows.push((place.clone(), ran)),
                (true, Some(false)) => comparison.only_first_ran.push(place.clone()),
                (false, Some(true)) => comparison.only_second_ran.push(place.clone()),
                (true, Some(true)) | (false, Some(false)) => comparison.agree += 1,
            }
        }
        let unknown = second.iter().filter(|(place, _)| !first.contains_key(place));
        comparison.only_second_knows = unknown.map(|(place, &ran)| (place.clone(), ran)).collect();
        comparison
    }

    /// Lines that both know.
    pub fn both_know(&self) -> usize {
        self.agree + self.differ()
    }

    /// Lines that both know and on which they differ.
    pub fn differ(&self) -> usize {
        self.only_first_ran.len() + self.only_second_ran.len()
    }

    /// Agreement in percent of the lines that both know.
    pub fn percent(&self) -> f64 {
        100.0 * self.agree as f64 / self.both_know().max(1) as f64
    }
}

/// The source files of one subject, read as they are asked for.
pub struct Sources<'a> {
    directory: &'a Path,
    texts: BTreeMap<String, Vec<String>>,
}

impl<'a> Sources<'a> {
    /// The sources in `directory`.
    pub fn new(directory: &'a Path) -> Self {
        Self { directory, texts: BTreeMap::new() }
    }

    fn file(&mut self, name: &str) -> &[String] {
        self.texts.entry(name.to_owned()).or_insert_with(|| {
            let bytes = std::fs::read(self.directory.join(name)).unwrap_or_default();
            String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect()
        })
    }

    /// The text of a line, without the blanks around it.
    pub fn text(&mut self, place: &Place) -> String {
        self.file(&place.file).get(place.line as usize - 1).map(|text| text.trim().to_owned()).unwrap_or_default()
    }

    /// The kinds of `places`, most frequent first: "closing brace 12 (3 ran)".
    pub fn kinds(&mut self, places: &[(Place, bool)]) -> String {
        let mut kinds: BTreeMap<&'static str, (usize, usize)> = BTreeMap::new();
        for (place, ran) in places {
            let (known, run) = kinds.entry(kind::of(self.file(&place.file), place.line)).or_default();
            *known += 1;
            *run += usize::from(*ran);
        }
        let mut kinds: Vec<_> = kinds.into_iter().collect();
        kinds.sort_by_key(|&(kind, (known, _))| (std::cmp::Reverse(known), kind));
        let mut text = String::new();
        for (kind, (known, ran)) in kinds {
            let separator = if text.is_empty() { "" } else { ", " };
            let _ = write!(text, "{separator}{kind} {known} ({ran} ran)");
        }
        text
    }
}
