//! LCOV tracefiles (geninfo(1), "TRACEFILE FORMAT").
//!
//! Invariants: within a source no two functions have one name, and no text has a control character. A breakpoint that
//! fires once can only tell whether something ran: counts are 0 or 1.
//!
//! Some readers, lcov 1.16 among them, end a name at its first comma, so names have semicolons for commas. How functions
//! are written is said in `lcov_functions`.

use super::lcov_functions::groups;
use super::names::{unique_names, without_controls};
use crate::report::model::coverage::FileCoverage;
use crate::report::model::functions::function_ran;
use crate::report::model::prepared::{Report, ReportFile};
use crate::report::model::source::SourceState;
use crate::store::FunctionFacts;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use md5::{Digest, Md5};
use std::collections::{HashMap, HashSet};
use std::fmt::{self, Write};

/// Whether lines carry digests, by which readers tell a source that is another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Checksums {
    /// They do not.
    #[default]
    Without,
    /// They do, in sources that are there and are what was measured.
    OfLines,
}

/// The names of the tests that stand for contexts, no two of them equal.
///
/// A name has only letters, digits and underscores (geninfo(1), `--test-name`), which is all the same for many labels.
#[derive(Debug, Default)]
pub struct TestNames {
    /// How many labels were made into each name.
    uses: HashMap<String, u32>,
}

impl TestNames {
    /// Letters of a label that are kept.
    const MAX_LETTERS: usize = 240;

    /// The name of the next test.
    pub fn next(&mut self, label: &str) -> String {
        let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '_' };
        let plain: String = label.chars().take(Self::MAX_LETTERS).map(plain).collect();
        let mut name = plain.clone();
        while self.uses.contains_key(&name) {
            let uses = self.uses.entry(plain.clone()).or_default();
            *uses += 1;
            name = format!("{plain}_{uses}");
        }
        self.uses.insert(name.clone(), 1);
        name
    }
}

/// The tracefile of what ran in a test, whose name may be empty.
///
/// `whole` is what ran in all tests that have a part in the tracefile: lcov 2 adds the parts up before it compares functions
/// with lines, and refuses a function that is elsewhere in one part than in another.
pub fn lcov(report: &Report, whole: &Report, test: &str, checksums: Checksums) -> String {
    let mut text = String::new();
    let all: HashMap<&str, &ReportFile> = whole.files.iter().map(|file| (file.name.as_str(), file)).collect();
    for file in &report.files {
        let digests = match checksums {
            Checksums::Without => Vec::new(),
            Checksums::OfLines => digests(file),
        };
        let whole = all.get(file.name.as_str()).map_or(&file.coverage, |whole| &whole.coverage);
        write_file(&mut text, test, file, whole, &digests).expect("invariant: writing to a string does not fail");
    }
    text
}

fn write_file(
    text: &mut String,
    test: &str,
    file: &ReportFile,
    whole: &FileCoverage,
    digests: &[String],
) -> fmt::Result {
    writeln!(text, "TN:{test}\nSF:{}", without_controls(&file.name))?;
    let file = &file.coverage;
    let functions = unique_names(&whole.functions, plain_name);
    let groups = groups(&functions, whole);
    let has_run = |(_, function): &&(String, &FunctionFacts)| function_ran(function, file);
    let ran: HashSet<&str> = functions.iter().filter(has_run).map(|(name, _)| name.as_str()).collect();
    for group in &groups {
        let end = group.end.map_or_else(String::new, |end| format!("{end},"));
        for (name, _) in &group.names {
            writeln!(text, "FN:{},{end}{name}", group.start)?;
        }
    }
    let (mut found, mut hit) = (0, 0);
    for (name, _) in groups.iter().flat_map(|group| &group.names) {
        let has_run = ran.contains(name);
        writeln!(text, "FNDA:{},{name}", u8::from(has_run))?;
        found += 1;
        hit += u64::from(has_run);
    }
    writeln!(text, "FNF:{found}\nFNH:{hit}")?;
    for line in file.executable.iter() {
        write!(text, "DA:{line},{}", u8::from(file.ran.contains(line)))?;
        match digests.get(line.wrapping_sub(1) as usize) {
            Some(digest) => writeln!(text, ",{digest}")?,
            None => writeln!(text)?,
        }
    }
    let ratio = file.ratio();
    writeln!(text, "LF:{}\nLH:{}\nend_of_record", ratio.lines, ratio.ran)
}

/// A name without what the format gives a meaning; it has neither quotes nor escapes.
fn plain_name(name: &str) -> String {
    match name {
        "" => "?".to_owned(),
        name => without_controls(name).replace(',', ";"),
    }
}

/// The digest of each line that the source still has as it was measured (MD5 in base64 without padding, as
/// geninfo(1) `--checksum` has it), the first that of line 1.
fn digests(file: &ReportFile) -> Vec<String> {
    if file.source != SourceState::Found {
        return Vec::new();
    }
    let Ok(text) = file.text() else { return Vec::new() };
    let digest = |line: &[u8]| STANDARD_NO_PAD.encode(Md5::digest(line.strip_suffix(b"\r").unwrap_or(line)));
    text.bytes().split(|byte| *byte == b'\n').map(digest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::model::functions::sample::{file, function};

    fn text(path: &str, file: FileCoverage) -> String {
        let file = ReportFile { name: path.to_owned(), coverage: file, ..ReportFile::default() };
        of_report(Report { files: vec![file], ..Report::default() }, "", Checksums::Without)
    }

    fn of_report(report: Report, test: &str, checksums: Checksums) -> String {
        lcov(&report, &report, test, checksums)
    }

    #[test]
    fn a_source_is_written_in_full() {
        let functions = vec![function(1, 3, "one"), function(5, 6, "std::map<int, A>::at\n")];
        assert_eq!(
            text("/src/a\nb,c.c", file(&[1, 2, 5, 6], &[1, 2], functions)),
            "TN:\nSF:/src/a_b,c.c\nFN:1,one\nFN:5,std::map<int; A>::at_\nFNDA:1,one\nFNDA:0,std::map<int; A>::at_\n\
             FNF:2\nFNH:1\nDA:1,1\nDA:2,1\nDA:5,0\nDA:6,0\nLF:4\nLH:2\nend_of_record\n"
        );
    }

    #[test]
    fn a_context_is_a_test() {
        let file = ReportFile { name: "a.c".to_owned(), coverage: file(&[1], &[1], vec![]), ..ReportFile::default() };
        let mut names = TestNames::default();
        let test = names.next("suite one\n,x");
        let text = of_report(Report { files: vec![file], ..Report::default() }, &test, Checksums::Without);
        assert!(text.starts_with("TN:suite_one__x\nSF:a.c\n"), "{text}");
        let labels = ["suite one??x", "\u{444}", "\u{434}", "__2", "_", "", &"x".repeat(64 << 10)];
        let next = labels.map(|label| names.next(label));
        assert_eq!(next[..6], ["suite_one__x_2", "_", "__2", "__2_2", "__3", ""]);
        assert_eq!(next[6].len(), TestNames::MAX_LETTERS);
    }

    #[test]
    fn functions_are_in_one_place_in_all_contexts() {
        let functions = || vec![function(1, 3, "one"), function(5, 6, "two")];
        let report = |ran: &[u32]| {
            let coverage = file(&[1, 2, 5, 6], ran, functions());
            let file = ReportFile { name: "a.c".to_owned(), coverage, ..ReportFile::default() };
            Report { files: vec![file], ..Report::default() }
        };
        let whole = report(&[2, 5]);
        let functions = |ran: &[u32]| {
            let text = lcov(&report(ran), &whole, "", Checksums::Without);
            text.lines().filter(|line| line.starts_with("FN")).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(functions(&[2]), ["FN:1,one", "FN:5,two", "FNDA:1,one", "FNDA:0,two", "FNF:2", "FNH:1"]);
        assert_eq!(functions(&[5]), ["FN:1,one", "FN:5,two", "FNDA:0,one", "FNDA:1,two", "FNF:2", "FNH:1"]);
        // By itself, this would be where its line is that did not run.
        let shared = file(&[1, 2], &[1], vec![FunctionFacts { told: true, ..function(1, 2, "never") }]);
        assert!(text("a.c", shared).contains("FN:2,never\n"));
    }

    #[test]
    fn names_are_unique() {
        let functions = [
            function(1, 2, "f"),
            function(1, 3, "f"),
            function(4, 5, "f"),
            function(6, 7, "f@4"),
            function(8, 9, "g<a,b>"),
            function(8, 9, "g<a;b>"),
            function(8, 9, "g<a\tb>"),
            function(10, 11, ""),
        ];
        let functions = functions.into_iter().collect();
        let names: Vec<String> = unique_names(&functions, plain_name).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["f@1", "f@1-3", "f@4-5", "f@4", "g<a_b>", "g<a;b>@8", "g<a;b>@8-9", "?"]);
    }

    #[test]
    fn lines_have_digests_where_the_source_is_what_was_measured() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.c").to_str().unwrap().to_owned();
        std::fs::write(&path, "int a;\r\n\nlast").unwrap();
        let coverage = file(&[1, 2, 3, 4], &[1], vec![]);
        let of = |source| {
            let file = ReportFile { path: path.clone(), coverage: coverage.clone(), source, ..ReportFile::default() };
            let text = of_report(Report { files: vec![file], ..Report::default() }, "", Checksums::OfLines);
            text.lines().filter_map(|line| line.strip_prefix("DA:").map(str::to_owned)).collect::<Vec<_>>()
        };
        let expected =
            ["1,1,W4/wtE32CLm7R0McK0b2zg", "2,0,1B2M2Y8AsgTpgAmY7PhCfg", "3,0,mL0cRWhM9YesI0epLde7UQ", "4,0"];
        assert_eq!(of(SourceState::Found), expected);
        assert_eq!(of(SourceState::Newer), ["1,1", "2,0", "3,0", "4,0"]);
    }
}
