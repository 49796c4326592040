//! The help and the man pages of every command as a whole, so that a review sees what changes for the user.

use crate::harness::check::COV_TRACE;
use crate::harness::golden;
use std::process::{Command, Stdio};

/// The help of a command; there is no terminal whose width it could follow.
fn help(command: Option<&str>) -> String {
    let mut cov_trace = Command::new(COV_TRACE);
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

#[test]
fn the_man_pages_are_as_reviewed() {
    let folder = tempfile::tempdir().unwrap();
    let mut cov_trace = Command::new(COV_TRACE);
    let output = cov_trace.arg("man").arg("-o").arg(folder.path()).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let entries = std::fs::read_dir(folder.path()).unwrap();
    let mut pages: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    pages.sort();
    let text = |page: &String| std::fs::read_to_string(folder.path().join(page)).unwrap();
    let all: String = pages.iter().map(|page| format!("$ cat {page}\n{}\n", text(page))).collect();
    golden::check("tests/house/man.txt", &all.replace(env!("CARGO_PKG_VERSION"), "VERSION"));
}
