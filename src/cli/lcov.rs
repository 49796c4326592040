//! `cov-trace lcov`: an LCOV tracefile.

use super::selection::{Reader, SourceArguments, SourceSelection};
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
    selection: SourceArguments,
}

/// What to write, and where.
#[derive(Clone, Debug)]
pub struct LcovOptions {
    /// Of what.
    pub selection: SourceSelection,
    /// Where to.
    pub output: Output,
}

impl LcovArguments {
    pub(super) fn validated(self, cwd: &Path) -> Result<LcovOptions, CliError> {
        Ok(LcovOptions { selection: self.selection.validated(cwd, Reader::Tool)?, output: self.output })
    }
}

pub(super) fn lcov(options: &LcovOptions) -> Result<Outcome, CliError> {
    let report = options.selection.report()?;
    options.output.write(&report::lcov(&report))?;
    Ok(Outcome::Success)
}
