//! Coveralls' JSON: for each source, one element a line.
//!
//! Invariant: nothing about a service, a job or a commit is made up; the sender adds what applies.

use crate::report::model::prepared::{Report, ReportFile};
use crate::report::model::source::SourceText;
use md5::{Digest, Md5};
use serde::Serialize;

#[derive(Serialize)]
struct CoverallsDocument<'a> {
    source_files: Vec<CoverallsFile<'a>>,
}

#[derive(Serialize)]
struct CoverallsFile<'a> {
    name: &'a str,
    /// MD5 in hexadecimal; null where the source is not there.
    source_digest: Option<String>,
    /// For each line null where it has no code, else whether it ran.
    coverage: Vec<Option<u8>>,
}

/// What ran, as Coveralls takes it.
pub fn coveralls(report: &Report) -> String {
    let document = CoverallsDocument { source_files: report.files.iter().map(file).collect() };
    serde_json::to_string(&document).expect("invariant: names are text and counts are numbers") + "\n"
}

fn file(file: &ReportFile) -> CoverallsFile<'_> {
    let text = file.text().ok();
    let lines = &file.coverage.executable;
    let last = lines.iter().last().unwrap_or(0);
    let length = text.as_ref().map_or(0, |text| text.lines().count() as u32).max(last);
    let count = |line| lines.contains(line).then(|| u8::from(file.coverage.ran.contains(line)));
    CoverallsFile {
        name: &file.name,
        source_digest: text.as_ref().map(digest),
        coverage: (1..=length).map(count).collect(),
    }
}

fn digest(text: &SourceText) -> String {
    Md5::digest(text.bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::model::coverage::FileCoverage;

    #[test]
    fn every_line_has_an_element_also_where_the_source_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.c");
        let coverage = FileCoverage {
            executable: [2, 3].into_iter().collect(),
            ran: [3].into_iter().collect(),
            ..FileCoverage::default()
        };
        let file = ReportFile {
            name: "a.c".to_owned(),
            path: path.to_str().unwrap().to_owned(),
            coverage,
            ..ReportFile::default()
        };
        let report = Report { files: vec![file], ..Report::default() };
        let expected = |digest: &str, rest: &str| {
            format!(r#"{{"source_files":[{{"name":"a.c","source_digest":{digest},"coverage":[null,0,1{rest}]}}]}}"#)
                + "\n"
        };
        assert_eq!(coveralls(&report), expected("null", ""));
        std::fs::write(&path, "1\n2\n3\n4\n").unwrap();
        assert_eq!(coveralls(&report), expected("\"302c28003d487124d97c242de94da856\"", ",null"));
    }
}
