//! What ran of sources, and what has code.
//!
//! Invariant: a line that ran counts as one that has code.

use super::notes::Notes;
use super::percent::Ratio;
use crate::store::{Digest, FunctionFacts, Numbits, UnixMillis};
use std::collections::{BTreeMap, BTreeSet};

/// What a set of processes ran.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// The sources by absolute path.
    pub files: BTreeMap<String, FileCoverage>,
    /// What to tell the reader of a report besides.
    pub notes: Notes,
}

/// What ran of one source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileCoverage {
    /// Lines that have code.
    pub executable: Numbits,
    /// Lines that ran.
    pub ran: Numbits,
    /// Functions that start in it.
    pub functions: BTreeSet<FunctionFacts>,
    /// Those of them that a probe of their own tells of.
    pub entered: BTreeSet<FunctionFacts>,
    /// Paths of the images that have it.
    pub images: BTreeSet<String>,
    /// What its images were built from.
    pub digest: Digest,
    /// When it was measured first.
    pub measured: Option<UnixMillis>,
}

impl FileCoverage {
    /// How many of its lines ran.
    pub fn ratio(&self) -> Ratio {
        Ratio { ran: self.ran.len(), lines: self.executable.len() }
    }

    /// Makes those functions one that have one name and start on one line: it ran if one of them did, and a probe tells
    /// of it if one tells of each.
    pub(super) fn unite_functions(&mut self) {
        let mut united: BTreeMap<(u32, String), (u32, bool, bool)> = BTreeMap::new();
        for function in std::mem::take(&mut self.functions) {
            let ran = self.entered.contains(&function);
            let FunctionFacts { start, end, name, told } = function;
            let (last, all_told, any_ran) = united.entry((start, name)).or_insert((end, told, ran));
            *last = end.max(*last);
            *all_told &= told;
            *any_ran |= ran;
        }
        self.entered.clear();
        for ((start, name), (end, told, ran)) in united {
            let function = FunctionFacts { start, end, name, told };
            if ran {
                self.entered.insert(function.clone());
            }
            self.functions.insert(function);
        }
    }

    /// Takes away what is behind a source's last line; gives how many lines that were.
    pub(crate) fn cut(&mut self, end: u32) -> u64 {
        let beyond: Numbits = self.executable.within(end.saturating_add(1)..=u32::MAX).collect();
        if !beyond.is_empty() {
            self.exclude(&beyond);
            self.functions.retain(|function| function.start <= end);
            self.entered.retain(|function| function.start <= end);
        }
        beyond.len()
    }

    /// Takes it that these lines have no code.
    pub(crate) fn exclude(&mut self, lines: &Numbits) {
        if !lines.is_empty() {
            self.executable = self.executable.difference(lines);
            self.ran = self.ran.difference(lines);
        }
    }
}

impl Coverage {
    /// How many of all lines ran.
    #[cfg(test)]
    pub(crate) fn total(&self) -> Ratio {
        self.files.values().map(FileCoverage::ratio).sum()
    }
}
