//! What the program tells of itself while it runs: numbers in a file that it has mapped.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// The file.
pub struct Shared(File);

/// How far the program is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The last line that it ran, counted from 1.
    pub done: u64,
    /// Changes as long as it lives.
    pub beats: u64,
}

impl Shared {
    /// Makes the file, with zeroes.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn create(path: &Path) -> std::io::Result<Shared> {
        let file = OpenOptions::new().create(true).truncate(true).read(true).write(true).open(path)?;
        file.set_len(4096)?;
        Ok(Shared(file))
    }

    /// How far the program is now.
    pub fn progress(&self) -> Progress {
        Progress { done: self.number(0), beats: self.number(8) }
    }

    /// Has the program end.
    pub fn leave(&self) {
        self.0.write_all_at(&1u64.to_ne_bytes(), 16).expect("invariant: the file can be written");
    }

    fn number(&self, at: u64) -> u64 {
        let mut bytes = [0; 8];
        self.0.read_exact_at(&mut bytes, at).expect("invariant: the file is a page long");
        u64::from_ne_bytes(bytes)
    }
}
