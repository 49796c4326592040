//! The catalogue of warnings: whatever lowers the truth of a result has a slug here, which stays the same for ever, and a
//! meaning. Data and reports name the slug; the text beside it names the case.
//!
//! Invariant: slugs are unique and stable, so a reader of old data finds the same word for the same thing.

use serde::{Deserialize, Serialize};

/// Declares the kinds, sorted by slug.
macro_rules! kinds {
    ($($name:ident, $slug:literal, $meaning:literal;)+) => {
        /// What lowers the truth of a result.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum WarningKind {
            $(#[doc = $meaning] $name),+
        }

        impl WarningKind {
            /// All of them, sorted by slug.
            pub const ALL: &[WarningKind] = &[$(WarningKind::$name),+];

            /// Its stable name.
            pub const fn slug(self) -> &'static str {
                match self { $(WarningKind::$name => $slug),+ }
            }

            /// What it means for the result.
            pub const fn meaning(self) -> &'static str {
                match self { $(WarningKind::$name => $meaning),+ }
            }
        }
    };
}

kinds! {
    BeyondEnd, "beyond-end", "The debug info names lines behind the end of the source; they are left out.";
    CodeCopied, "code-copied", "The program runs copies of measured code; what runs only as a copy counts as not run.";
    CombinedIncomplete, "combined-incomplete", "Measurements that were cut short were combined; what ran after the cut is missing.";
    ContextAmbiguous, "context-ambiguous", "Functions that are contexts ran in several threads at once; what they ran is kept as `(several at once)`.";
    ContextEnteredBefore, "context-entered-before", "Functions that are contexts were running already when cov-trace attached; what they ran until they returned is kept as if they were none.";
    ContextIncomplete, "context-incomplete", "Memory could not be written to as a context was switched; lines may be missing in the new one.";
    ContextUnwatched, "context-unwatched", "Functions that were to be contexts cannot be watched; what they run is kept as if they were none.";
    CopyNotRestored, "copy-not-restored", "A breakpoint in a copy of measured code cannot be taken out; `--exclude` keeps breakpoints out of such code.";
    ExclusionMark, "exclusion-mark", "A mark in a source that excludes lines is not closed or not opened.";
    FilesIncomplete, "files-incomplete", "Not all files are known that the process opened.";
    ForkInherits, "fork-inherits", "The process was measured with `--fork=inherit`; lines that had run before the fork are its parent's only.";
    HitsLost, "hits-lost", "Hits could not be recorded or were damaged; lines that ran may count as not run.";
    ImageNotMeasured, "image-not-measured", "The image's file or its debug info cannot be read; the image is followed, not measured.";
    ImageUnreadable, "image-unreadable", "The image's file cannot be opened; the image is followed, not measured.";
    IndexNotKept, "index-not-kept", "The index of an image is too large for the cache; each measurement reads the image again.";
    JournalDamaged, "journal-damaged", "Lines of a run's journal cannot be read; processes, images or hits may be missing.";
    LandmarkLost, "landmark-lost", "A place that the supervisor watches could not be served; it is no longer watched.";
    LineOutOfRange, "line-out-of-range", "Line numbers or paths are beyond any real source; they are not measured.";
    LoaderStateShape, "loader-state-shape", "`_dl_debug_state` is no bare return; libraries that this loader adds later are not noticed.";
    MalformedDebugInfo, "malformed-debug-info", "Units of the debug info cannot be read; what they describe may be missing.";
    MalformedFrames, "malformed-frames", "Call frame information cannot be read to its end; functions may be unknown.";
    MalformedLineProgram, "malformed-line-program", "Line programs cannot be read to their end; lines may be missing.";
    MapUnused, "map-unused", "A `--map` matches the path of no source.";
    MappingsUnreadable, "mappings-unreadable", "The mappings of a process cannot be read; what it mapped since is not measured.";
    MemoryClosed, "memory-closed", "The memory of a process is closed to the tracer; the process is followed, not measured.";
    NoSourceFile, "no-source-file", "Sources are no files, such as `<stdin>`; they are not measured.";
    NotOnBoundary, "not-on-boundary", "Line addresses are inside an instruction; they are not measured.";
    Once, "once", "The run was measured with `--once`; a line is credited to the first process that ran it, so per-process data is incomplete.";
    OnlyNew, "only-new", "Only what the data directory did not have was measured; per-process data is incomplete.";
    OtherBuild, "other-build", "A build was made from another text of the source; what ran of it is left out.";
    OutsideFunction, "outside-function", "Line addresses belong to no known function; they are not measured.";
    OutsideText, "outside-text", "Line addresses are outside the executable code of the file; they are not measured.";
    OverlappingFunctions, "overlapping-functions", "Two functions disagree about the instructions at line addresses; these are not measured.";
    PlanUnreadable, "plan-unreadable", "The supervisor could not read the plan of an image; the image is not measured.";
    ProgramBreakpoint, "program-breakpoint", "The program has breakpoints of its own at line addresses; these are not measured.";
    SetUserId, "set-user-id", "A set-user-id program ran without its special rights, as under any tracer.";
    SharedAddress, "shared-address", "Several source lines claim an address; it counts for the first of them.";
    SharedAddressSpace, "shared-address-space", "Processes share memory; a line that both ran may be credited to one of them only.";
    SiteNotPlanted, "site-not-planted", "Breakpoints could not be planted; lines that ran may count as not run.";
    SourceMissing, "source-missing", "A source is not found; marks in it do not count.";
    SourceNewer, "source-newer", "A source changed since the program was built or measured; lines may be others.";
    SourceNotShown, "source-not-shown", "Not everybody may read a source and it is not the user's own; it is not shown.";
    SourceUnreadable, "source-unreadable", "A source is no regular file, too large, or may not be read; marks in it do not count.";
    SplitDwarf, "split-dwarf", "Debug info is in separate .dwo files; functions are those of the symbol table.";
    StopNotServed, "stop-not-served", "A request on a stopped thread failed; the thread went on without what it was for.";
    TextNotRestored, "text-not-restored", "A breakpoint could not be taken out; the process got SIGTRAP.";
    TrapUnknown, "trap-unknown", "A process gets SIGTRAP for a breakpoint that is not known to be ours.";
    UndecodableCode, "undecodable-code", "Line addresses are behind bytes that are no instruction; they are not measured.";
    UnreadableSection, "unreadable-section", "Debug sections cannot be read or uncompressed; what they describe is missing.";
    UntracedChild, "untraced-child", "The program made a child with CLONE_UNTRACED; it is traced all the same.";
}

/// Something that lowers the truth of a result, stored with the data and shown in reports.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Warning {
    /// Stable machine-readable name: that of its kind, or of one that another version of cov-trace has.
    pub slug: String,
    /// What it is about and what it means for the result, one sentence.
    pub text: String,
    /// How many places it concerns.
    pub count: u64,
}

impl Warning {
    /// A warning of the catalogue.
    pub fn new(kind: WarningKind, text: impl Into<String>, count: u64) -> Self {
        Warning { slug: kind.slug().to_owned(), text: text.into(), count }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_sorted_and_unique() {
        assert!(WarningKind::ALL.is_sorted_by(|a, b| a.slug() < b.slug()));
    }
}
