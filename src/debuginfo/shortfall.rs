//! Everything that may lower the truth of an index, counted while reading and told as [`Warning`]s.
//!
//! Invariant: slugs are stable; a reader of old data finds the same word for the same thing.

use crate::warning::{Warning, WarningKind};

/// Declares the ways in which an index may say less than the debug information meant to, sorted by slug.
macro_rules! shortfalls {
    ($($name:ident, $text:literal;)+) => {
        /// One way in which an index says less than the image's debug information meant to.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Shortfall { $($name),+ }

        const TOLD: &[(WarningKind, &str)] = &[$((WarningKind::$name, $text)),+];
    };
}

shortfalls! {
    LineOutOfRange,
        "Line numbers or paths beyond any real source file; they are not measured.";
    LoaderStateShape,
        "_dl_debug_state is no bare return; libraries that this loader adds later are not noticed.";
    MalformedDebugInfo,
        "Units of the debug information cannot be read; what they describe may be missing.";
    MalformedFrames,
        "Call frame information cannot be read to its end; functions may be unknown.";
    MalformedLineProgram,
        "Line programs cannot be read to their end; lines may be missing.";
    NotOnBoundary,
        "Line addresses inside an instruction; they are not measured.";
    OutsideFunction,
        "Line addresses that belong to no known function; they are not measured.";
    OutsideText,
        "Line addresses outside the executable code of the file; they are not measured.";
    OverlappingFunctions,
        "Line addresses where two functions disagree about the instructions; they are not measured.";
    ProgramBreakpoint,
        "Line addresses where the program has a breakpoint of its own; they are not measured.";
    SharedAddress,
        "Addresses that several source lines claim; each counts for the first of them.";
    SplitDwarf,
        "Units whose debug information is in a separate .dwo file; their functions are those of the symbol table.";
    UndecodableCode,
        "Line addresses behind bytes that are no instruction; they are not measured.";
    UnreadableSection,
        "Sections that cannot be read or uncompressed; what they describe is missing.";
}

impl Shortfall {
    /// The warning of one place where it was met.
    pub(super) fn warning(self) -> Warning {
        let (kind, text) = TOLD[self as usize];
        Warning::new(kind, text, 1)
    }
}

/// How often each [`Shortfall`] was met.
#[derive(Default)]
pub(super) struct Shortfalls([u64; TOLD.len()]);

impl Shortfalls {
    /// Counts one more.
    pub(super) fn add(&mut self, shortfall: Shortfall) {
        self.0[shortfall as usize] += 1;
    }

    /// Counts what was met elsewhere too.
    pub(super) fn extend(&mut self, others: &Shortfalls) {
        self.0.iter_mut().zip(others.0).for_each(|(count, more)| *count += more);
    }

    /// Those that were met, sorted by slug.
    pub(super) fn into_warnings(self) -> Vec<Warning> {
        let met = TOLD.iter().zip(self.0).filter(|(_, count)| *count > 0);
        met.map(|((kind, text), count)| Warning::new(*kind, *text, count)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_sorted_and_counts_belong_to_them() {
        assert!(TOLD.is_sorted_by(|a, b| a.0.slug() < b.0.slug()));
        let mut shortfalls = Shortfalls::default();
        shortfalls.add(Shortfall::UndecodableCode);
        shortfalls.add(Shortfall::NotOnBoundary);
        shortfalls.add(Shortfall::UndecodableCode);
        let told: Vec<_> = shortfalls.into_warnings().into_iter().map(|w| (w.slug, w.count)).collect();
        assert_eq!(told, [("not-on-boundary".to_string(), 1), ("undecodable-code".to_string(), 2)]);
    }
}
