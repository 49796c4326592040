//! What every report shows: the union of what was selected, with sources found, lines excluded and names as they are
//! shown.
//!
//! Invariant: files are in order of their names, and no line that is excluded counts.

use super::coverage::{Coverage, FileCoverage};
use super::exclusion::Exclusions;
use super::missing::ranges;
use super::notes::Notes;
use super::paths::Paths;
use super::percent::Ratio;
use super::source::{NoSource, SourceState, SourceText, changed};
use super::withheld::ShownSources;
use crate::store::{Digest, Numbits, UnixMillis};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// The coverage of sources, ready to be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The sources that have code that counts.
    pub files: Vec<ReportFile>,
    /// What to tell the reader besides.
    pub notes: Notes,
}

/// A source with what ran of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReportFile {
    /// Its path relative to the report's root, or its whole path if it is not below that. Hostile text, as all names are.
    pub name: String,
    /// Where it is on this machine.
    pub path: String,
    /// What counts of it.
    pub coverage: FileCoverage,
    /// Lines that do not count.
    pub excluded: Numbits,
    /// Lines that have code and are not what is asked about; no range of lines that did not run goes across them.
    pub beside: Numbits,
    /// Whether its text is what was measured.
    pub source: SourceState,
    /// Which sources are shown.
    pub sources: Arc<ShownSources>,
}

/// What a report says of a line of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineState {
    /// It has code, and that ran.
    Ran,
    /// It has code, and that did not run.
    Missed,
    /// It is not to count.
    Excluded,
    /// It has no code, or is not what is asked about.
    Neither,
}

/// Whether the source at a path may be meant by a path or the end of one.
pub fn is_named(path: &Path, name: &str) -> bool {
    path.ends_with(name.trim_start_matches("./"))
}

impl Report {
    /// The sources that are meant by a path or the end of one.
    pub fn named(&self, name: &str) -> Vec<&ReportFile> {
        let files: Vec<&ReportFile> = self.files.iter().filter(|file| is_named(Path::new(&file.path), name)).collect();
        // Who names a whole name means that one, even if others end so.
        let name = name.trim_start_matches("./");
        let exact: Vec<&ReportFile> = files.iter().filter(|file| file.name == name).copied().collect();
        if exact.is_empty() { files } else { exact }
    }

    /// Prepares what was merged.
    pub fn prepare(coverage: Coverage, paths: &Paths, exclusions: &Exclusions) -> Report {
        let built = times(&coverage);
        let mut notes = coverage.notes;
        let files: Vec<(String, FileCoverage)> = coverage.files.into_iter().collect();
        let prepared: Vec<_> = files
            .into_par_iter()
            .map(|(path, coverage)| {
                let found = SourceText::read(Path::new(&path), &paths.sources);
                let state = state(&found, &coverage, &built);
                let end = found.as_ref().ok().map(|text| text.lines().count() as u32);
                let excluded = found.map(|text| exclusions.of(&text)).unwrap_or_default();
                (path, coverage, state, end, excluded)
            })
            .collect();
        let mut report = Report::default();
        for (path, mut coverage, source, end, excluded) in prepared {
            let name = paths.name(&path);
            notes.add_source(&name, source, &excluded.unmatched);
            let beyond = end.map_or(0, |end| coverage.cut(end));
            if beyond > 0 {
                notes.add_beyond_end(&name, beyond);
            }
            coverage.exclude(&excluded.lines);
            if !coverage.executable.is_empty() {
                let beside = Numbits::default();
                let sources = paths.sources.clone();
                report.files.push(ReportFile {
                    name,
                    path,
                    coverage,
                    excluded: excluded.lines,
                    beside,
                    source,
                    sources,
                });
            }
        }
        report.files.sort_by(|one, other| one.name.cmp(&other.name));
        report.notes = notes;
        report
    }

    /// How many of all lines ran.
    pub fn total(&self) -> Ratio {
        self.files.iter().map(|file| file.coverage.ratio()).sum()
    }
}

impl ReportFile {
    /// What is to be said of a line.
    pub(crate) fn state_of(&self, line: u32) -> LineState {
        if self.coverage.ran.contains(line) {
            LineState::Ran
        } else if self.coverage.executable.contains(line) {
            LineState::Missed
        } else if self.excluded.contains(line) {
            LineState::Excluded
        } else {
            LineState::Neither
        }
    }

    /// Ranges of lines that did not run.
    pub(crate) fn missing(&self) -> Vec<(u32, u32)> {
        let (mut executable, mut ran) = (self.coverage.executable.clone(), self.coverage.ran.clone());
        executable.union_with(&self.beside);
        ran.union_with(&self.beside);
        ranges(&executable, &ran)
    }

    /// Leaves only some of the lines to count.
    pub(crate) fn keep(&mut self, lines: &Numbits) {
        let beside = self.coverage.executable.difference(lines);
        self.coverage.exclude(&beside);
        self.beside.union_with(&beside);
    }

    /// Its text, as far as it is there.
    ///
    /// # Errors
    /// Where it is not.
    pub fn text(&self) -> Result<SourceText, NoSource> {
        SourceText::read(Path::new(&self.path), &self.sources)
    }
}

/// When the images that are still there were built.
fn times(coverage: &Coverage) -> BTreeMap<String, UnixMillis> {
    let images = coverage.files.values().flat_map(|file| &file.images);
    let distinct: BTreeMap<&String, ()> = images.map(|image| (image, ())).collect();
    let time = |image: &String| Some((image.clone(), changed(&fs::metadata(image).ok()?)));
    distinct.into_keys().filter_map(time).collect()
}

fn state(
    found: &Result<SourceText, NoSource>,
    coverage: &FileCoverage,
    built: &BTreeMap<String, UnixMillis>,
) -> SourceState {
    let text = match found {
        Ok(text) => text,
        Err(NoSource::Missing) => return SourceState::Missing,
        Err(NoSource::Unreadable) => return SourceState::Unreadable,
        Err(NoSource::Withheld) => return SourceState::Withheld,
    };
    match coverage.digest {
        Digest::Built(digest) if digest == text.md5() => return SourceState::Found,
        Digest::Built(_) | Digest::Changed(_) => return SourceState::Newer,
        Digest::Unknown => {}
    }
    let modified = text.modified;
    // An image that was built after the measurement is another one.
    let measured = coverage.measured.unwrap_or(modified);
    let images = coverage.images.iter().filter_map(|image| built.get(image)).filter(|built| **built <= measured);
    let valid = images.min().copied().unwrap_or(measured);
    if modified > valid { SourceState::Newer } else { SourceState::Found }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::time::{Duration, UNIX_EPOCH};

    fn written(path: &Path, text: &str, seconds: u64) {
        fs::write(path, text).unwrap();
        File::options()
            .write(true)
            .open(path)
            .unwrap()
            .set_modified(UNIX_EPOCH + Duration::from_secs(seconds))
            .unwrap();
    }

    fn file(lines: &[u32], image: &Path, measured: i64) -> FileCoverage {
        FileCoverage {
            executable: lines.iter().copied().collect(),
            ran: lines.iter().copied().collect(),
            images: [image.to_str().unwrap().to_owned()].into(),
            measured: Some(UnixMillis(measured * 1000)),
            ..FileCoverage::default()
        }
    }

    #[test]
    fn sources_are_found_named_and_told_from_newer_ones() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        written(&at("prog"), "", 200);
        written(&at("rebuilt"), "", 900);
        written(&at("old.c"), "1\n2 // LCOV_EXCL_LINE\n", 100);
        written(&at("edited.c"), "1\n", 300);
        let files = [
            ("edited.c", file(&[1], &at("prog"), 500)),
            ("gone.c", file(&[1], &at("prog"), 500)),
            ("old.c", file(&[1, 2], &at("prog"), 500)),
        ];
        let files = files.map(|(name, file)| (at(name).to_str().unwrap().to_owned(), file));
        let mut coverage = Coverage { files: files.into(), ..Coverage::default() };
        let paths = Paths { root: Some(folder.path().to_owned()), ..Paths::default() };
        let report = Report::prepare(coverage.clone(), &paths, &Exclusions::default());
        let states: Vec<_> = report.files.iter().map(|file| (file.name.as_str(), file.source)).collect();
        let expected =
            [("edited.c", SourceState::Newer), ("gone.c", SourceState::Missing), ("old.c", SourceState::Found)];
        assert_eq!(states, expected);
        assert_eq!(report.total(), Ratio { ran: 3, lines: 3 });
        for file in coverage.files.values_mut() {
            file.images = [at("rebuilt").to_str().unwrap().to_owned()].into();
        }
        let report = Report::prepare(coverage, &paths, &Exclusions::default());
        assert_eq!(report.files[0].source, SourceState::Found, "the image that was measured is gone");
    }
}
