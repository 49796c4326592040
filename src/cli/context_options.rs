//! The options that say under which contexts what runs is kept.

use super::selection::glob;
use crate::contexts::{ByProcess, ContextRule, LONGEST_LABEL, Template};
use clap::{Args, ValueEnum};
use globset::GlobMatcher;

#[derive(Clone, Debug, Args)]
pub(super) struct ContextArguments {
    /// Keep what runs under this label, as `cov-trace who` and `--context` in reports ask for it: what is tested, such as
    /// nightly or "login, wrong password"
    #[arg(long, value_name = "LABEL", value_parser = label, help_heading = "Contexts")]
    context: Option<String>,
    /// Keep what runs under a label of its own for each program that is executed: for test suites that run each test as a
    /// program. Children that execute nothing are their parent's
    #[arg(long, value_name = "HOW", help_heading = "Contexts")]
    context_by: Option<ContextBy>,
    /// What the labels are made of: {exe}, {name}, {argv}, {argv1}, {argv1..}, {env:VARIABLE}, {cwd} and {pid}. A program for
    /// which that is empty is its parent's
    #[arg(
        long,
        value_name = "TEMPLATE",
        requires = "context_by",
        default_value = "{name} {argv1..}",
        help_heading = "Contexts"
    )]
    context_template: Template,
    /// Only for programs that so many execs led to: 0 is what is launched, 1 what it executes; the others are their parents'
    #[arg(long, value_name = "N", requires = "context_by", help_heading = "Contexts")]
    context_depth: Option<u32>,
    /// Only for executables whose path or name matches; may be repeated
    #[arg(long, value_name = "GLOB", requires = "context_by", value_parser = glob, help_heading = "Contexts")]
    context_exe: Vec<GlobMatcher>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ContextBy {
    /// A context for each program that is executed
    Process,
}

impl ContextArguments {
    pub(super) fn validated(self) -> ContextRule {
        let by_process = self.context_by.map(|ContextBy::Process| ByProcess {
            template: self.context_template,
            depth: self.context_depth,
            executables: self.context_exe,
        });
        ContextRule { label: self.context.unwrap_or_default(), by_process }
    }
}

/// A label as it is kept.
pub(super) fn label(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("it is empty".to_owned()),
        text if text.len() > LONGEST_LABEL => Err(format!("it has {} bytes; the most are {LONGEST_LABEL}", text.len())),
        text => Ok(text.to_owned()),
    }
}
