//! Digests of the functions of an image, by which two builds are compared: equal where the code does the same, wherever it
//! was put.
//!
//! ```text
//! symbols ──► functions ──► drafts: bytes, places ──┐
//! sections, relocations ──► program ──► objects ────┴─► digests by name
//! ```
//! A digest covers the instructions of a function, the names of what it calls, and what the constants and variables hold
//! that it refers to, also by way of others. It does not cover where anything is, nor the lines that Rust's panics
//! tell; of numbers that may be lines (`__LINE__`) there is a second digest, since those change with every line that is
//! written above.
//!
//! Invariant: time and memory are bounded by a multiple of the size of the bytes, whatever they contain (`error::Budget`).

mod compare;
mod data;
mod draft;
mod objects;
mod program;
mod rust_lines;
mod stored;

pub use compare::{CodeChanges, Compared, code_changes};

use super::error::{Budget, IndexError};
use super::index::{FileOffset, Svma};
use super::reading::elf::Elf;
use super::reading::linked::{Holds, NamedRange};
use super::reading::optimized::unoptimized_sources;
use draft::{Draft, Scratch};
use objects::Objects;
use program::Program;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::ops::{Range, RangeInclusive};
use twox_hash::XxHash3_64;

/// Digests of the code of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CodeDigests {
    /// Of what is no function's: libraries that it needs, what runs before `main`, thread-local variables, what it offers to
    /// others, code without a name.
    pub rest: u64,
    /// Of the functions of each name: the name's [`key`](CodeDigests::key) and the digest, sorted by key.
    pub functions: Vec<(u64, u64)>,
    /// The same of those functions which have numbers that may be lines, with the distances of these from the first line
    /// of the function.
    pub by_lines: Vec<(u64, u64)>,
    /// The same of instructions alone, whatever the constants and variables hold that they refer to; half a digest is enough
    /// to see whether they differ where little has changed.
    pub code: Vec<(u64, u64)>,
    /// Keys of the paths of those sources whose code is not optimized in any unit, sorted.
    pub unoptimized: Vec<u64>,
}

impl CodeDigests {
    /// Whether the code of a source, by its path as the debug info gives it, is known not to be optimized.
    pub fn is_unoptimized(&self, source: &str) -> bool {
        self.unoptimized.binary_search(&source_key(source)).is_ok()
    }

    /// The key of a function's name, as it is in the symbol table.
    pub fn key(name: &[u8]) -> u64 {
        XxHash3_64::oneshot(of_source(name))
    }

    /// Whether the functions of a name have the same instructions in another build; `None` if one of the two has none.
    pub fn has_same_code(&self, other: &CodeDigests, key: u64) -> Option<bool> {
        Some(find(&self.code, key)? == find(&other.code, key)?)
    }

    /// Whether the functions of a name do the same in another build; `None` if one of the two has none.
    pub fn is_same(&self, other: &CodeDigests, key: u64) -> Option<bool> {
        let (own, others) = (find(&self.functions, key)?, find(&other.functions, key)?);
        let by_lines = || find(&self.by_lines, key).zip(find(&other.by_lines, key));
        Some(own == others || by_lines().is_some_and(|(own, others)| own == others))
    }
}

fn source_key(path: &str) -> u64 {
    XxHash3_64::oneshot(path.as_bytes())
}

fn find(of_names: &[(u64, u64)], key: u64) -> Option<u64> {
    of_names.binary_search_by_key(&key, |(key, _)| *key).ok().map(|at| of_names[at].1)
}

/// The name without what a compiler adds for parts and clones of a function.
pub(crate) fn of_source(name: &[u8]) -> &[u8] {
    const ADDED: [&[u8]; 7] =
        [b".cold", b".part.", b".isra.", b".constprop.", b".llvm.", b".lto_priv.", b".localalias"];
    // GCC calls what makes the objects of a source by its first function.
    const MAKES_OBJECTS: &[u8] = b"_GLOBAL__sub_I_";
    if name.starts_with(MAKES_OBJECTS) {
        return MAKES_OBJECTS;
    }
    let ends = ADDED.iter().filter_map(|added| memchr::memmem::find(name, added).filter(|at| *at > 0));
    &name[..ends.min().unwrap_or(name.len())]
}

/// The digests of an image; `lines` gives the first and the last line of the code in a part of the file, if it is known.
///
/// # Errors
/// As [`index`](fn@super::index).
pub fn code_digests(
    bytes: &[u8],
    lines: &(dyn Fn(Range<FileOffset>) -> Option<RangeInclusive<u32>> + Sync),
) -> Result<CodeDigests, IndexError> {
    let elf = Elf::parse(bytes)?;
    let mut budget = Budget::for_bytes(bytes.len());
    let mut digests = Analysis::of(&elf, lines, &mut budget)?.digests;
    budget.settle()?;
    let sources = unoptimized_sources(&elf)?;
    digests.unoptimized = sources.iter().map(|path| source_key(path)).collect();
    digests.unoptimized.sort_unstable();
    digests.unoptimized.dedup();
    Ok(digests)
}

/// The digests of an image, and what they were made of.
struct Analysis<'a> {
    program: Program<'a>,
    drafts: Vec<Draft>,
    objects: Objects,
    digests: CodeDigests,
}

impl<'a> Analysis<'a> {
    fn of(
        elf: &Elf<'a>,
        lines: &(dyn Fn(Range<FileOffset>) -> Option<RangeInclusive<u32>> + Sync),
        budget: &mut Budget,
    ) -> Result<Self, IndexError> {
        let mut program = Program::of(elf);
        let drafts: Result<Vec<Draft>, IndexError> = (0..program.functions.len())
            .into_par_iter()
            .map_init(
                || (budget.share(), Scratch::default()),
                |(budget, scratch), at| program.draft(at, lines, scratch, budget),
            )
            .collect();
        let drafts = drafts?;
        program.note_targets(&drafts);
        let objects = Objects::of(&program, budget)?;
        let of_function = |((draft, function), key): ((&Draft, &NamedRange<'_>), &u64)| {
            let file = XxHash3_64::oneshot(program.file_of(function.start));
            (*key, file, draft.digest(function, &program, &objects))
        };
        let digests: Vec<_> = drafts.par_iter().zip(&program.functions).zip(&program.keys).map(of_function).collect();
        let functions = together(digests.iter().map(|(key, file, digest)| (*key, *file, digest.plain)).collect());
        let with_lines: HashSet<u64> =
            digests.iter().filter(|(.., digest)| digest.by_lines.is_some()).map(|(key, ..)| *key).collect();
        let by_lines = digests.iter().filter(|(key, ..)| with_lines.contains(key));
        let by_lines = by_lines.map(|(key, file, digest)| (*key, *file, digest.by_lines.unwrap_or(digest.plain)));
        let by_lines = together(by_lines.collect());
        let code = together(digests.iter().map(|(key, file, digest)| (*key, *file, digest.code)).collect());
        let code = code.into_iter().map(|(key, digest)| (key, digest & u64::from(u32::MAX))).collect();
        let rest = rest(elf, &program, &objects);
        Ok(Analysis {
            program,
            drafts,
            objects,
            digests: CodeDigests { rest, functions, by_lines, code, unoptimized: Vec::new() },
        })
    }
}

/// One digest for all functions of a name, and parts of one, in the order of their sources.
fn together(mut of_names: Vec<(u64, u64, u64)>) -> Vec<(u64, u64)> {
    of_names.par_sort_unstable();
    let digest = |same: &[(u64, u64, u64)]| match same {
        [(key, _, digest)] => (*key, *digest),
        _ => {
            let digests: Vec<u8> = same.iter().flat_map(|(.., digest)| digest.to_le_bytes()).collect();
            (same[0].0, XxHash3_64::oneshot(&digests))
        }
    };
    of_names.chunk_by(|one, other| one.0 == other.0).map(digest).collect()
}

/// The digest of what is no function's.
fn rest(elf: &Elf<'_>, program: &Program<'_>, objects: &Objects) -> u64 {
    let mut bytes = Vec::new();
    for name in elf.needed() {
        bytes.extend_from_slice(name);
        bytes.push(0);
    }
    for section in &program.sections {
        let is_of_threads = section.holds == Holds::ThreadLocals;
        if is_of_threads {
            bytes.extend_from_slice(section.bytes);
        }
        let runs_by_itself = [&b".preinit_array"[..], b".init_array", b".fini_array", b".ctors", b".dtors"];
        if is_of_threads || runs_by_itself.iter().any(|name| section.name.starts_with(name)) {
            let whole = NamedRange { start: section.start, end: section.end, name: &[] };
            for (_, target) in program.pointers(&whole, section.bytes).0 {
                program.put_target(target, objects, &mut bytes);
            }
        }
    }
    for (name, start, is_data) in elf.offered() {
        let section = program.section_at(start).filter(|_| is_data);
        // What has no beginning may be a copy of what a library has.
        if section.is_some_and(|section| section.bytes.is_empty()) {
            continue;
        }
        bytes.extend_from_slice(name);
        bytes.push(0);
        if let Some(section) = section {
            objects.put(program, start, section, &mut bytes);
        }
    }
    for gap in program.unnamed_code() {
        program.put_unnamed(gap, &mut bytes);
    }
    XxHash3_64::oneshot(&bytes)
}

/// How far behind the start of a range an address is, if it is in it.
pub(super) fn within(range: &Range<Svma>, address: Svma) -> Option<u64> {
    range.contains(&address).then(|| address.0 - range.start.0)
}
