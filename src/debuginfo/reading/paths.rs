//! Source paths: joined from their parts, normalised lexically, interned.
//!
//! A path that units give with different digests of its text is a source for each of them.
//!
//! Invariant: a path is normalised once per line program and file index, and stored once per image,
//! those of units that are read at the same time once for each thread until they are put together.

use super::Bytes;
use crate::debuginfo::error::{Budget, IndexError};
use gimli::{AttributeValue, LineProgramHeader, UnitRef};
use std::collections::HashMap;

/// A path of [`SourcePaths`], in order of its first use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct FileId(pub(crate) u32);

/// A path, and the MD5 of the source's text where the debug info has it (DWARF 5).
pub(crate) type DescribedFile = (String, Option<[u8; 16]>);

/// All source paths of an image.
#[derive(Default)]
pub(crate) struct SourcePaths {
    ids: HashMap<DescribedFile, FileId>,
}

impl SourcePaths {
    /// Longest path that is taken for one (Linux: PATH_MAX).
    const LONGEST: usize = 4096;

    fn intern(&mut self, path: DescribedFile) -> FileId {
        let next = FileId(self.ids.len() as u32);
        *self.ids.entry(path).or_insert(next)
    }

    /// Adds the paths of other units; gives the id of each here, by its id there.
    pub(crate) fn adopt(&mut self, others: SourcePaths) -> Vec<FileId> {
        others.into_order().into_iter().map(|path| self.intern(path)).collect()
    }

    /// All paths, by id.
    pub(crate) fn into_order(self) -> Vec<DescribedFile> {
        let mut paths = vec![DescribedFile::default(); self.ids.len()];
        for (path, id) in self.ids {
            paths[id.0 as usize] = path;
        }
        paths
    }
}

/// The file table of one line program, resolved entry by entry when first asked for.
#[derive(Default)]
pub(crate) struct FileTable {
    /// By file index; the outer None is "not asked yet", the inner "no such file".
    known: Vec<Option<Option<FileId>>>,
}

impl FileTable {
    /// The path that the program's file index means, if it exists and is a path at all.
    ///
    /// # Errors
    /// If the budget is used up.
    pub(crate) fn resolve<'a>(
        &mut self,
        index: u64,
        header: &LineProgramHeader<Bytes<'a>>,
        unit: UnitRef<'_, Bytes<'a>>,
        paths: &mut SourcePaths,
        budget: &mut Budget,
    ) -> Result<Option<FileId>, IndexError> {
        // One more than there are names: before DWARF 5 the first is number 1. DW_LNE_define_file may add some.
        let slots = header.file_names().len() + 1;
        if index >= slots as u64 {
            return Ok(None);
        }
        if self.known.len() < slots {
            self.known.resize(slots, None);
        }
        if let Some(known) = self.known[index as usize] {
            return Ok(known);
        }
        let path = path(index, header, unit, budget)?;
        let id = path.map(|path| paths.intern((path, md5(index, header))));
        self.known[index as usize] = Some(id);
        Ok(id)
    }
}

/// The digest of a file's text, if the table has any and not only room for them.
fn md5(index: u64, header: &LineProgramHeader<Bytes<'_>>) -> Option<[u8; 16]> {
    let md5 = header.file(index).filter(|_| header.file_has_md5()).map(|file| *file.md5());
    md5.filter(|md5| *md5 != [0; 16])
}

fn path<'a>(
    index: u64,
    header: &LineProgramHeader<Bytes<'a>>,
    unit: UnitRef<'_, Bytes<'a>>,
    budget: &mut Budget,
) -> Result<Option<String>, IndexError> {
    let Some(file) = header.file(index) else {
        return Ok(None);
    };
    let mut part = |value: Option<AttributeValue<Bytes<'a>>>| {
        let bytes = value.and_then(|v| unit.attr_string(v).ok()).map_or(&[][..], |b| b.slice());
        budget.spend(bytes.len())?;
        Ok(bytes)
    };
    let name = part(Some(file.path_name()))?;
    // Entry 0 is the working directory itself; DWARF 5 stores it in the table, earlier versions in the unit only.
    let stored = if header.version() >= 5 { part(header.directory(0))? } else { &[] };
    let working_directory = if stored.is_empty() { unit.comp_dir.map_or(&[][..], |d| d.slice()) } else { stored };
    let directory = if file.directory_index() == 0 { &[] } else { part(file.directory(header))? };
    if name.is_empty() || working_directory.len() + directory.len() + name.len() > SourcePaths::LONGEST {
        return Ok(None);
    }
    Ok(Some(normalise([working_directory, directory, name])))
}

/// Joins parts, of which an absolute one replaces what is before it, and resolves `.` and `..` without looking at any disk.
///
/// Bytes that are not UTF-8 become U+FFFD. The result is relative only if all parts are.
fn normalise(parts: [&[u8]; 3]) -> String {
    let first = parts.iter().rposition(|part| part.starts_with(b"/"));
    let absolute = first.is_some();
    let mut names: Vec<&[u8]> = Vec::new();
    for name in parts[first.unwrap_or(0)..].iter().flat_map(|part| part.split(|b| *b == b'/')) {
        match name {
            b"" | b"." => {}
            b".." => match names.last() {
                Some(&last) if last != b".." => {
                    names.pop();
                }
                Some(_) | None if !absolute => names.push(name),
                Some(_) | None => {}
            },
            _ => names.push(name),
        }
    }
    let joined = names.join(&b'/');
    format!("{}{}", if absolute { "/" } else { "" }, String::from_utf8_lossy(&joined))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(working_directory: &str, directory: &str, name: &str) -> String {
        normalise([working_directory.as_bytes(), directory.as_bytes(), name.as_bytes()])
    }

    #[test]
    fn paths_are_joined_and_normalised() {
        assert_eq!(joined("/home/u/build", "../src", "./a.c"), "/home/u/src/a.c");
        assert_eq!(joined("/home/u", "/usr/include//sys/", "types.h"), "/usr/include/sys/types.h");
        assert_eq!(joined("/home/u", "sub", "/abs/../x.c"), "/x.c");
        assert_eq!(joined("/home/u", "", "a.c"), "/home/u/a.c");
        assert_eq!(joined("/", "../..", "a.c"), "/a.c");
        assert_eq!(joined("", "../..", "src/./../a.c"), "../../a.c");
        assert_eq!(normalise([b"/w", b"", b"\xff.c"]), "/w/\u{fffd}.c");
    }
}
