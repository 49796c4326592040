//! The mappings of an address space, read from /proc/PID/maps (proc(5)).
//!
//! Invariant: text that does not parse is skipped, never a panic; paths are bytes that need not be UTF-8.

use crate::{Avma, OsError, Tid, open_regular, procfs};
use serde::{Deserialize, Serialize};
use std::fs::{File, Metadata, OpenOptions};
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// A private executable mapping of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextMapping {
    /// The address of its first byte.
    pub start: Avma,
    /// The address behind its last byte.
    pub end: Avma,
    /// Where `start` lies in the file.
    pub offset: u64,
    /// The file that is mapped.
    pub file: FileKey,
    /// Its path as the kernel shows it, with ` (deleted)` taken off.
    pub path: String,
    /// Whether it is not executable at the moment: text may be again what it was.
    #[serde(default)]
    pub dormant: bool,
}

#[cfg(test)]
impl TextMapping {
    /// The first page of a file, at address 0.
    pub(crate) fn first_page(inode: u64) -> Self {
        TextMapping {
            start: Avma(0),
            end: Avma(crate::PAGE),
            offset: 0,
            file: FileKey { device: 1, inode, size: 1, modified: 1 },
            path: String::new(),
            dormant: false,
        }
    }
}

/// Identity of a file's content as far as the kernel can tell it cheaply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileKey {
    /// Device as /proc/PID/maps shows it.
    pub device: u64,
    /// Inode on that device.
    pub inode: u64,
    /// Size in bytes; 0 where the file could not be reached.
    pub size: u64,
    /// Time of the last change of the content, in nanoseconds.
    pub modified: i128,
}

/// One line of /proc/PID/maps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MapsLine<'a> {
    pub start: u64,
    pub end: u64,
    pub perms: &'a str,
    pub offset: u64,
    pub device: u64,
    pub inode: u64,
    pub path: &'a str,
}

fn parse_line(line: &str) -> Option<MapsLine<'_>> {
    let mut fields = line.splitn(6, ' ');
    let (start, end) = fields.next()?.split_once('-')?;
    let perms = fields.next().filter(|perms| perms.len() == 4)?;
    let offset = u64::from_str_radix(fields.next()?, 16).ok()?;
    let (major, minor) = fields.next()?.split_once(':')?;
    let inode = fields.next()?.parse().ok()?;
    Some(MapsLine {
        start: u64::from_str_radix(start, 16).ok()?,
        end: u64::from_str_radix(end, 16).ok()?,
        perms,
        offset,
        device: (u64::from_str_radix(major, 16).ok()? << 32) | u64::from_str_radix(minor, 16).ok()?,
        inode,
        path: fields.next().unwrap_or("").trim_start(),
    })
}

/// The text of /proc/PID/maps.
pub(crate) fn read_maps(tid: Tid) -> Result<String, OsError> {
    let path = format!("/proc/{tid}/maps");
    let text = procfs::read_bytes(&path).map_err(|e| OsError::io("read", &path, &e))?;
    // A thread that has ended has no address space any more, and no error tells so.
    if text.is_empty() {
        return Err(OsError::new("read", &path, nix::errno::Errno::ESRCH));
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// The mappings that a text of /proc/PID/maps tells of.
pub(crate) fn entries(text: &str) -> impl Iterator<Item = MapsLine<'_>> {
    text.lines().filter_map(parse_line)
}

/// What is mapped in an address space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappedSpace {
    /// Private executable mappings of files. Shared ones are left out: a write to one could reach the file.
    pub text: Vec<TextMapping>,
    /// Other private mappings of files, whose sizes and times were not read.
    pub dormant: Vec<TextMapping>,
    /// Where the kernel's own library is (vdso(7)).
    pub vdso: Option<Range<u64>>,
}

/// The mapping that an address is in, and whether that is the stack that the process began with.
pub fn mapping_around(tid: Tid, at: Avma) -> Option<(Range<Avma>, bool)> {
    let text = read_maps(tid).ok()?;
    let is_around = |entry: &MapsLine<'_>| (entry.start..entry.end).contains(&at.0);
    entries(&text).find(is_around).map(|entry| (Avma(entry.start)..Avma(entry.end), entry.path == "[stack]"))
}

/// Reads what is mapped in the address space that `tid` lives in.
pub fn mapped(tid: Tid) -> Result<MappedSpace, OsError> {
    mapped_since(tid, &[])
}

/// The same, where these were mapped in it `before`: the files of those that still are need not be looked at again.
pub fn mapped_since(tid: Tid, before: &[TextMapping]) -> Result<MappedSpace, OsError> {
    let text = read_maps(tid)?;
    let vdso = entries(&text).find(|entry| entry.path == "[vdso]").map(|entry| entry.start..entry.end);
    let of_file = |entry: &MapsLine<'_>| entry.inode != 0 && entry.end > entry.start && entry.perms.ends_with('p');
    let (text, dormant): (Vec<_>, Vec<_>) =
        entries(&text).filter(of_file).partition(|entry| entry.perms.as_bytes()[2] == b'x');
    Ok(MappedSpace {
        text: text.iter().map(|entry| known(before, entry).unwrap_or_else(|| identified(tid, entry))).collect(),
        dormant: dormant.iter().map(|entry| TextMapping { dormant: true, ..mapping(entry) }).collect(),
        vdso,
    })
}

fn mapping(entry: &MapsLine<'_>) -> TextMapping {
    TextMapping {
        start: Avma(entry.start),
        end: Avma(entry.end),
        offset: entry.offset,
        file: FileKey { device: entry.device, inode: entry.inode, size: 0, modified: 0 },
        path: entry.path.strip_suffix(" (deleted)").unwrap_or(entry.path).to_owned(),
        dormant: false,
    }
}

/// The mapping that an entry tells of, if it is among these.
fn known(before: &[TextMapping], entry: &MapsLine<'_>) -> Option<TextMapping> {
    let is_it = |other: &&TextMapping| {
        (other.start.0, other.end.0, other.offset) == (entry.start, entry.end, entry.offset)
            && (other.file.device, other.file.inode) == (entry.device, entry.inode)
    };
    before.iter().find(is_it).cloned()
}

/// A mapping with its file's size and time, as far as the file can be reached.
fn identified(tid: Tid, entry: &MapsLine<'_>) -> TextMapping {
    let mut found = mapping(entry);
    let meta = candidates(tid, &found)
        .into_iter()
        .find_map(|path| std::fs::metadata(path).ok().filter(|meta| meta.ino() == found.file.inode));
    if let Some(meta) = meta {
        found.file.size = meta.size();
        found.file.modified = modified(&meta);
    }
    found
}

/// Opens the very file that is mapped, deleted or in another mount namespace though it may be.
pub fn open_mapped(tid: Tid, mapping: &TextMapping) -> Result<File, OsError> {
    let mut last = OsError::new("open", &mapping.path, nix::errno::Errno::ENOENT);
    for path in candidates(tid, mapping) {
        match open_regular(&path, OpenOptions::new().read(true)) {
            Ok(file) if file.metadata().is_ok_and(|meta| is_of(&meta, mapping.file)) => return Ok(file),
            Ok(_) => {}
            Err(e) => last = OsError::io("open", path.display(), &e),
        }
    }
    Err(last)
}

/// A file of unknown size is never taken for one that is known: what is learned of it would be kept for the next that
/// cannot be reached.
fn is_of(meta: &Metadata, key: FileKey) -> bool {
    meta.ino() == key.inode && meta.len() == key.size && modified(meta) == key.modified
}

fn modified(meta: &Metadata) -> i128 {
    i128::from(meta.mtime()) * 1_000_000_000 + i128::from(meta.mtime_nsec())
}

/// The private executable memory of the address space that `tid` lives in, of a file or not, but for the kernel's own.
pub fn executable_memory(tid: Tid) -> Result<Vec<Range<u64>>, OsError> {
    let text = read_maps(tid)?;
    let private = entries(&text).filter(|entry| entry.perms.as_bytes()[2..] == *b"xp");
    let own = private.filter(|entry| !matches!(entry.path, "[vdso]" | "[vsyscall]") && entry.end > entry.start);
    Ok(own.map(|entry| entry.start..entry.end).collect())
}

/// Where a mapped file may be reached: the mapping itself (needs CAP_CHECKPOINT_RESTORE), the path as the tracee sees
/// it, its executable, and the path as we see it, since a thread may have ended or executed another program meanwhile.
fn candidates(tid: Tid, mapping: &TextMapping) -> [PathBuf; 4] {
    [
        PathBuf::from(format!("/proc/{tid}/map_files/{:x}-{:x}", mapping.start.0, mapping.end.0)),
        PathBuf::from(format!("/proc/{tid}/root{}", mapping.path)),
        PathBuf::from(format!("/proc/{tid}/exe")),
        PathBuf::from(&mapping.path),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_line_with_spaces_in_its_path() {
        let line = "7f00-7f10 r-xp 00001000 fe:01 42                   /a b/c (deleted)";
        let entry = parse_line(line).expect("parses");
        assert_eq!((entry.start, entry.end, entry.offset, entry.inode), (0x7f00, 0x7f10, 0x1000, 42));
        assert_eq!((entry.perms, entry.path, entry.device), ("r-xp", "/a b/c (deleted)", (0xfe << 32) | 1));
    }

    #[test]
    fn skips_what_does_not_parse() {
        for line in ["", "x", "1-2", "1-2 r-xp", "zz-2 r-xp 0 0:0 0", "1-2 rx 0 0:0 0 a", "1-2 r-xp 0 00 0 a"] {
            assert_eq!(parse_line(line), None, "{line}");
        }
    }

    #[test]
    fn finds_and_opens_this_very_program() {
        let me = Tid(std::process::id() as i32);
        let exe = std::fs::metadata("/proc/self/exe").expect("exe");
        let mapped = mapped(me).expect("maps");
        assert!(mapped.vdso.is_some());
        let mappings = mapped.text;
        let mine = mappings.iter().find(|mapping| mapping.file.inode == exe.ino()).expect("the test program is mapped");
        assert_eq!(mine.file.size, exe.size());
        let named = TextMapping { file: FileKey { size: 7, ..mine.file }, ..mine.clone() };
        let moved = TextMapping { end: Avma(mine.end.0 + 1), ..named.clone() };
        assert!(mapped_since(me, std::slice::from_ref(&named)).expect("maps").text.contains(&named));
        assert!(mapped_since(me, &[moved]).expect("maps").text.contains(mine));
        assert_eq!(open_mapped(me, mine).expect("opens").metadata().expect("meta").ino(), exe.ino());
    }
}
