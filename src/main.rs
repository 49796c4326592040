//! The command `cov-trace`: turns a result into an exit status and no more.
#![forbid(unsafe_code)]

use cov_trace::cli;
use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::execute(std::env::args_os()) {
        Ok(outcome) => outcome.into(),
        Err(error) => error.report(),
    }
}
