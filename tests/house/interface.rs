//! The help of every command as a whole, so that a review sees what changes for the user.

use crate::harness::golden;
use std::process::{Command, Stdio};

/// The help of a command; there is no terminal whose width it could follow.
fn help(command: Option<&str>) -> String {
    let mut cov_trace = Command::new(env!("CARGO_BIN_EXE_cov-trace"));
    cov_trace.args(command).arg("--help").env_remove("COLUMNS").stdin(Stdio::null());
    let output = cov_trace.output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_help_is_as_reviewed() {
    let main = help(None);
    let (_, behind) = main.split_once("\nCommands:\n").unwrap();
    let (list, _) = behind.split_once("\n\n").unwrap();
    let commands = list.lines().filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help");
    let pages = commands.map(|name| format!("\n$ cov-trace {name} --help\n{}", help(Some(name))));
    golden::check("tests/house/help.txt", &format!("$ cov-trace --help\n{main}{}", pages.collect::<String>()));
}
