//! Cobertura's XML (coverage-04.dtd): folders are packages, sources are classes, functions are methods.
//!
//! Invariants: there is one `<source>`, and it and a class's filename make a path; rates are never rounded to 0 or 1.
//! Branches, of which nothing is known, are 0 of 0, as coverage.py writes them where it measured none.

use super::names::unique_names;
use super::xml::{Xml, document, plain};
use crate::report::model::coverage::FileCoverage;
use crate::report::model::percent::Ratio;
use crate::report::model::prepared::{Report, ReportFile};
use crate::store::Numbits;
use quick_xml::events::BytesText;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// What readers know the format by.
const DOCTYPE: &str = "coverage SYSTEM \"http://cobertura.sourceforge.net/xml/coverage-04.dtd\"";

/// What ran, as Cobertura writes it; names are relative to `root`.
pub fn cobertura(report: &Report, root: &Path) -> String {
    document(Some(DOCTYPE), |xml| {
        let total = report.total();
        let measured = report.files.iter().filter_map(|file| file.coverage.measured).max().unwrap_or_default();
        xml.create_element("coverage")
            .with_attributes([
                ("line-rate", total.rate().as_str()),
                ("branch-rate", "0"),
                ("lines-covered", &total.ran.to_string()),
                ("lines-valid", &total.lines.to_string()),
                ("branches-covered", "0"),
                ("branches-valid", "0"),
                ("complexity", "0"),
                ("version", concat!("cov-trace ", env!("CARGO_PKG_VERSION"))),
                ("timestamp", &measured.0.to_string()),
            ])
            .write_inner_content(|xml| {
                let root = plain(&root.to_string_lossy());
                xml.create_element("sources").write_inner_content(|xml| {
                    xml.create_element("source").write_text_content(BytesText::new(&root))?;
                    Ok(())
                })?;
                xml.create_element("packages").write_inner_content(|xml| packages(xml, report))?;
                Ok(())
            })?;
        Ok(())
    })
}

fn packages(xml: &mut Xml, report: &Report) -> io::Result<()> {
    let mut folders: BTreeMap<&str, Vec<&ReportFile>> = BTreeMap::new();
    for file in &report.files {
        let folder = file.name.rsplit_once('/').map_or(".", |(folder, _)| folder);
        folders.entry(folder).or_default().push(file);
    }
    for (folder, files) in folders {
        let add = |sum: Ratio, file: &&ReportFile| sum + file.coverage.ratio();
        let ratio = files.iter().fold(Ratio::default(), add);
        rated(xml, "package", &[("name", if folder.is_empty() { "/" } else { folder })], ratio, |xml| {
            xml.create_element("classes")
                .write_inner_content(|xml| files.iter().try_for_each(|file| class(xml, file)))?;
            Ok(())
        })?;
    }
    Ok(())
}

fn class(xml: &mut Xml, file: &ReportFile) -> io::Result<()> {
    let name = file.name.rsplit_once('/').map_or(file.name.as_str(), |(_, name)| name);
    let coverage = &file.coverage;
    rated(xml, "class", &[("name", name), ("filename", &file.name)], coverage.ratio(), |xml| {
        xml.create_element("methods").write_inner_content(|xml| methods(xml, coverage))?;
        lines(xml, &coverage.executable, coverage)
    })
}

fn methods(xml: &mut Xml, file: &FileCoverage) -> io::Result<()> {
    for (name, function) in unique_names(&file.functions, plain) {
        let own = file.of_function(function);
        if !own.executable.is_empty() {
            let attributes = [("name", name.as_str()), ("signature", "")];
            rated(xml, "method", &attributes, own.ratio(), |xml| lines(xml, &own.executable, &own))?;
        }
    }
    Ok(())
}

fn lines(xml: &mut Xml, lines: &Numbits, file: &FileCoverage) -> io::Result<()> {
    xml.create_element("lines").write_inner_content(|xml| {
        for line in lines.iter() {
            let hits = if file.ran.contains(line) { "1" } else { "0" };
            xml.create_element("line")
                .with_attributes([("number", line.to_string().as_str()), ("hits", hits)])
                .write_empty()?;
        }
        Ok(())
    })?;
    Ok(())
}

/// An element of which a share ran.
fn rated(
    xml: &mut Xml,
    element: &str,
    attributes: &[(&str, &str)],
    ratio: Ratio,
    content: impl FnOnce(&mut Xml) -> io::Result<()>,
) -> io::Result<()> {
    let rate = ratio.rate();
    let plain: Vec<(&str, String)> = attributes.iter().map(|(name, value)| (*name, plain(value))).collect();
    xml.create_element(element)
        .with_attributes(plain.iter().map(|(name, value)| (*name, value.as_str())))
        .with_attributes([("line-rate", rate.as_str()), ("branch-rate", "0"), ("complexity", "0")])
        .write_inner_content(content)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{FunctionFacts, UnixMillis};

    fn file(name: &str, executable: &[u32], ran: &[u32], functions: Vec<FunctionFacts>) -> ReportFile {
        let coverage = FileCoverage {
            executable: executable.iter().copied().collect(),
            ran: ran.iter().copied().collect(),
            functions: functions.into_iter().collect(),
            measured: Some(UnixMillis(7)),
            ..FileCoverage::default()
        };
        ReportFile { name: name.to_owned(), coverage, ..ReportFile::default() }
    }

    #[test]
    fn folders_sources_and_functions_have_rates() {
        let function = FunctionFacts { start: 1, end: 3, name: "f<T>\n".to_owned(), told: false };
        let files = vec![file("a.c", &[1, 2, 5], &[1, 2], vec![function]), file("src/b.c", &[1], &[], vec![])];
        let text = cobertura(&Report { files, ..Report::default() }, Path::new("/r&d"));
        for expected in [
            "<coverage line-rate=\"0.500000\" branch-rate=\"0\" lines-covered=\"2\" lines-valid=\"4\" ",
            " timestamp=\"7\">\n<sources>\n<source>/r&amp;d</source>\n</sources>\n<packages>\n\
             <package name=\".\" line-rate=\"0.666667\" ",
            "<class name=\"a.c\" filename=\"a.c\" line-rate=\"0.666667\" branch-rate=\"0\" complexity=\"0\">\n<methods>\n\
             <method name=\"f&lt;T&gt;_\" signature=\"\" line-rate=\"1.000000\" branch-rate=\"0\" complexity=\"0\">\n<lines>\n\
             <line number=\"1\" hits=\"1\"/>\n<line number=\"2\" hits=\"1\"/>\n</lines>\n</method>\n</methods>\n<lines>\n",
            "<package name=\"src\" line-rate=\"0.000000\" ",
            "<class name=\"b.c\" filename=\"src/b.c\" line-rate=\"0.000000\" ",
        ] {
            assert!(text.contains(expected), "{expected}\n{text}");
        }
    }
}
