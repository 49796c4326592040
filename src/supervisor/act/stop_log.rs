//! A log of everything the supervisor learned of the tracees, one JSON object a line, for tests to replay: what the real
//! kernel reported, and what was decided about SIGTRAP.

use crate::supervisor::decide::input::Input;
use crate::supervisor::decide::sigtrap_input::{SigtrapAnswer, SigtrapInput, SigtrapLine};
use platform::Trust;
use serde::Serialize;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::rc::Rc;

/// An open log; clones write to the same one.
#[derive(Clone, Debug)]
pub(crate) struct StopLog(Rc<File>);

impl StopLog {
    /// Begins a log.
    pub fn create(path: &Path) -> std::io::Result<Self> {
        platform::begin_output(path, Trust::own()).map(|file| StopLog(Rc::new(file)))
    }

    /// Appends an input of [`crate::supervisor::decide::state::State`].
    pub fn input(&self, input: &Input) {
        self.append(input);
    }

    /// Appends an input of [`crate::supervisor::decide::sigtrap::Sigtrap`] with what was decided.
    pub fn decided(&self, sigtrap: &SigtrapInput, answer: SigtrapAnswer) {
        self.append(&SigtrapLine { sigtrap, answer });
    }

    /// Appends a line; a log that cannot be written ends there.
    fn append(&self, line: &impl Serialize) {
        let mut line = serde_json::to_vec(line).expect("invariant: an input has only strings, numbers and lists");
        line.push(b'\n');
        let _ends_here = (&*self.0).write_all(&line);
    }
}
