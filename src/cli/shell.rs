//! What shells and manuals want of the command line: completions and man pages, made of its declaration.

use super::output::{print_bytes, write_file};
use super::trust;
use super::{CliError, CommandOutcome};
use clap::{Args, Command};
use clap_complete::Shell;
use platform::Folder;
use std::path::PathBuf;

#[derive(Clone, Debug, Args)]
pub(super) struct CompletionsArguments {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Clone, Debug, Args)]
pub(super) struct ManArguments {
    /// Write a page for every command into this directory, rather than the main one to standard output
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
}

/// For which shell.
#[derive(Clone, Copy, Debug)]
pub(super) struct CompletionsOptions {
    shell: Shell,
}

#[derive(Clone, Debug)]
pub(super) struct ManOptions {
    output: Option<PathBuf>,
}

impl CompletionsArguments {
    pub(super) fn validated(self) -> CompletionsOptions {
        CompletionsOptions { shell: self.shell }
    }
}

impl ManArguments {
    pub(super) fn validated(self) -> ManOptions {
        ManOptions { output: self.output }
    }
}

pub(super) fn completions(mut command: Command, options: &CompletionsOptions) -> Result<CommandOutcome, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut command, "cov-trace", &mut script);
    // clap_complete 4.6 takes the hyphen of the name for a border between commands, in one of two places.
    let script = String::from_utf8_lossy(&script).replace("cov__subcmd__trace", "cov__trace");
    print_bytes(script.as_bytes())?;
    Ok(CommandOutcome::Success)
}

pub(super) fn man(mut command: Command, options: &ManOptions) -> Result<CommandOutcome, CliError> {
    command.build();
    let page = |command: &Command| {
        let mut page = Vec::new();
        clap_mangen::Man::new(command.clone()).render(&mut page).expect("invariant: writing to memory does not fail");
        page
    };
    let Some(folder) = &options.output else {
        print_bytes(&page(&command))?;
        return Ok(CommandOutcome::Success);
    };
    const MODE: u32 = 0o777;
    let trust = trust::from_environment();
    Folder::open_or_make(folder, trust, MODE)
        .map_err(|source| CliError::Write { subject: folder.display().to_string(), source })?;
    let main = (command.get_name().to_owned(), page(&command));
    let others = command
        .get_subcommands()
        .filter(|command| !command.is_hide_set() && command.get_name() != "help")
        .map(|sub| (format!("cov-trace-{}", sub.get_name()), page(sub)));
    for (name, page) in std::iter::once(main).chain(others) {
        write_file(&folder.join(format!("{name}.1")), &page, trust)?;
    }
    Ok(CommandOutcome::Success)
}
