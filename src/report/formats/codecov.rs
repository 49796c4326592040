//! Codecov's JSON: for each source, its lines that have code and whether they ran.
//!
//! Invariant: lines without code, and those that do not count, are not in it.

use crate::report::model::prepared::{Report, ReportFile};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

#[derive(Serialize)]
struct CodecovDocument<'a> {
    coverage: Files<'a>,
}

struct Files<'a>(&'a Report);

struct Lines<'a>(&'a ReportFile);

/// What ran, as Codecov takes it.
pub fn codecov(report: &Report) -> String {
    let document = CodecovDocument { coverage: Files(report) };
    serde_json::to_string(&document).expect("invariant: names are text and counts are numbers") + "\n"
}

impl Serialize for Files<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.files.iter().map(|file| (&file.name, Lines(file))))
    }
}

impl Serialize for Lines<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let coverage = &self.0.coverage;
        let mut lines = serializer.serialize_map(None)?;
        for line in coverage.executable.iter() {
            lines.serialize_entry(&line.to_string(), &u8::from(coverage.ran.contains(line)))?;
        }
        lines.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::model::coverage::FileCoverage;

    #[test]
    fn lines_without_code_are_left_out() {
        let coverage = FileCoverage {
            executable: [2, 10].into_iter().collect(),
            ran: [10].into_iter().collect(),
            ..FileCoverage::default()
        };
        let file = ReportFile { name: "src/\"a\n.c".to_owned(), coverage, ..ReportFile::default() };
        let text = codecov(&Report { files: vec![file], ..Report::default() });
        assert_eq!(text, "{\"coverage\":{\"src/\\\"a\\n.c\":{\"2\":0,\"10\":1}}}\n");
    }
}
