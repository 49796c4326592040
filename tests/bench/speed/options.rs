//! The arguments of the benchmark.

use std::path::PathBuf;

/// What to measure and where to write it.
pub struct Options {
    only: Option<String>,
    /// How often each program is run each way.
    pub rounds: usize,
    /// Where the results go as JSON.
    pub json: Option<PathBuf>,
}

impl Options {
    /// Parses the words after the program's name.
    ///
    /// # Errors
    /// On an unknown word or a missing or bad value.
    pub fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self { only: None, rounds: 11, json: None };
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("{word} needs a value"));
            match word.as_str() {
                "--only" => options.only = Some(value()?),
                "--rounds" => options.rounds = value()?.parse().map_err(|error| format!("--rounds: {error}"))?,
                "--json" => options.json = Some(value()?.into()),
                "--bench" => {} // cargo's own
                _ => {
                    return Err(format!("unknown argument {word}; known: --only NAME, --rounds N, --json FILE"));
                }
            }
        }
        if options.rounds == 0 {
            return Err("--rounds: at least 1".to_owned());
        }
        Ok(options)
    }

    /// Whether the program of this name is to be measured.
    pub fn chosen(&self, name: &str) -> bool {
        self.only.as_deref().is_none_or(|only| name.contains(only))
    }
}
