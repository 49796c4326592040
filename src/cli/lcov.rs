//! `cov-trace lcov`: an LCOV tracefile.

use super::selection::{DataSelection, SelectionArguments};
use super::{CliError, Outcome, Output};
use crate::report;
use clap::Args;
use std::path::Path;

#[derive(Clone, Debug, Args)]
pub(super) struct LcovArguments {
    /// Where to write it; - is standard output
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    output: Output,
    #[command(flatten)]
    selection: SelectionArguments,
}

/// What to write, and where.
#[derive(Clone, Debug)]
pub struct LcovOptions {
    /// Of what.
    pub selection: DataSelection,
    /// Where to.
    pub output: Output,
}

impl LcovArguments {
    pub(super) fn validated(self, cwd: &Path) -> LcovOptions {
        LcovOptions { selection: self.selection.validated(cwd), output: self.output }
    }
}

pub(super) fn lcov(options: &LcovOptions) -> Result<Outcome, CliError> {
    let coverage = options.selection.merge()?;
    options.output.write(&report::lcov(&coverage))?;
    Ok(Outcome::Success)
}
