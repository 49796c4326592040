//! A log of everything the supervisor heard, one JSON object a line: what the real kernel said, for tests to replay.

use crate::supervisor::decide::input::Input;
use platform::Trust;
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// An open log.
#[derive(Debug)]
pub(crate) struct StopLog(File);

impl StopLog {
    /// Begins a log.
    pub fn create(path: &Path) -> std::io::Result<Self> {
        platform::begin_output(path, Trust::own()).map(StopLog)
    }

    /// Appends an input; a log that cannot be written ends there.
    pub fn write(&mut self, input: &Input) {
        let mut line = serde_json::to_vec(input).expect("invariant: an input has only strings, numbers and lists");
        line.push(b'\n');
        let _ends_here = self.0.write_all(&line);
    }
}
