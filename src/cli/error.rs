//! Why a command failed.

use super::ConfigError;
use super::output::tell;
use crate::fleet::FleetError;
use crate::front::{AttachError, RunError};
use crate::report::{SelectionError, SiteError};
use crate::store::StoreError;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// A failed command: the operation, its subject, the cause and, where there is one, the way out.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The arguments make no sense, or they ask for help, which is no failure: clap knows what to print where.
    #[error(transparent)]
    Arguments(#[from] clap::Error),
    /// A word of the command line is where it means nothing.
    #[error("unexpected {word:?}; {advice}")]
    Misplaced {
        /// The word as it was given.
        word: String,
        /// Where it would mean something.
        advice: String,
    },
    /// An argument has bytes that it may not have.
    #[error("{words} is not UTF-8; only paths, and the program with its arguments behind `--`, may have any bytes")]
    NotText {
        /// The arguments that are not UTF-8, escaped.
        words: String,
    },
    /// The configuration makes no sense.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The working directory is gone or out of reach.
    #[error("find the working directory: {source}; change to one that exists")]
    WorkingDirectory {
        /// What getcwd(2) answered.
        source: io::Error,
    },
    /// The measurements cannot be read or removed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The measurements cannot be written as Parquet files.
    #[error(transparent)]
    Fleet(#[from] FleetError),
    /// There is nothing to report.
    #[error(transparent)]
    Selection(#[from] SelectionError),
    /// The processes ran nothing that is both measured and selected.
    #[error("nothing to report from {}: {cause}", path.display())]
    NothingLeft {
        /// The data directory.
        path: PathBuf,
        /// Why, and what to do.
        cause: &'static str,
    },
    /// No run is called so.
    #[error("no run {runs} in {}; `cov-trace report --growth` lists the runs", path.display())]
    NoSuchRun {
        /// As they were named.
        runs: String,
        /// The data directory.
        path: PathBuf,
    },
    /// No source is called so.
    #[error("no source {name:?} in the measurements; `cov-trace report` lists them")]
    NoSuchSource {
        /// As it was named.
        name: String,
    },
    /// No source of some images is called so.
    #[error(
        "no source {name:?} in the debug info of {images}; build with -g and do not strip, and name the end of its path"
    )]
    NoSuchSourceIn {
        /// As it was named.
        name: String,
        /// The images.
        images: String,
    },
    /// A source has no code there.
    #[error("no line of {place} has code{}", if near.is_empty() { String::new() } else { format!("; the nearest that have are {near}") })]
    NoCode {
        /// The source and the lines.
        place: String,
        /// Lines near by that have code.
        near: String,
    },
    /// No image that was measured is called so.
    #[error("--binary {}: no executable or library that was measured is there; `cov-trace ps` lists the programs", path.display())]
    NoSuchImage {
        /// As it was named.
        path: PathBuf,
    },
    /// There are no tests.
    #[error("no tests in {}: measure them with --context-by", path.display())]
    NoTests {
        /// The data directory.
        path: PathBuf,
    },
    /// Data cannot be read, so anything may be affected.
    #[error("run all tests, since a file in {} cannot be read: {cause}", path.display())]
    Unknowable {
        /// The data directory.
        path: PathBuf,
        /// What is wrong.
        cause: String,
    },
    /// No function is called so.
    #[error("no function {name:?} in the measurements; `cov-trace report --functions` lists them")]
    NoSuchFunction {
        /// As it was named.
        name: String,
    },
    /// Nothing ran under such contexts.
    #[error("nothing ran under a context {labels:?}; `cov-trace contexts` lists them")]
    NoSuchContext {
        /// The globs for the labels.
        labels: String,
    },
    /// git could not tell.
    #[error("{what}: {cause}")]
    Git {
        /// What it was asked.
        what: String,
        /// Why git could not answer.
        cause: String,
    },
    /// What was to be read cannot be.
    #[error("read {subject}: {source}")]
    Read {
        /// What was to be read.
        subject: String,
        /// Why it cannot be.
        source: io::Error,
    },
    /// A label has two values.
    #[error("--label {key}={} and --label {key}={}: a label has one value in a run", values[0], values[1])]
    LabelTwice {
        /// The label's key.
        key: String,
        /// Both.
        values: [String; 2],
    },
    /// The combined file would be an input of the next time.
    #[error(
        "{} is an input and the output: what is in it would count as measured again; name another directory with -o, or \
         give --delete",
        path.display()
    )]
    CombinedIntoInput {
        /// The directory that is both input and output.
        path: PathBuf,
    },
    /// No input could be read.
    #[error("nothing to combine: none of the inputs holds a measurement that can be read")]
    NothingToCombine,
    /// A pattern for lines is none.
    #[error("--exclude-line: {}", source.to_string().lines().next_back().unwrap_or_default().trim_start_matches("error: "))]
    ExcludeLine {
        /// What is wrong with it.
        source: Box<regex::Error>,
    },
    /// There is no measurement to ask.
    #[error(
        "nothing is being measured in {}; start with cov-trace -- PROGRAM or cov-trace attach PID, or name another \
         directory with --data DIR",
        path.display()
    )]
    NothingUnderWay {
        /// The data directory.
        path: PathBuf,
    },
    /// No measurement measures these processes.
    #[error("process {pids} is not being measured in {}; `cov-trace status` lists what is", path.display())]
    NotMeasured {
        /// The pids that no measurement has, separated by commas.
        pids: String,
        /// The data directory.
        path: PathBuf,
    },
    /// Processes could not be attached to.
    #[error(transparent)]
    Attach(#[from] AttachError),
    /// The result cannot be written.
    #[error("write {subject}: {source}")]
    Write {
        /// What it was written to.
        subject: String,
        /// What the system answered.
        source: io::Error,
    },
    /// The site cannot be written.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// The program could not be run, or not be measured.
    #[error(transparent)]
    Run(#[from] RunError),
}

impl CliError {
    /// There is nothing to compare a revision with.
    pub(super) fn no_tree(revision: &str) -> Self {
        CliError::Git {
            what: format!("compare with {revision:?}"),
            cause: "there is no git working tree here or above; change to one".to_owned(),
        }
    }

    /// Tells it on standard error (help goes to standard output) and returns the exit status: 1, but for a
    /// program that could not be run or measured the status that tells why.
    pub fn report(&self) -> ExitCode {
        match self {
            CliError::Arguments(error) => {
                if !error.use_stderr() {
                    // Help that nobody reads to its end is no failure.
                    let _ = error.print();
                    return ExitCode::SUCCESS;
                }
                let text = error.render().to_string();
                let text = text.strip_prefix("error: ").unwrap_or(&text);
                // If nobody can be told, the status still says it.
                let _ = write!(io::stderr(), "cov-trace: {text}");
                ExitCode::FAILURE
            }
            CliError::Misplaced { .. }
            | CliError::NotText { .. }
            | CliError::WorkingDirectory { .. }
            | CliError::Store(_)
            | CliError::Fleet(_)
            | CliError::Selection(_)
            | CliError::NothingLeft { .. }
            | CliError::ExcludeLine { .. }
            | CliError::Config(_)
            | CliError::NothingToCombine
            | CliError::LabelTwice { .. }
            | CliError::CombinedIntoInput { .. }
            | CliError::Git { .. }
            | CliError::NoSuchSource { .. }
            | CliError::NoSuchSourceIn { .. }
            | CliError::NoCode { .. }
            | CliError::NoTests { .. }
            | CliError::NoSuchImage { .. }
            | CliError::Unknowable { .. }
            | CliError::NoSuchFunction { .. }
            | CliError::NoSuchContext { .. }
            | CliError::NoSuchRun { .. }
            | CliError::NothingUnderWay { .. }
            | CliError::NotMeasured { .. }
            | CliError::Site(_)
            | CliError::Read { .. }
            | CliError::Write { .. } => {
                tell(&self.to_string());
                ExitCode::FAILURE
            }
            CliError::Attach(error) => {
                if let AttachError::Refused(reasons) = error {
                    reasons.iter().for_each(|reason| tell(reason));
                }
                tell(&error.to_string());
                ExitCode::FAILURE
            }
            CliError::Run(error) => {
                tell(&error.to_string());
                ExitCode::from(error.status())
            }
        }
    }
}
