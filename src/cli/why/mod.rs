//! `cov-trace why FILE:LINE`: what the debug info says of a line, and why reports say of it what they say.

mod text;

use super::image::bytes_of;
use super::output::{print, print_json};
use super::selection::{Audience, SourceArguments, SourceSelection};
use super::{CliError, CommandOutcome};
use crate::debuginfo::{LineAccount, line_account};
use crate::report::{Placer, ReportFile, is_named, printable};
use clap::Args;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::str::FromStr;

#[derive(Clone, Debug, Args)]
pub(super) struct WhyArguments {
    /// A line of a source, which is named by its path or the end of it
    #[arg(value_name = "FILE:LINE")]
    what: SourceLine,
    /// Ask this executable or library, whether or not it was measured; may be repeated
    #[arg(long, value_name = "PATH")]
    image: Vec<PathBuf>,
    /// Show all rows of the line, however many there are
    #[arg(long)]
    all_rows: bool,
    /// Write JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    selection: SourceArguments,
}

/// What to explain, and how.
#[derive(Clone, Debug)]
pub(super) struct WhyOptions {
    what: SourceLine,
    images: Vec<PathBuf>,
    all_rows: bool,
    json: bool,
    pub selection: SourceSelection,
}

/// A line of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
struct SourceLine {
    file: String,
    line: u32,
}

impl FromStr for SourceLine {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<SourceLine, Self::Err> {
        let place = text.rsplit_once(':').filter(|(file, _)| !file.is_empty());
        let place = place.and_then(|(file, line)| Some((file, line.parse().ok().filter(|line| *line > 0)?)));
        let (file, line) = place.ok_or("a source and one of its lines are wanted, as src/parse.c:120")?;
        Ok(SourceLine { file: file.to_owned(), line })
    }
}

impl WhyArguments {
    pub(super) fn validated(self, cwd: &Path) -> Result<WhyOptions, CliError> {
        let selection = self.selection.validated(cwd, Audience::Person)?;
        let WhyArguments { what, image: images, all_rows, json, .. } = self;
        Ok(WhyOptions { what, images, all_rows, json, selection })
    }
}

/// What reports say of the line of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reported {
    Ran,
    Missed,
    /// It has code, and is not to count.
    Excluded,
    /// Reports do not have it.
    Unlisted,
    /// Nothing was measured, or nothing was asked of that.
    Unasked,
}

/// An image as the measurements know it: its path, and its build-id if it has one.
type Image = (String, Option<String>);

/// The line of one source, and what images say of it, or why they cannot.
struct Explained {
    name: String,
    reported: Reported,
    accounts: Vec<(String, Result<LineAccount, String>)>,
}

pub(super) fn why(options: &WhyOptions) -> Result<CommandOutcome, CliError> {
    if options.json {
        print_json(&answer(options)?)?;
    } else {
        let explained = explained(options)?;
        let texts: Vec<String> = explained.iter().map(|of_source| text::text(of_source, options.all_rows)).collect();
        print(&texts.join("\n"))?;
    }
    Ok(CommandOutcome::Success)
}

/// What was found, as an answer.
pub(super) fn answer(options: &WhyOptions) -> Result<serde_json::Value, CliError> {
    let lines: Vec<serde_json::Value> = explained(options)?.iter().map(text::json).collect();
    Ok(serde_json::json!({ "lines": lines }))
}

fn explained(options: &WhyOptions) -> Result<Vec<Explained>, CliError> {
    if options.images.is_empty() { of_measurements(options) } else { Ok(vec![of_images(options)?]) }
}

/// Asks the images that are named on the command line.
fn of_images(options: &WhyOptions) -> Result<Explained, CliError> {
    let SourceLine { file, line } = &options.what;
    let account = |path: &PathBuf| {
        let image = (path.display().to_string(), None);
        (image.0.clone(), account(&image, &|source| is_named(Path::new(source), file), *line))
    };
    let explained = Explained {
        name: format!("{file}:{line}"),
        reported: Reported::Unasked,
        accounts: options.images.iter().map(account).collect(),
    };
    if explained.accounts.iter().all(|(_, account)| account.as_ref().is_ok_and(|account| account.sources.is_empty())) {
        let images: Vec<String> = explained.accounts.iter().map(|(path, _)| printable(path).into_owned()).collect();
        let (name, images) = (printable(file).into_owned(), images.join(", "));
        return Err(CliError::NoSuchSourceIn { name, images });
    }
    Ok(explained)
}

/// Asks the images that were measured, of each source that may be meant.
fn of_measurements(options: &WhyOptions) -> Result<Vec<Explained>, CliError> {
    let SourceLine { file, line } = &options.what;
    let sources = options.selection.data.survey()?;
    let mut placer = Placer::new(&sources);
    // By the place of the source on this machine: the images that have it, and its paths there.
    let mut images: BTreeMap<&str, BTreeMap<Image, BTreeSet<String>>> = BTreeMap::new();
    let mut all: BTreeSet<Image> = BTreeSet::new();
    let report = options.selection.report_of(&sources, |record| {
        for image in &record.images {
            let (places, is_new) = placer.place(image);
            if !is_new {
                continue;
            }
            let name = (image.path.clone(), image.build_id.clone());
            all.insert(name.clone());
            for (of_image, place) in image.files.iter().zip(places.iter().flat_map(|places| places.iter())) {
                let Some(path) = place.map(|place| sources.paths[place].as_str()) else { continue };
                if is_named(Path::new(path), file) {
                    images.entry(path).or_default().entry(name.clone()).or_default().insert(of_image.path.clone());
                }
            }
        }
    })?;
    let named = report.named(file);
    if named.is_empty() {
        // No line of it counts: only the debug info may tell why.
        let is_meant = |source: &str| is_named(Path::new(source), file);
        let accounts = all.iter().map(|image| (image.0.clone(), account(image, &is_meant, *line)));
        let mut accounts: Vec<_> = accounts.collect();
        accounts.retain(|(_, account)| account.as_ref().is_ok_and(|account| !account.sources.is_empty()));
        if accounts.is_empty() {
            return Err(CliError::NoSuchSource { name: printable(file).into_owned() });
        }
        return Ok(vec![Explained { name: format!("{file}:{line}"), reported: Reported::Unlisted, accounts }]);
    }
    let explained = named.into_iter().map(|source| {
        let of_source = images.get(source.path.as_str()).into_iter().flatten();
        let accounts =
            of_source.map(|(image, paths)| (image.0.clone(), account(image, &|path| paths.contains(path), *line)));
        let reported = reported(source, *line);
        Explained { name: format!("{}:{line}", source.name), reported, accounts: accounts.collect() }
    });
    Ok(explained.collect())
}

fn reported(source: &ReportFile, line: u32) -> Reported {
    if source.excluded.contains(line) {
        Reported::Excluded
    } else if source.coverage.ran.contains(line) {
        Reported::Ran
    } else if source.coverage.executable.contains(line) {
        Reported::Missed
    } else {
        Reported::Unlisted
    }
}

/// What the file of an image says of a line, if it is still the build that was measured.
fn account((path, build_id): &Image, is_meant: &dyn Fn(&str) -> bool, line: u32) -> Result<LineAccount, String> {
    let bytes = bytes_of(Path::new(path))?;
    let account = line_account(&bytes, is_meant, line).map_err(|error| error.to_string())?;
    match (build_id, &account.build_id) {
        (Some(measured), Some(found)) if measured != found => {
            Err(format!("it is another build now than the one that was measured (build-id {found}, not {measured})"))
        }
        (_, _) => Ok(account),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_named_by_its_source_and_number() {
        let line = |file: &str, line| Ok(SourceLine { file: file.to_owned(), line });
        assert_eq!("src/a.c:12".parse(), line("src/a.c", 12));
        assert_eq!("C:/a.c:3".parse(), line("C:/a.c", 3));
        for text in ["a.c", "a.c:0", "a.c:x", ":4", "a.c:3-4"] {
            assert!(text.parse::<SourceLine>().is_err(), "{text}");
        }
    }
}
