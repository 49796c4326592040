//! An index as the bytes of a file: a short header, then columns that are taken as they are.
//!
//! ```text
//! magic      8 bytes
//! format     4 bytes
//! columns    maker and identity, then the index
//! checksum   4 bytes, CRC-32 of all before
//! ```
//! Invariant: what [`decode`] gives keeps every invariant of an [`ImageIndex`] and fits the bytes of the image, whatever
//! the file holds.

use super::identity::FileIdentity;
use crate::debuginfo::{
    AlsoTold, FileOffset, Function, ImageIndex, Landmark, LandmarkKind, Line, Probe, ReadPart, Warning,
};
use crate::plan::{ColumnReader, ColumnWriter, Dominance, Owners};
use platform::arch::BREAKPOINT;
use serde::{Deserialize, Serialize};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;

const MAGIC: &[u8; 8] = b"covindex";

/// To be raised whenever the columns change, or what they mean.
const FORMAT: u32 = 9;

/// No source has more lines (a set of lines is one bit per line).
const LAST_LINE: u32 = (1 << 24) - 1;

/// Which cov-trace made an index. Another one may read images otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Maker {
    version: String,
    /// Size and time of change of its executable: not every build has a version of its own.
    executable: Option<(u64, i64, i64)>,
}

impl Maker {
    /// The maker that runs now: the version and the executable of this process.
    pub(super) fn this() -> Maker {
        let meta = std::env::current_exe().and_then(std::fs::metadata).ok();
        let executable = meta.map(|meta| (meta.size(), meta.mtime(), meta.mtime_nsec()));
        Maker { version: env!("CARGO_PKG_VERSION").to_owned(), executable }
    }

    #[cfg(test)]
    pub(super) fn of_version(version: &str) -> Maker {
        Maker { version: version.to_owned(), executable: None }
    }
}

/// What is small and has no fixed size.
#[derive(Serialize, Deserialize)]
struct Small {
    build_id: Option<String>,
    digests: Vec<Option<[u8; 16]>>,
    landmarks: Vec<(u64, u8, LandmarkKind)>,
    warnings: Vec<Warning>,
}

/// How many bytes the file for an index has at the most, as a rule.
pub(super) fn at_most(index: &ImageIndex) -> u64 {
    /// Of a probe, a line and a function: each number takes up to ten bytes.
    const EACH: usize = 100;
    let named = index.part.iter().flat_map(|part| &part.sources);
    let texts = index.files.iter().chain(index.functions.iter().map(|f| &f.name)).chain(named.clone());
    let texts: usize = texts.map(String::len).sum();
    let counted = index.probes.len() + index.also.len() + index.lines.len() + index.functions.len() + index.files.len();
    let many = index.landmarks.len() + index.warnings.len() + named.count();
    (texts + EACH * (counted + many) + (1 << 16)) as u64
}

/// Writes the file for an index.
///
/// # Errors
/// Those of `to`.
pub(super) fn write<W: Write>(to: W, index: &ImageIndex, maker: &Maker, identity: &FileIdentity) -> io::Result<W> {
    let mut to = Checked { to, checksum: crc32fast::Hasher::new() };
    to.write_all(MAGIC)?;
    to.write_all(&FORMAT.to_le_bytes())?;
    let Checked { mut to, checksum } = put(to, index, maker, identity)?;
    to.write_all(&checksum.finalize().to_le_bytes())?;
    Ok(to)
}

/// Sums up what is written.
struct Checked<W> {
    to: W,
    checksum: crc32fast::Hasher,
}

impl<W: Write> Write for Checked<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.to.write(bytes)?;
        self.checksum.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Writes the columns of an index.
fn put<W: Write>(to: W, index: &ImageIndex, maker: &Maker, identity: &FileIdentity) -> io::Result<W> {
    let ImageIndex { build_id, files, digests, lines, functions, owners, probes, also, dominance, .. } = index;
    let ImageIndex { landmarks, warnings, part, .. } = index;
    let mut columns = ColumnWriter::to(to);
    let ours = postcard::to_stdvec(&(maker, identity));
    columns.bytes(&ours.expect("invariant: strings and numbers always encode"))?;
    let small = Small {
        build_id: build_id.clone(),
        digests: digests.clone(),
        landmarks: landmarks.iter().map(|l| (l.offset.0, l.original, l.kind)).collect(),
        warnings: warnings.clone(),
    };
    columns.bytes(&postcard::to_stdvec(&small).expect("invariant: strings and numbers always encode"))?;
    columns.numbers8([u8::from(part.is_some())].into_iter())?;
    if let Some(ReadPart { sources, is_read }) = part {
        columns.texts(sources.iter().map(String::as_str))?;
        columns.numbers8(is_read.iter().map(|is_read| u8::from(*is_read)))?;
    }
    columns.texts(files.iter().map(String::as_str))?;
    columns.numbers32(lines.iter().map(|line| line.file))?;
    columns.numbers32(lines.iter().map(|line| line.number))?;
    columns.numbers32(functions.iter().map(|function| function.file))?;
    columns.numbers32(functions.iter().map(|function| function.start))?;
    columns.numbers32(functions.iter().map(|function| function.end))?;
    columns.texts(functions.iter().map(|function| function.name.as_str()))?;
    columns.numbers8(functions.iter().map(|function| function.told.into()))?;
    owners.put(&mut columns)?;
    columns.numbers64(probes.iter().map(|probe| probe.offset.0))?;
    columns.numbers32(probes.iter().map(|probe| probe.line))?;
    columns.numbers32(probes.iter().map(|probe| probe.straight))?;
    columns.numbers8(probes.iter().map(|probe| probe.original))?;
    columns.numbers32(also.iter().map(|also| also.probe))?;
    columns.numbers32(also.iter().map(|also| also.line))?;
    dominance.put(&mut columns)?;
    columns.finish()
}

/// The index that the bytes of a file hold; None if they are damaged, of another format or maker, of another image, or
/// do not fit the image.
pub(super) fn decode(bytes: &[u8], maker: &Maker, identity: &FileIdentity, image: &[u8]) -> Option<ImageIndex> {
    let (checked, checksum) = bytes.split_last_chunk::<4>()?;
    let (format, columns) = checked.strip_prefix(MAGIC)?.split_first_chunk::<4>()?;
    if u32::from_le_bytes(*format) != FORMAT || crc32fast::hash(checked) != u32::from_le_bytes(*checksum) {
        return None;
    }
    let mut columns = ColumnReader(columns);
    let ours: (Maker, FileIdentity) = postcard::from_bytes(columns.bytes()?).ok()?;
    if (&ours.0, &ours.1) != (maker, identity) {
        return None;
    }
    let index = index(&mut columns)?;
    (columns.is_empty() && holds(&index, image)).then_some(index)
}

fn index(columns: &mut ColumnReader<'_>) -> Option<ImageIndex> {
    let Small { build_id, digests, landmarks, warnings } = postcard::from_bytes(columns.bytes()?).ok()?;
    let part = match columns.bytes()? {
        [0] => None,
        [1] => Some(part(columns)?),
        _ => return None,
    };
    let files = columns.texts()?;
    let (of, number) = (columns.numbers32()?, columns.numbers32()?);
    let lines_fit = of.len() == number.len();
    let lines = of.into_iter().zip(number).map(|(file, number)| Line { file, number }).collect();
    let (of, start, end) = (columns.numbers32()?, columns.numbers32()?, columns.numbers32()?);
    let names = columns.texts()?;
    let told = columns.bytes()?;
    let functions_fit = [of.len(), start.len(), end.len(), told.len()] == [names.len(); 4];
    let functions = of.into_iter().zip(start).zip(end).zip(names).zip(told);
    let functions = functions
        .map(|((((file, start), end), name), told)| Function { file, start, end, name, told: *told != 0 })
        .collect();
    let owners = Owners::taken(columns)?;
    let (offset, line, straight) = (columns.numbers64()?, columns.numbers32()?, columns.numbers32()?);
    let original = columns.bytes()?;
    let probes_fit = [line.len(), straight.len(), original.len()] == [offset.len(); 3];
    let probes =
        offset.into_iter().zip(line).zip(straight).zip(original).map(|(((offset, line), straight), original)| Probe {
            offset: FileOffset(offset),
            line,
            original: *original,
            straight,
        });
    let (probe, line) = (columns.numbers32()?, columns.numbers32()?);
    let also_fits = probe.len() == line.len();
    let also = probe.into_iter().zip(line).map(|(probe, line)| AlsoTold { probe, line }).collect();
    let dominance = Dominance::taken(columns)?;
    let landmarks = landmarks.into_iter();
    let index = ImageIndex {
        build_id,
        files,
        digests,
        lines,
        functions,
        owners,
        probes: probes.collect(),
        also,
        dominance,
        landmarks: landmarks
            .map(|(offset, original, kind)| Landmark { offset: FileOffset(offset), kind, original })
            .collect(),
        warnings,
        part,
    };
    (lines_fit && functions_fit && probes_fit && also_fits).then_some(index)
}

fn part(columns: &mut ColumnReader<'_>) -> Option<ReadPart> {
    let sources = columns.texts()?;
    let is_read: Vec<bool> = columns.bytes()?.iter().map(|is_read| *is_read != 0).collect();
    (sources.len() == is_read.len()).then_some(ReadPart { sources, is_read })
}

/// Whether an index keeps what every index promises, and is one of this image as far as its bytes tell.
fn holds(index: &ImageIndex, image: &[u8]) -> bool {
    let ImageIndex { files, digests, lines, functions, owners, probes, also, dominance, landmarks, .. } = index;
    let is_there = |offset: FileOffset, byte: u8| {
        usize::try_from(offset.0).ok().and_then(|at| image.get(at)).is_some_and(|there| *there == byte)
    };
    files.len() == digests.len()
        && files.iter().zip(digests).is_sorted_by(|a, b| a < b)
        && lines.is_sorted_by(|a, b| a < b)
        && lines.iter().all(|l| (l.file as usize) < files.len() && (1..=LAST_LINE).contains(&l.number))
        && functions.iter().all(|f| (f.file as usize) < files.len() && f.start <= f.end)
        && u32::try_from(probes.len()).is_ok()
        && probes.is_sorted_by(|a, b| a.offset < b.offset)
        && probes
            .iter()
            .all(|p| (p.line as usize) < lines.len() && p.original != BREAKPOINT && is_there(p.offset, p.original))
        && also.is_sorted_by(|a, b| a < b)
        && also.iter().all(|also| (also.probe as usize) < probes.len() && (also.line as usize) < lines.len())
        && owners.holds(probes.len(), functions.len())
        && dominance.holds(probes.len())
        && landmarks.is_sorted_by(|a, b| a < b)
        && landmarks.iter().all(|l| is_there(l.offset, l.original))
}
