//! What a report tells besides its numbers: what lowers their truth.

use super::builds::{Build, ChosenSources, LeftOut};
use super::paths::Paths;
use super::source::SourceState;
use crate::report::terminal::escape::printable;
use crate::report::terminal::wording::some_of;
use crate::store::{ImageFacts, ProcessRecord};
use crate::warning::WarningKind;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

/// How many pids or images a note names before it only counts.
const MAX_NAMED: usize = 5;

/// Warnings and shortcomings of a set of processes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// Processes whose end nobody saw, or that are still running: pids by run.
    incomplete: BTreeMap<String, BTreeSet<i32>>,
    /// Places by image, by slug and text.
    of_images: BTreeMap<(String, String), BTreeMap<String, u64>>,
    /// Places by pid and run, by slug and text.
    of_processes: BTreeMap<(String, String), BTreeMap<(i32, String), u64>>,
    /// Sources that are not what was measured, by what they are.
    of_sources: BTreeMap<SourceState, BTreeSet<String>>,
    /// What other builds ran and was left out, by image and build-id: names of sources, and runs.
    other_builds: BTreeMap<Build, LeftOut>,
    /// Sources that are no files.
    no_files: BTreeSet<String>,
    /// Maps of paths that fit no source.
    unused_maps: Vec<String>,
    /// How many tests the last run did not run, of so many.
    earlier: (u64, u64),
    /// Lines beyond the end of their source, by its name.
    beyond_end: BTreeMap<String, u64>,
    /// Marks that do not fit together: source, line and what is wrong.
    of_marks: BTreeSet<(String, u32, &'static str)>,
}

impl Notes {
    /// Adds what a process itself says.
    pub(crate) fn add_process(&mut self, record: &ProcessRecord) {
        if !record.complete {
            self.incomplete.entry(record.head.run.clone()).or_default().insert(record.head.pid);
        }
        for warning in &record.warnings {
            let places = self.of_processes.entry((warning.slug.clone(), warning.text.clone())).or_default();
            *places.entry((record.head.pid, record.head.run.clone())).or_default() += warning.count;
        }
    }

    /// Adds what is said of an image; it may be added again, by each process that has it.
    pub(crate) fn add_image(&mut self, image: &ImageFacts) {
        for warning in &image.warnings {
            let places = self.of_images.entry((warning.slug.clone(), warning.text.clone())).or_default();
            let places = places.entry(image.path.clone()).or_default();
            *places = warning.count.max(*places);
        }
    }

    /// Adds what is said of a source.
    pub(crate) fn add_source(&mut self, name: &str, state: SourceState, marks: &[(u32, &'static str)]) {
        if state != SourceState::Found {
            self.of_sources.entry(state).or_default().insert(name.to_owned());
        }
        self.of_marks.extend(marks.iter().map(|(line, text)| (name.to_owned(), *line, *text)));
    }

    /// Adds what is said of the sources as a whole.
    pub(crate) fn add_sources(&mut self, sources: &ChosenSources, paths: &Paths) {
        self.other_builds.clone_from(&sources.left_out);
        for left_out in self.other_builds.values_mut() {
            left_out.sources = left_out.sources.iter().map(|path| paths.name(path)).collect();
        }
        self.no_files.extend(sources.no_files.iter().map(|path| paths.name(path)));
        self.unused_maps.clone_from(&sources.unused_maps);
        self.earlier = sources.latest.earlier;
    }

    /// Adds how many lines of a source are beyond its end.
    pub(crate) fn add_beyond_end(&mut self, name: &str, lines: u64) {
        self.beyond_end.insert(name.to_owned(), lines);
    }

    /// The notes, one a line without its end, made safe for a terminal.
    ///
    /// `live` has the names of the runs that are under way.
    pub fn lines(&self, live: &BTreeSet<String>) -> Vec<String> {
        let mut lines = self.of_measuring();
        lines
            .extend(self.other_builds.iter().map(|((image, build_id), out)| left_out(image, build_id.as_deref(), out)));
        lines.extend(self.of_all_sources());
        lines.extend(self.of_sources.iter().filter_map(|(state, names)| source_note(*state, names)));
        lines.extend(self.of_marks.iter().map(|(name, line, text)| {
            let slug = WarningKind::ExclusionMark.slug();
            printable(&format!("{slug}: {name}:{line}: {text}")).into_owned()
        }));
        lines.extend(self.of_incomplete(live));
        if let (earlier @ 1.., all) = self.earlier {
            lines.push(format!("{earlier} of {all} tests were not in the last run: what they ran is of earlier ones"));
        }
        lines
    }

    /// What images and processes say themselves.
    fn of_measuring(&self) -> Vec<String> {
        let images = self.of_images.iter().map(|((slug, text), places)| {
            let subject = named(places.keys(), "image", "images");
            note(slug, &subject, places.values().sum(), text)
        });
        let processes = self.of_processes.iter().map(|((slug, text), places)| {
            let subject = named(places.keys().map(|(pid, _)| pid), "pid", "pids");
            note(slug, &subject, places.values().sum(), text)
        });
        images.chain(processes).collect()
    }

    /// Names that are no files, lines that are beyond the end and maps that fit nothing.
    fn of_all_sources(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if !self.no_files.is_empty() {
            let subject = named(self.no_files.iter(), "source", "sources");
            let slug = WarningKind::NoSourceFile.slug();
            let text = format!("{slug}: {subject}: left out, because these are names of no files");
            lines.push(printable(&text).into_owned());
        }
        if !self.beyond_end.is_empty() {
            let subject = named(self.beyond_end.keys(), "source", "sources");
            let count: u64 = self.beyond_end.values().sum();
            let text = "lines behind the end of the source are left out";
            lines.push(note(WarningKind::BeyondEnd.slug(), &subject, count, text));
        }
        lines.extend(self.unused_maps.iter().map(|map| {
            let text = format!("{}: --map {map}: no source's path starts with that", WarningKind::MapUnused.slug());
            printable(&text).into_owned()
        }));
        lines
    }

    /// Processes of which there is more to come, and those of which there should be more.
    fn of_incomplete(&self, live: &BTreeSet<String>) -> Vec<String> {
        let pids = |of_live: bool| {
            let runs = self.incomplete.iter();
            let runs = runs.filter(move |(run, _)| live.contains(*run) == of_live);
            runs.flat_map(|(_, pids)| pids).collect::<Vec<_>>()
        };
        let running = (pids(true), "still being measured: what runs from now on is not in here");
        let cut_short = (pids(false), "incomplete: the measurement was cut short, what ran afterwards is not in here");
        let some = [running, cut_short].into_iter().filter(|(pids, _)| !pids.is_empty());
        some.map(|(pids, text)| format!("{} {text}", named(pids.iter(), "pid", "pids"))).collect()
    }
}

/// What is left out because it is of another build than the one that is reported.
fn left_out(image: &str, build_id: Option<&str>, LeftOut { sources, runs }: &LeftOut) -> String {
    let build = build_id.map_or(String::new(), |id| format!(", build {}", short(id)));
    let erase: Vec<String> = runs.iter().take(MAX_NAMED).map(|run| format!(" --run {run}")).collect();
    let text = format!(
        "{}: {} in {} ({image}{build}): the text was another one, so what ran of it is left out; \
         to remove {}: cov-trace erase{}",
        WarningKind::OtherBuild.slug(),
        named(sources.iter(), "source", "sources"),
        named(runs.iter(), "run", "runs"),
        if runs.len() == 1 { "that run" } else { "these runs" },
        erase.concat(),
    );
    printable(&text).into_owned()
}

/// Why the text of these sources is not shown, or not to be trusted.
fn source_note(state: SourceState, names: &BTreeSet<String>) -> Option<String> {
    let subject = named(names.iter(), "source", "sources");
    let (kind, text) = match state {
        SourceState::Found => return None,
        SourceState::Newer => {
            (WarningKind::SourceNewer, "changed since the program was built or measured, so lines may be others")
        }
        SourceState::Missing => {
            (WarningKind::SourceMissing, "not found, so marks do not count; --map FROM=TO tells where sources are")
        }
        SourceState::Unreadable => {
            (WarningKind::SourceUnreadable, "no regular file, too large, or not to be read, so marks do not count")
        }
        SourceState::Withheld => (
            WarningKind::SourceNotShown,
            "not everybody may read it and it is not among one's own sources, so it is not shown and marks do not \
             count; --source-root DIR shows what is below DIR",
        ),
    };
    Some(printable(&format!("{}: {subject}: {text}", kind.slug())).into_owned())
}

/// The start of a build-id, as much as tells it from others.
fn short(build_id: &str) -> &str {
    build_id.get(..12).unwrap_or(build_id)
}

fn note(slug: &str, subject: &str, places: u64, text: &str) -> String {
    let places = match places {
        1 => "1 place".to_owned(),
        places => format!("{places} places"),
    };
    printable(&format!("{slug} in {subject} ({places}): {text}")).into_owned()
}

/// `pid 7`, `pids 7, 8`, or the first few and how many more.
fn named<T: Display>(all: impl ExactSizeIterator<Item = T>, one: &str, several: &str) -> String {
    let count = all.len();
    let what = if count == 1 { one } else { several };
    format!("{what} {}", some_of(all.take(MAX_NAMED), count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Warning, sample};
    use std::sync::Arc;

    #[test]
    fn warnings_of_an_image_count_once_and_those_of_processes_add_up() {
        let mut notes = Notes::default();
        let mut record = sample::record();
        record.warnings =
            vec![Warning { slug: "map\ndropped".to_owned(), text: "a mapping was dropped".to_owned(), count: 2 }];
        for pid in 1..=7 {
            record.head.pid = pid;
            notes.add_process(&record);
            record.images.iter().for_each(|image| notes.add_image(image));
        }
        assert_eq!(
            notes.lines(&BTreeSet::new()),
            [
                "not-on-boundary in images /usr/bin/prog, /usr/lib/libx.so.1 (6 places): not-on-boundary means something",
                "map\\ndropped in pids 1, 2, 3, 4, 5 and 2 more (14 places): a mapping was dropped",
            ]
        );
    }

    #[test]
    fn live_processes_are_told_from_those_cut_short() {
        let mut notes = Notes::default();
        let mut record = sample::record();
        record.warnings.clear();
        notes.add_process(&record);
        record.complete = false;
        record.head.pid = 9;
        notes.add_process(&record);
        record.head.run = "live".to_owned();
        record.head.pid = 8;
        record.images = vec![Arc::clone(&record.images[0])];
        notes.add_process(&record);
        let lines = notes.lines(&BTreeSet::from(["live".to_owned()]));
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].starts_with("pid 8 still being measured"), "{lines:?}");
        assert!(lines[1].starts_with("pid 9 incomplete"), "{lines:?}");
    }
}
