//! One pattern as people write it.
//!
//! Invariant: its text is a valid glob and no longer than a path can be.

use globset::{Glob, GlobBuilder, escape};
use std::path::Path;
use std::str::FromStr;

/// `PATH_MAX` of Linux: a longer pattern matches nothing anyway.
const MAX_LENGTH: usize = 4096;

/// A glob for files and directories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    text: String,
}

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// There is nothing in it.
    #[error("the pattern is empty")]
    Empty,
    /// It is longer than any path.
    #[error("the pattern is longer than any path")]
    TooLong,
    /// Its syntax is wrong.
    #[error("{0}; write \\ before a character that is meant as itself")]
    Glob(globset::Error),
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        if text.is_empty() {
            return Err(PatternError::Empty);
        }
        if text.len() > MAX_LENGTH {
            return Err(PatternError::TooLong);
        }
        glob(text).map_err(PatternError::Glob)?;
        Ok(Pattern { text: text.to_owned() })
    }
}

impl Pattern {
    /// What it matches if it is about paths; `None` if it is about names.
    pub(super) fn path_globs(&self, cwd: &Path) -> Option<Vec<Glob>> {
        let mut parts: Vec<&str> = self.text.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        let about_names = parts.len() == 1 && !self.text.contains('/') && parts[0] != "..";
        if about_names {
            return None;
        }
        let absolute = self.text.starts_with('/');
        let cwd = escape(&cwd.to_string_lossy());
        let anchored = !absolute && (parts.is_empty() || parts.contains(&".."));
        if anchored {
            parts.splice(0..0, cwd.split('/').filter(|part| !part.is_empty()));
        }
        let mut normal: Vec<&str> = Vec::with_capacity(parts.len());
        for part in parts {
            if part == ".." {
                normal.pop();
            } else {
                normal.push(part);
            }
        }
        let root = if absolute || anchored { "/" } else { "" };
        Some(as_written_and_literal(&format!("{root}{}", normal.join("/"))))
    }

    /// What it matches if it is about names.
    pub(super) fn name_globs(&self) -> Vec<Glob> {
        as_written_and_literal(&self.text)
    }
}

/// The glob, and the same characters standing for themselves: files are called `a[1].c`.
fn as_written_and_literal(text: &str) -> Vec<Glob> {
    let literal = glob(&escape(text)).expect("invariant: an escaped text is a valid glob");
    // A pattern may stop being a glob when `..` goes, as in `{a/../b}`.
    glob(text).into_iter().chain([literal]).collect()
}

fn glob(text: &str) -> Result<Glob, globset::Error> {
    GlobBuilder::new(text).literal_separator(true).build()
}
