//! SonarQube's generic coverage XML, version 1.
//!
//! Invariant: line numbers are at least 1.

use super::xml::{document, plain};
use crate::report::model::prepared::Report;

/// What ran, as SonarQube imports it.
pub fn sonarqube(report: &Report) -> String {
    document(None, |xml| {
        xml.create_element("coverage").with_attribute(("version", "1")).write_inner_content(|xml| {
            for file in &report.files {
                let coverage = &file.coverage;
                xml.create_element("file").with_attribute(("path", plain(&file.name).as_str())).write_inner_content(
                    |xml| {
                        for line in coverage.executable.within(1..=u32::MAX) {
                            let covered = if coverage.ran.contains(line) { "true" } else { "false" };
                            xml.create_element("lineToCover")
                                .with_attributes([("lineNumber", line.to_string().as_str()), ("covered", covered)])
                                .write_empty()?;
                        }
                        Ok(())
                    },
                )?;
            }
            Ok(())
        })?;
        Ok(())
    })
}
