//! The arguments of the bench of services.

use std::path::PathBuf;
use std::time::Duration;

/// What to measure and where to write it.
pub struct Options {
    only: Option<String>,
    /// How long each bare phase and each steady phase lasts.
    pub phase: Duration,
    /// Between two saves or reloads of the service; `None` for none at all.
    pub every: Option<Duration>,
    /// How often cov-trace is attached when throughput is measured.
    pub rounds: usize,
    /// How often it is attached and detached, instead of measuring throughput.
    pub cycles: Option<usize>,
    /// How often its context is switched, instead of either.
    pub switches: Option<usize>,
    /// Where the results go as JSON.
    pub json: Option<PathBuf>,
}

impl Options {
    /// Parses the words after the program's name.
    ///
    /// # Errors
    /// On an unknown word or a missing or bad value.
    pub fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            only: None,
            phase: Duration::from_secs(60),
            every: Some(Duration::from_secs(3)),
            rounds: 3,
            cycles: None,
            switches: None,
            json: None,
        };
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("{word} needs a value"));
            let number = |text: String| text.parse::<usize>().map_err(|error| format!("{word}: {error}"));
            match word.as_str() {
                "--only" => options.only = Some(value()?),
                "--seconds" => options.phase = Duration::from_secs(number(value()?)? as u64),
                "--every" => {
                    options.every = Some(Duration::from_secs(number(value()?)? as u64)).filter(|d| !d.is_zero())
                }
                "--rounds" => options.rounds = number(value()?)?,
                "--cycles" => options.cycles = Some(number(value()?)?),
                "--switches" => options.switches = Some(number(value()?)?),
                "--json" => options.json = Some(value()?.into()),
                "--bench" => {} // cargo's own
                _ => {
                    return Err(format!(
                        "unknown argument {word}; known: --only redis|nginx|epoll, --seconds N, --every N, \
                         --rounds N, --cycles N, --switches N, --json FILE"
                    ));
                }
            }
        }
        if options.phase.is_zero() {
            return Err("--seconds: at least 1".to_owned());
        }
        Ok(options)
    }

    /// Whether the service of this name is to be measured.
    pub fn chosen(&self, name: &str) -> bool {
        self.only.as_deref().is_none_or(|only| name == only)
    }
}
