//! `cov-trace.toml`: options that need not be given each time.
//!
//! What it says is turned into words of the command line, in front of those that were given, so that there is one
//! meaning of every option. A key at the top is an option of every command that has it; one in a table named like a
//! command (`run` for measuring a program) is that command's. What the command line gives replaces what the file says.
//!
//! Invariant: a key that no command knows is an error, so that nothing is silently ignored.

use crate::filter::Pattern;
use clap::builder::ValueParser;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};
use platform::{EntryKind, Folder, Trust, user_in_words};
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

const NAME: &str = "cov-trace.toml";

/// The table of what has no command of its own.
const RUN: &str = "run";

/// Options that tell of the file itself, or end the command.
const NOT_SETTABLE: [&str; 6] = ["config", "no-config", "help", "version", "stop-log", "trust-owner"];

/// What is wrong with a configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error("read {}: {source}; give another with --config FILE or none with --no-config", path.display())]
    Unreadable {
        /// The path of the configuration.
        path: PathBuf,
        /// What the system answered, or why the file is not trusted.
        source: io::Error,
    },
    /// Something in it is wrong.
    #[error("{}:{line}: {cause}", path.display())]
    Wrong {
        /// The path of the configuration.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What, and what would be right.
        cause: String,
    },
    /// An option has a value that it cannot have.
    #[error("{}: {cause}", path.display())]
    Value {
        /// The path of the configuration.
        path: PathBuf,
        /// What clap says of it.
        cause: String,
    },
}

/// A configuration as it was read.
pub(super) struct Config {
    path: PathBuf,
    text: String,
}

impl Config {
    /// Reads the file that was named, or the one of this directory or of one above it, as far as the top of the git
    /// working tree.
    ///
    /// # Errors
    /// If it is there and cannot be read, or was found and belongs to a user who is not trusted: options name files to
    /// write.
    pub(super) fn find(named: Option<&Path>, cwd: &Path, trust: Trust) -> Result<Option<Config>, ConfigError> {
        if let Some(path) = named {
            let path = cwd.join(path);
            return Config::read(path_regular(&path), path).map(Some);
        }
        for directory in cwd.ancestors() {
            let path = directory.join(NAME);
            if let Some(file) = found(&path, trust).transpose() {
                return Config::read(file, path).map(Some);
            }
            if directory.join(".git").exists() {
                break;
            }
        }
        Ok(None)
    }

    fn read(file: io::Result<File>, path: PathBuf) -> Result<Config, ConfigError> {
        match file.and_then(read_text) {
            Ok(text) => Ok(Config { path, text }),
            Err(source) => Err(ConfigError::Unreadable { path, source }),
        }
    }

    /// The words that it adds to a command line, for the command that was matched.
    ///
    /// # Errors
    /// If something in it makes no sense for any command.
    pub(super) fn words(&self, all: &Command, matches: &ArgMatches) -> Result<Vec<OsString>, ConfigError> {
        let document = DeTable::parse(&self.text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            self.wrong(at, error.message().to_owned())
        })?;
        let (name, matches) = matches.subcommand().unwrap_or((RUN, matches));
        let mut words = Vec::new();
        for (key, value) in document.get_ref() {
            let (at, key_name) = (key.span().start, key.get_ref().as_ref());
            if let DeValue::Table(table) = value.get_ref() {
                let command = command(all, key_name).ok_or_else(|| {
                    let known = all.get_subcommands().map(Command::get_name).chain([RUN]);
                    self.wrong(at, unknown("command", key_name, known))
                })?;
                for (key, value) in table {
                    let (at, key_name) = (key.span().start, key.get_ref().as_ref());
                    let option = option(command, key_name).ok_or_else(|| {
                        self.wrong(at, unknown(&format!("option of {}", title(command)), key_name, options(command)))
                    })?;
                    let added = self.option(option, value)?;
                    if command.get_name() == name || (name == RUN && std::ptr::eq(command, all)) {
                        words.extend(added.into_iter().filter(|_| !is_given(matches, option)));
                    }
                }
                continue;
            }
            let commands = || std::iter::once(all).chain(all.get_subcommands());
            let known: Vec<(&Command, &Arg)> =
                commands().filter_map(|command| Some((command, option(command, key_name)?))).collect();
            if known.is_empty() {
                return Err(self.wrong(at, unknown("option", key_name, commands().flat_map(options))));
            }
            for (command, option) in known {
                if command.get_name() == name || (name == RUN && std::ptr::eq(command, all)) {
                    let added = self.option(option, value)?;
                    words.extend(added.into_iter().filter(|_| !is_given(matches, option)));
                }
            }
        }
        Ok(words)
    }

    /// A value that an option cannot have: clap's words without its advice on the command line.
    pub(super) fn refused(&self, error: &clap::Error) -> ConfigError {
        let text = error.render().to_string();
        let first = text.lines().next().unwrap_or_default();
        ConfigError::Value { path: self.path.clone(), cause: first.strip_prefix("error: ").unwrap_or(first).to_owned() }
    }

    fn option(&self, option: &Arg, value: &Spanned<DeValue<'_>>) -> Result<Vec<OsString>, ConfigError> {
        let long = option.get_long().unwrap_or_default();
        let wrong = |expected: &str| self.wrong(value.span().start, format!("{long} must be {expected}"));
        let is_flag = matches!(option.get_action(), ArgAction::SetTrue);
        match value.get_ref() {
            DeValue::Boolean(set) if is_flag => Ok(if *set { vec![format!("--{long}").into()] } else { Vec::new() }),
            _ if is_flag => Err(wrong("true or false")),
            DeValue::Array(items) if matches!(option.get_action(), ArgAction::Append) => {
                let word = |item| self.word(option, item).ok_or_else(|| wrong("a list of texts"));
                items.iter().map(word).collect()
            }
            DeValue::Array(_) => Err(wrong("one value")),
            _ => Ok(vec![self.word(option, value).ok_or_else(|| wrong("a text, or a number where one is meant"))?]),
        }
    }

    fn word(&self, option: &Arg, value: &Spanned<DeValue<'_>>) -> Option<OsString> {
        let is = |parser: ValueParser| option.get_value_parser().type_id() == parser.type_id();
        let is_path = is(clap::value_parser!(PathBuf));
        let text = match value.get_ref() {
            DeValue::String(text) => text.as_ref(),
            DeValue::Integer(number) if !is_path => number.as_str(),
            DeValue::Float(number) if !is_path => number.as_str(),
            DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_)
            | DeValue::Table(_) => return None,
        };
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        // Paths are those of the file's folder, wherever below it the command is given.
        let text: OsString = if is_path {
            folder.join(text).into()
        } else if is(ValueParser::new(str::parse::<Pattern>)) && text.contains('/') && !text.starts_with(['/', '*']) {
            format!("{}/{text}", globset::escape(&folder.to_string_lossy())).into()
        } else {
            text.into()
        };
        let mut word = OsString::from(format!("--{}=", option.get_long()?));
        word.push(text);
        Some(word)
    }

    fn wrong(&self, at: usize, cause: String) -> ConfigError {
        let before = self.text.get(..at).unwrap_or_default();
        ConfigError::Wrong { path: self.path.clone(), line: before.matches('\n').count() + 1, cause }
    }
}

/// Opens a configuration that was not named, if there is one.
fn found(path: &Path, trust: Trust) -> io::Result<Option<File>> {
    let place = Folder::of(path, trust);
    let (folder, name) = match place {
        Ok(place) => place,
        // The kernel's own errors say that there is none, or none that can be reached.
        Err(error) if error.raw_os_error().is_some() => return Ok(None),
        Err(error) => return Err(error),
    };
    if folder.kind_of(&name).ok().flatten() != Some(EntryKind::File) {
        return Ok(None);
    }
    let file = folder.open_file(&name)?;
    let owner = file.metadata()?.uid();
    if trust.takes(owner) {
        return Ok(Some(file));
    }
    let text = format!("it belongs to {}, who is not trusted (COV_TRACE_TRUST_OWNER=1)", user_in_words(owner));
    Err(io::Error::new(io::ErrorKind::PermissionDenied, text))
}

fn path_regular(path: &Path) -> io::Result<File> {
    platform::open_regular(path, OpenOptions::new().read(true))
}

fn read_text(file: File) -> io::Result<String> {
    const MOST: u64 = 1 << 20;
    let mut text = String::new();
    file.take(MOST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MOST { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(text) }
}

fn command<'c>(all: &'c Command, name: &str) -> Option<&'c Command> {
    if name == RUN { Some(all) } else { all.get_subcommands().find(|command| command.get_name() == name) }
}

fn title(command: &Command) -> String {
    if command.has_subcommands() { "a measurement".to_owned() } else { command.get_name().to_owned() }
}

fn option<'c>(command: &'c Command, name: &str) -> Option<&'c Arg> {
    command
        .get_arguments()
        .find(|option| option.get_long() == Some(name))
        .filter(|option| !NOT_SETTABLE.contains(&option.get_long().unwrap_or_default()))
}

fn options(command: &Command) -> impl Iterator<Item = &str> {
    command.get_arguments().filter_map(Arg::get_long).filter(|name| !NOT_SETTABLE.contains(name))
}

fn is_given(matches: &ArgMatches, option: &Arg) -> bool {
    matches.value_source(option.get_id().as_str()) == Some(ValueSource::CommandLine)
}

/// Says that something is not known, with what is likest to it.
fn unknown<'n>(what: &str, name: &str, known: impl Iterator<Item = &'n str>) -> String {
    const LIKE_ENOUGH: f64 = 0.7;
    let mut likeness: Vec<(f64, &str)> = known.map(|known| (strsim::jaro_winkler(name, known), known)).collect();
    likeness.sort_by(|one, other| other.0.total_cmp(&one.0));
    match likeness.first() {
        Some((like, known)) if *like >= LIKE_ENOUGH => format!("unknown {what} {name:?}; did you mean {known}?"),
        _ => format!("unknown {what} {name:?}; `cov-trace help COMMAND` lists the options"),
    }
}
