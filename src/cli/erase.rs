//! `cov-trace erase`: removes measurements.

use super::output::{print, tell};
use super::selection::DataArguments;
use super::{CliError, CommandOutcome};
use crate::report::printable;
use crate::store::{DataDir, Erased, StoreError, UnixMillis, run_began};
use clap::Args;
use platform::Trust;
use std::path::{Path, PathBuf};
use std::time::Duration;

#[derive(Clone, Debug, Args)]
pub(super) struct EraseArguments {
    /// Only what this run measured, by its name, as ps and warnings tell it; may be repeated
    #[arg(long, value_name = "RUN")]
    run: Vec<String>,
    /// Only what runs measured that began longer ago than that, such as 7d or 12h
    #[arg(long, value_name = "AGE", value_parser = age)]
    older: Option<Duration>,
    #[command(flatten)]
    data: DataArguments,
}

/// What to remove.
#[derive(Clone, Debug)]
pub(super) struct EraseOptions {
    /// The data directory.
    pub data: PathBuf,
    /// Whose data directory is used.
    pub trust: Trust,
    /// The runs; all if there is none.
    pub runs: Vec<String>,
    /// How long ago they began at least.
    pub older: Option<Duration>,
}

impl EraseOptions {
    /// Whether everything is meant.
    fn is_all(&self) -> bool {
        self.runs.is_empty() && self.older.is_none()
    }

    fn means(&self, run: &str, now: UnixMillis) -> bool {
        let is_named = self.runs.is_empty() || self.runs.iter().any(|meant| meant == run);
        let age = || Duration::try_from_secs_f64((now.0 - run_began(run)?.0) as f64 / 1e3).ok();
        is_named && self.older.is_none_or(|older| age().is_some_and(|age| age > older))
    }
}

/// A number of days, hours and so on.
fn age(text: &str) -> Result<Duration, String> {
    const EXAMPLES: &str = "give a number and a unit, such as 7d, 2w or 12h";
    const DAY: jiff::SpanRelativeTo<'_> = jiff::SpanRelativeTo::days_are_24_hours();
    let span: jiff::Span = text.parse().map_err(|_| EXAMPLES.to_owned())?;
    let age = span.to_duration(DAY).map_err(|_| EXAMPLES.to_owned())?;
    Duration::try_from(age).map_err(|_| EXAMPLES.to_owned())
}

impl EraseArguments {
    pub(super) fn validated(self) -> EraseOptions {
        EraseOptions { trust: self.data.trust(), data: self.data.validated(), runs: self.run, older: self.older }
    }
}

pub(super) fn erase(options: &EraseOptions) -> Result<CommandOutcome, CliError> {
    let data = match DataDir::open_trusting(&options.data, options.trust) {
        // What is to be gone is gone.
        Err(StoreError::NoDirectory { path }) => {
            tell(&format!("nothing to erase: {} does not exist", path.display()));
            return Ok(CommandOutcome::Success);
        }
        opened => opened?,
    };
    let now = UnixMillis(platform::unix_millis());
    let erased = data.erase_runs(&|run| options.means(run, now))?;
    if !options.runs.is_empty() && erased.processes + erased.runs.len() + erased.live.len() == 0 {
        return Err(CliError::NoSuchRun { runs: options.runs.join(", "), path: options.data.clone() });
    }
    print(&format!("{}\n", printable(&removed(&erased, &options.data))))?;
    if !erased.live.is_empty() {
        tell(&format!(
            "kept what is being measured right now: {}; erase again when it has ended",
            counted(erased.live.len(), "run", "runs")
        ));
    }
    if !erased.foreign.is_empty() && options.is_all() {
        let names: Vec<String> = erased.foreign.iter().map(|name| name.display().to_string()).collect();
        tell(&format!("left what is not cov-trace's: {}", names.join(", ")));
    }
    Ok(CommandOutcome::Success)
}

fn removed(erased: &Erased, path: &Path) -> String {
    let mut parts = vec![counted(erased.processes, "process", "processes")];
    if !erased.runs.is_empty() {
        parts.push(counted(erased.runs.len(), "run that was cut short", "runs that were cut short"));
    }
    if erased.temporaries > 0 {
        parts.push(counted(erased.temporaries, "unfinished file", "unfinished files"));
    }
    let directory = if erased.directory { ", and the directory itself" } else { "" };
    format!("erased {} from {}{directory}", parts.join(", "), path.display())
}

fn counted(count: usize, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_meant_by_name_and_by_age() {
        let now = UnixMillis(1_795_395_723_512 + 8 * 86_400_000);
        let (old, new) = ("20261123T010203.512Z-4711", "20261130T010203.512Z-4711");
        let options = |runs: &[&str], older: Option<&str>| EraseOptions {
            data: PathBuf::new(),
            trust: Trust::own(),
            runs: runs.iter().map(|&run| run.to_owned()).collect(),
            older: older.map(|text| age(text).unwrap()),
        };
        let meant = |options: EraseOptions| (options.means(old, now), options.means(new, now));
        assert_eq!(meant(options(&[], None)), (true, true));
        assert_eq!(meant(options(&[], Some("7d"))), (true, false));
        assert_eq!(meant(options(&[], Some("1w"))), (true, false));
        assert_eq!(meant(options(&[], Some("23h"))), (true, true));
        assert_eq!(meant(options(&[new], Some("7d"))), (false, false));
        assert_eq!(meant(options(&[old], None)), (true, false));
        for text in ["", "7", "a week", "-7d", "7 parsecs", "3mo"] {
            assert!(age(text).is_err_and(|error| error.contains("7d")), "{text}");
        }
    }
}
