//! The options that say under which contexts what runs is kept.

use super::CliError;
use super::selection::glob;
use crate::contexts::{ByProcess, ContextRule, Framework, FunctionRule, LONGEST_LABEL, Template};
use clap::Args;
use clap::error::ErrorKind;
use globset::GlobMatcher;
use regex::Regex;

#[derive(Clone, Debug, Args)]
pub(super) struct ContextArguments {
    /// Keep what runs under this label, as `cov-trace who` and `--context` in reports ask for it: what is tested, such as
    /// nightly or "login, wrong password"
    #[arg(long, value_name = "LABEL", value_parser = label, help_heading = "Contexts")]
    context: Option<String>,
    /// Keep what runs under a label of its own for each test: `process` for each program that is executed, for suites
    /// that run each test as a program; `function` for each call of a function that --context-function names; `gtest`,
    /// `catch2`, `boost-test` or `libtest` for each test of GoogleTest, Catch2, Boost.Test or Rust, `auto` for each of any of
    /// these
    ///
    /// Children that execute nothing are their parent's. Tests must run one after the other: what
    /// ran while several ran in threads is kept as "(several at once)". Those of Rust run so with -- --test-threads=1.
    #[arg(long, value_name = "HOW", value_parser = context_by, help_heading = "Contexts")]
    context_by: Option<ContextBy>,
    /// Functions whose calls are contexts, by their demangled names: a regular expression, whose first group is the label
    /// if there is one; may be repeated
    #[arg(long, value_name = "REGEX", required_if_eq("context_by", "function"), help_heading = "Contexts")]
    context_function: Vec<Regex>,
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

/// What is a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ContextBy {
    /// Each program that is executed.
    Process,
    /// Each call of a function that is named.
    Function,
    /// Each test of a framework whose tests are functions.
    Tests(Framework),
    /// Each test of whichever of these the programs hold.
    Auto,
}

/// What `--context-by` says; of frameworks whose functions do not tell what their tests are called it says what does.
fn context_by(text: &str) -> Result<ContextBy, String> {
    const LISTENER: &str = "its functions do not have the names of its tests; the header samples/contexts/cov_trace_context.h \
                            has the program tell them itself (README, \"Which test ran it\")";
    let because = |cause: &str| Err(format!("{cause}; or name the functions with --context-function REGEX"));
    match text {
        "auto" => Ok(ContextBy::Auto),
        "process" => Ok(ContextBy::Process),
        "function" => Ok(ContextBy::Function),
        "gtest" => Ok(ContextBy::Tests(Framework::GoogleTest)),
        "catch2" => Ok(ContextBy::Tests(Framework::Catch2)),
        "boost-test" => Ok(ContextBy::Tests(Framework::BoostTest)),
        "libtest" => Ok(ContextBy::Tests(Framework::Libtest)),
        "doctest" => because(LISTENER),
        "check" | "cmocka" => because("any function may be a test of it"),
        "go" => Err("goroutines move between threads and stacks, so that it is not seen when a function is over; \
                     build the tests with go test -c and run each by itself, with --context-by process"
            .to_owned()),
        _ => Err("give process, function, auto, gtest, catch2, boost-test or libtest".to_owned()),
    }
}

impl ContextArguments {
    /// The rule, and the functions that are contexts.
    pub(super) fn validated(self) -> Result<(ContextRule, Option<FunctionRule>), CliError> {
        let has_functions = !self.context_function.is_empty();
        if has_functions && self.context_by.is_some_and(|by| by != ContextBy::Function) {
            let text = "--context-function names functions, which only --context-by function makes contexts\n";
            return Err(clap::Error::raw(ErrorKind::ArgumentConflict, text).into());
        }
        let functions = match self.context_by {
            Some(ContextBy::Tests(framework)) => Some(FunctionRule::Tests(framework)),
            Some(ContextBy::Auto) => Some(FunctionRule::AnyTests),
            Some(ContextBy::Function | ContextBy::Process) | None => {
                has_functions.then_some(FunctionRule::Named(self.context_function))
            }
        };
        let by_process = (self.context_by == Some(ContextBy::Process)).then_some(ByProcess {
            template: self.context_template,
            depth: self.context_depth,
            executables: self.context_exe,
        });
        let label = self.context.unwrap_or_default();
        Ok((ContextRule { label, by_process, by_function: functions.is_some() }, functions))
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
