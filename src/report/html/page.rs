//! A source as a page of the site: what it is called there, and its functions.
//!
//! Invariant: names of pages are of plain letters only and no two are the same, whatever the sources are called.

use crate::report::model::functions::function_ran;
use crate::report::model::percent::Ratio;
use crate::report::model::prepared::ReportFile;
use crate::store::FunctionFacts;

/// Letters of a source's name that its page keeps.
const MAX_STEM: usize = 40;

/// A source and its page.
#[derive(Debug)]
pub(super) struct Page<'a> {
    /// The source that the page shows.
    pub(super) file: &'a ReportFile,
    /// Its number among the sources.
    pub(super) number: usize,
    /// The page's path in the site.
    pub(super) path: String,
    /// Its functions, and whether they ran.
    pub(super) functions: Vec<(&'a FunctionFacts, bool)>,
}

impl<'a> Page<'a> {
    /// The page of the source at a position in the report.
    pub(super) fn new(number: usize, file: &'a ReportFile) -> Self {
        let functions = file.coverage.functions.iter();
        let functions = functions.map(|function| (function, function_ran(function, &file.coverage))).collect();
        let last = file.name.rsplit('/').next().unwrap_or_default();
        let plain = |letter: char| if letter.is_ascii_alphanumeric() || "._-+".contains(letter) { letter } else { '_' };
        let stem: String = last.chars().map(plain).take(MAX_STEM).collect();
        Page { file, number, path: format!("source/{number}-{stem}.html"), functions }
    }

    /// How many of its functions ran.
    pub(super) fn functions_ratio(&self) -> Ratio {
        let ran = self.functions.iter().filter(|(_, ran)| *ran).count();
        Ratio { ran: ran as u64, lines: self.functions.len() as u64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_pages_are_plain_and_stay_in_their_folder() {
        let long = "x".repeat(5_000);
        let names = ["../../etc/passwd", "a/..", "a b<\u{0}\u{e4}>.c", "", "/", &long, "a\\..\\b?c#d%2e%2e%2f"];
        for (index, name) in names.into_iter().enumerate() {
            let file = ReportFile { name: name.to_owned(), ..ReportFile::default() };
            let path = Page::new(index, &file).path;
            let name = path.strip_prefix(&format!("source/{index}-")).and_then(|rest| rest.strip_suffix(".html"));
            let name = name.unwrap_or_else(|| panic!("{path}"));
            assert!(name.len() <= MAX_STEM && !name.contains(['/', '\\', '%', '<', '#', '?', '\0']), "{path}");
        }
    }
}
