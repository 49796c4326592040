//! What one witness says of the lines of a program, and the reading of cov-trace's and gcov's answers.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

/// A line of a source file, named by the last part of its path: the subjects have no two files of one name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub file: String,
    pub line: u32,
}

/// The lines a witness knows to have code, and whether each ran.
pub type Lines = BTreeMap<Place, bool>;

/// Notes that `place` is known, and that it ran if `ran`.
pub fn note(lines: &mut Lines, place: Place, ran: bool) {
    *lines.entry(place).or_default() |= ran;
}

/// The name by which `path` is compared, if it lies directly in `sources`.
pub fn name_in(sources: &Path, path: &Path) -> Option<String> {
    let path = sources.join(path);
    (path.parent() == Some(sources)).then(|| path.file_name().map(|name| name.to_string_lossy().into_owned()))?
}

/// Reads an lcov tracefile.
///
/// # Errors
/// When a `DA` record is malformed.
pub fn from_lcov(text: &str, sources: &Path) -> Result<Lines, String> {
    let mut lines = Lines::new();
    let mut file = None;
    for record in text.lines() {
        if let Some(path) = record.strip_prefix("SF:") {
            file = name_in(sources, Path::new(path));
        } else if let (Some(data), Some(file)) = (record.strip_prefix("DA:"), &file) {
            let mut fields = data.split(',').map(str::parse::<u32>);
            let (Some(Ok(line)), Some(Ok(count))) = (fields.next(), fields.next()) else {
                return Err(format!("lcov: {record}"));
            };
            note(&mut lines, Place { file: file.clone(), line }, count > 0);
        }
    }
    Ok(lines)
}

#[derive(Deserialize)]
struct GcovDocument {
    files: Vec<GcovFile>,
}

#[derive(Deserialize)]
struct GcovFile {
    file: String,
    lines: Vec<GcovLine>,
}

#[derive(Deserialize)]
struct GcovLine {
    line_number: u32,
    count: u64,
}

/// Asks gcov for the lines of every object in `directory`, a build with its counters.
///
/// # Errors
/// When gcov fails or its JSON is not what gcc 9 and later write.
pub fn from_gcov(directory: &Path, sources: &Path) -> Result<Lines, String> {
    let mut notes = Vec::new();
    for entry in directory.read_dir().map_err(|error| format!("{}: {error}", directory.display()))? {
        let path = entry.map_err(|error| error.to_string())?.path();
        if path.extension().is_some_and(|extension| extension == "gcno") {
            notes.push(path);
        }
    }
    notes.sort();
    let output = Command::new("gcov").arg("--json-format").arg("--stdout").args(&notes).current_dir(sources).output();
    let output = output.map_err(|error| format!("gcov: {error}"))?;
    if !output.status.success() {
        return Err(format!("gcov: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let mut lines = Lines::new();
    for document in serde_json::Deserializer::from_slice(&output.stdout).into_iter::<GcovDocument>() {
        for file in document.map_err(|error| format!("gcov's JSON: {error}"))?.files {
            let Some(name) = name_in(sources, Path::new(&file.file)) else {
                continue;
            };
            for line in file.lines {
                note(&mut lines, Place { file: name.clone(), line: line.line_number }, line.count > 0);
            }
        }
    }
    Ok(lines)
}
