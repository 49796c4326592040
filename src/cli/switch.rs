//! `cov-trace context`: what runs from here on is kept under another label.

use super::context_options::label;
use super::control::{ControlOptions, failed, selected};
use super::output::print;
use super::selection::DataArguments;
use super::{CliError, CommandOutcome};
use crate::link::{ContextChange, SwitchRequest};
use crate::report::printable;
use clap::Args;
use platform::Pid;

#[derive(Clone, Debug, Args)]
pub(super) struct SwitchArguments {
    #[command(flatten)]
    data: DataArguments,
    /// Go back to the context before the last switch
    #[arg(long, conflicts_with = "label")]
    pop: bool,
    /// What the new context is called
    #[arg(value_name = "LABEL", value_parser = label, required_unless_present = "pop")]
    label: Option<String>,
    /// Only these processes, and the children that they make from now on [default: all that are measured]
    #[arg(value_name = "PID", value_parser = clap::value_parser!(i32).range(1..))]
    pids: Vec<i32>,
    /// Only this process; may be repeated
    #[arg(long = "pid", value_name = "PID", value_parser = clap::value_parser!(i32).range(1..))]
    more_pids: Vec<i32>,
}

/// Which measurements, and to which context.
#[derive(Clone, Debug)]
pub(super) struct SwitchOptions {
    control: ControlOptions,
    change: ContextChange,
}

impl SwitchArguments {
    pub(super) fn validated(self) -> SwitchOptions {
        let pids = self.pids.into_iter().chain(self.more_pids);
        SwitchOptions {
            control: ControlOptions::of(self.data, pids),
            change: self.label.map_or(ContextChange::Back, ContextChange::To),
        }
    }
}

pub(super) fn switch(SwitchOptions { control, change }: &SwitchOptions) -> Result<CommandOutcome, CliError> {
    let (mut controls, mut outcome) = selected(control)?;
    for link in &mut controls {
        let pids = control.pids.iter().copied().map(Pid).collect();
        match link.switch(SwitchRequest { change: change.clone(), pids }) {
            Ok(count) => {
                let processes = if count == 1 { "1 process is".to_owned() } else { format!("{count} processes are") };
                let context = match change {
                    ContextChange::To(label) => format!("in context {label}"),
                    ContextChange::Back => "in the context before".to_owned(),
                };
                print(&printable(&format!("run {}: {processes} {context}", link.run())))?;
                print("\n")?;
            }
            Err(error) => outcome = failed(&error),
        }
    }
    Ok(outcome)
}
