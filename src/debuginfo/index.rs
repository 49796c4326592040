//! What is known of one image (an ELF file) once it has been read: its source lines and where to trap for them.
//!
//! Invariant: `probes` is sorted by offset without duplicates, `lines` and `also` are sorted without duplicates, `files` and `digests`
//! are as long as each other and as pairs sorted without duplicates, and every index into another vector is in range.

use crate::plan::{Dominance, Owners, Stretches};
pub use crate::plan::{FileOffset, Landmark, LandmarkKind};
use crate::warning::Warning;
use std::ops::{Range, RangeInclusive};

/// A stated virtual memory address: an address as the image's headers and its DWARF give it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Svma(pub u64);

/// Everything that cov-trace takes from one image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageIndex {
    /// The GNU build-id in lower-case hexadecimal.
    pub build_id: Option<String>,
    /// Source paths as the debug info gives them, made absolute with `DW_AT_comp_dir` and lexically normalised.
    ///
    /// A path whose text was another one in different units is in it once for each digest.
    pub files: Vec<String>,
    /// MD5 of the text of each of them, where the debug info has it.
    pub digests: Vec<Option<[u8; 16]>>,
    /// Every line that has at least one probe.
    pub lines: Vec<Line>,
    /// Functions whose code is in the image, of their own or inlined into others.
    pub functions: Vec<Function>,
    /// Whose code each of `probes` is.
    pub owners: Owners,
    /// Where to trap for a line.
    pub probes: Vec<Probe>,
    /// The other lines that they tell of.
    pub also: Vec<AlsoTold>,
    /// Which of them tell of others.
    pub dominance: Dominance,
    /// Where to trap for the tracer's own sake; independent of `probes`, so both may name the same offset.
    pub landmarks: Vec<Landmark>,
    /// What lowers the truth of the index.
    pub warnings: Vec<Warning>,
    /// What was read, if that is not everything.
    pub part: Option<ReadPart>,
}

/// Which part of an image was read: that of the sources which somebody wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadPart {
    /// All sources that the debug info names, also those of which the image may have no code.
    pub sources: Vec<String>,
    /// Whether all of each of them was read.
    pub is_read: Vec<bool>,
}

impl ImageIndex {
    /// The first and the last line of the code in a part of the file, of the source that it begins with; `None` where no
    /// probe is in it.
    pub fn lines_in(&self, part: Range<FileOffset>) -> Option<RangeInclusive<u32>> {
        let first = self.probes.partition_point(|probe| probe.offset < part.start);
        let probes = self.probes[first..].iter().take_while(|probe| probe.offset < part.end);
        let lines = probes.map(|probe| self.lines[probe.line as usize]);
        let file = lines.clone().next()?.file;
        let numbers = lines.filter(|line| line.file == file).map(|line| line.number);
        Some(numbers.clone().min()?..=numbers.max()?)
    }
}

impl ReadPart {
    /// Whether it has all of those of the sources that are wanted.
    pub fn covers(&self, wanted: &[bool]) -> bool {
        self.is_read.iter().zip(wanted).all(|(is_read, wanted)| *is_read || !wanted)
    }

    /// The sources of which not all was read.
    pub fn unread(&self) -> impl Iterator<Item = &String> {
        self.sources.iter().zip(&self.is_read).filter(|(_, is_read)| !**is_read).map(|(source, _)| source)
    }
}

/// A source line, 1-based, of `ImageIndex::files[file]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Line {
    /// Index into `ImageIndex::files`.
    pub file: u32,
    /// Line number, at least 1.
    pub number: u32,
}

/// A function of the source, demangled; instances of one template or generic with the same name and place are one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Function {
    /// Index into `ImageIndex::files`.
    pub file: u32,
    /// The line of its declaration.
    pub start: u32,
    /// The last line of its body that has code.
    pub end: u32,
    /// Demangled name.
    pub name: String,
    /// Whether a probe tells that it ran; of others only their lines may tell.
    pub told: bool,
}

/// A line that ran if a probe was executed, besides the probe's own line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AlsoTold {
    /// Index into `ImageIndex::probes`.
    pub probe: u32,
    /// Index into `ImageIndex::lines`.
    pub line: u32,
}

/// An instruction that may be replaced by a breakpoint to learn that a line ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Probe {
    /// Where the instruction starts in the file.
    pub offset: FileOffset,
    /// Index into `ImageIndex::lines`.
    pub line: u32,
    /// The byte there, which is never the breakpoint instruction itself.
    pub original: u8,
    /// How many bytes of straight-line code, entered at its start only, there are from here on: code that executes a
    /// later probe of these has executed this one.
    pub straight: u32,
}

impl Stretches for [Probe] {
    fn count(&self) -> u32 {
        self.len() as u32
    }

    fn offset(&self, probe: u32) -> FileOffset {
        self[probe as usize].offset
    }

    fn straight(&self, probe: u32) -> u32 {
        self[probe as usize].straight
    }
}
