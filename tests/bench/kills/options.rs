//! The arguments of the benchmark.

use crate::Way;
use std::hash::{BuildHasher, RandomState};

/// How often to kill whom.
pub struct Options {
    /// Kills of the supervisor for each program.
    pub supervisor: u32,
    /// Kills of the recorder for each program.
    pub recorder: u32,
    /// How the program comes to be measured.
    pub way: Way,
    /// Decides the moments.
    pub seed: u64,
    /// How often to kill for each cell of the table of a server, if that is asked for.
    pub server: Option<u32>,
    only: Option<String>,
}

impl Options {
    /// Parses the words after the program's name.
    ///
    /// # Errors
    /// On an unknown word or a missing or bad value.
    pub fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let random = RandomState::new().hash_one(0);
        let mut options =
            Self { supervisor: 200, recorder: 200, way: Way::Launched, seed: random, server: None, only: None };
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("{word} needs a value"));
            match word.as_str() {
                "--supervisor" => options.supervisor = number(&word, &value()?)?,
                "--recorder" => options.recorder = number(&word, &value()?)?,
                "--server" => options.server = Some(number(&word, &value()?)?),
                "--seed" => options.seed = number(&word, &value()?)?,
                "--only" => options.only = Some(value()?),
                "--attach" => options.way = Way::Attached,
                "--bench" => {} // cargo's own
                _ => {
                    let known = "--supervisor N, --recorder N, --only NAME, --attach, --server N, --seed N";
                    return Err(format!("unknown argument {word}; known: {known}"));
                }
            }
        }
        // The series of random numbers would stay at zero.
        options.seed = options.seed.max(1);
        Ok(options)
    }

    /// What a row's text must hold to be played.
    pub fn only(&self) -> &str {
        self.only.as_deref().unwrap_or_default()
    }

    /// Whether the program of this name is to be run.
    pub fn chosen(&self, name: &str) -> bool {
        self.only.as_deref().is_none_or(|only| name.contains(only))
    }
}

fn number<N: std::str::FromStr<Err: std::fmt::Display>>(word: &str, value: &str) -> Result<N, String> {
    value.parse().map_err(|error| format!("{word}: {error}"))
}
