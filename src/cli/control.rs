//! `cov-trace status`, `flush` and `detach`: measurements under way, in another terminal.

use super::output::{print, tell};
use super::selection::DataArguments;
use super::status::{Shown, status_table};
use super::{CliError, CommandOutcome};
use crate::front::{self, ControlError, ControlLink};
use crate::report::printable;
use crate::store::{DataDir, UnixMillis};
use clap::Args;
use jiff::tz::TimeZone;
use platform::Trust;
use std::collections::BTreeSet;
use std::path::PathBuf;

#[derive(Clone, Debug, Args)]
pub(super) struct ControlArguments {
    #[command(flatten)]
    data: DataArguments,
    /// Only the measurements of these processes [default: all that are under way]
    #[arg(value_name = "PID", value_parser = clap::value_parser!(i32).range(1..))]
    pids: Vec<i32>,
}

/// Which measurements are meant.
#[derive(Clone, Debug)]
pub(super) struct ControlOptions {
    /// The data directory.
    pub data: PathBuf,
    /// Whose data directory is used.
    pub trust: Trust,
    /// The processes that they measure; all if there is none.
    pub pids: BTreeSet<i32>,
}

impl ControlArguments {
    pub(super) fn validated(self) -> ControlOptions {
        ControlOptions::of(self.data, self.pids)
    }
}

impl ControlOptions {
    pub(super) fn of(data: DataArguments, pids: impl IntoIterator<Item = i32>) -> ControlOptions {
        ControlOptions { trust: data.trust(), data: data.validated(), pids: pids.into_iter().collect() }
    }
}

pub(super) fn status(options: &ControlOptions) -> Result<CommandOutcome, CliError> {
    let (mut controls, mut outcome) = selected(options)?;
    let (now, zone) = (UnixMillis(platform::unix_millis()), TimeZone::system());
    for (index, control) in controls.iter_mut().enumerate() {
        match control.status() {
            Ok((run, processes)) => {
                let gap = if index > 0 { "\n" } else { "" };
                let shown = Shown { name: control.run(), run: &run, processes: &processes, now, zone: &zone };
                print(&format!("{gap}{}", status_table(&shown)))?;
            }
            Err(error) => outcome = failed(&error),
        }
    }
    Ok(outcome)
}

pub(super) fn flush(options: &ControlOptions) -> Result<CommandOutcome, CliError> {
    let (mut controls, mut outcome) = selected(options)?;
    for control in &mut controls {
        match control.flush() {
            Ok(()) => print(&format!("run {}: everything that ran until now is in the files\n", control.run()))?,
            Err(error) => outcome = failed(&error),
        }
    }
    Ok(outcome)
}

pub(super) fn detach(options: &ControlOptions) -> Result<CommandOutcome, CliError> {
    let (controls, mut outcome) = selected(options)?;
    let mut asked = Vec::new();
    // All at once, so that the last does not wait for the files of the first.
    for mut control in controls {
        match control.detach() {
            Ok(()) => asked.push(control),
            Err(error) => outcome = failed(&error),
        }
    }
    for control in &mut asked {
        match control.detached() {
            Ok(mut summary) => {
                // The one who asks for it need not be told that somebody did.
                summary.let_go_by = None;
                if let Some(text) = front::unwritten(&summary, &options.data) {
                    tell(&format!("run {}: {text}", control.run()));
                }
                if summary.unwritten > 0 || summary.incomplete > 0 {
                    outcome = CommandOutcome::Failed;
                }
                let text = front::summary(&summary, &options.data);
                print(&printable(&format!("run {}: {text}", control.run())))?;
                print("\n")?;
            }
            Err(error) => outcome = failed(&error),
        }
    }
    Ok(outcome)
}

/// The measurements that are meant; the outcome is a failure if some of them cannot be asked.
pub(super) fn selected(options: &ControlOptions) -> Result<(Vec<ControlLink>, CommandOutcome), CliError> {
    let data = DataDir::open_trusting(&options.data, options.trust)?;
    let mut controls = Vec::new();
    let (mut outcome, mut any) = (CommandOutcome::Success, false);
    let mut missing = options.pids.clone();
    for run in data.runs()? {
        if run.state()? == crate::store::RunState::Dead {
            continue;
        }
        any = true;
        let meant = ControlLink::connect(run).and_then(|mut control| {
            let meant = options.pids.is_empty() || measures(&mut control, &options.pids, &mut missing)?;
            Ok(meant.then_some(control))
        });
        match meant {
            Ok(control) => controls.extend(control),
            Err(error) => outcome = failed(&error),
        }
    }
    if !any {
        return Err(CliError::NothingUnderWay { path: options.data.clone() });
    }
    if !missing.is_empty() {
        let pids: Vec<String> = missing.iter().map(i32::to_string).collect();
        return Err(CliError::NotMeasured { pids: pids.join(", "), path: options.data.clone() });
    }
    Ok((controls, outcome))
}

fn measures(
    control: &mut ControlLink,
    wanted: &BTreeSet<i32>,
    missing: &mut BTreeSet<i32>,
) -> Result<bool, ControlError> {
    let (_, processes) = control.status()?;
    let pids: BTreeSet<i32> = processes.iter().map(|process| process.pid.0).collect();
    missing.retain(|pid| !pids.contains(pid));
    Ok(!pids.is_disjoint(wanted))
}

/// Reports an error about one of several measurements; gives the outcome of the command.
pub(super) fn failed(error: &ControlError) -> CommandOutcome {
    tell(&error.to_string());
    CommandOutcome::Failed
}
