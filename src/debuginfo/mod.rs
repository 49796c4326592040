//! ELF and DWARF to an [`ImageIndex`]: pure for given bytes, never panicking on hostile input.
//!
//! ```text
//! elf ──► text, symbols ──┐         ┌── entries: tables, landing pads
//! frames (FDEs) ──────────┼──► code ◄┘──► sites ──► probes, lines
//! units ──► rows, paths ──┤      │└─ flow ─┴─► dominance
//!                         │      └──────► landmarks
//!       └─► subprograms ──┴─► entities ─► functions, owners
//! ```
//!
//! Invariant: time and memory are bounded by a multiple of the size of the bytes, whatever they contain (`error::Budget`).

mod code;
mod code_digests;
mod context_functions;
mod error;
mod index;
mod line_account;
mod lines;
mod reading;
mod shortfall;
mod sited;

pub use code_digests::{CodeChanges, CodeDigests, Compared, code_changes, code_digests};
pub use error::IndexError;
pub use index::{AlsoTold, FileOffset, Function, ImageIndex, Landmark, LandmarkKind, Line, Probe, ReadPart, Svma};
pub use line_account::{EvidenceKind, LineAccount, OtherEvidence, RowAccount, RowFate, TableRow, line_account};

pub(crate) use context_functions::{Among, ContextFunctions, context_functions};

pub use crate::warning::Warning;

use error::Budget;
use lines::evidence::Told;
use lines::sites::Site;
use rayon::prelude::*;
use reading::elf::Elf;
use reading::paths::{DescribedFile, FileId};
use reading::sections::DebugSections;
use reading::survey::Survey;
use shortfall::Shortfalls;
use sited::{Parts, Sited};

/// Reads everything that cov-trace wants to know of an image from the bytes of its file.
///
/// A file without debug information gives an index without lines, which may still have landmarks. What could not be used
/// is reported by the index's warnings.
///
/// # Errors
/// If the bytes are no ELF file for this CPU, if its headers are malformed, or if its tables are made to waste time.
pub fn index(bytes: &[u8]) -> Result<ImageIndex, IndexError> {
    index_in_steps(bytes, None, &|| ())
}

/// Reads of an image only the units that name a source which is wanted; `wanted` is asked once, with all sources.
///
/// # Errors
/// As [`index`](fn@index).
pub fn index_of_sources(bytes: &[u8], wanted: &dyn Fn(&[String]) -> Vec<bool>) -> Result<ImageIndex, IndexError> {
    index_in_steps(bytes, Some(&SourceChoice { large: 0, wanted }), &|| ())
}

/// Which sources of an image are wanted, if it is so large that it pays to read only what is.
pub(crate) struct SourceChoice<'c> {
    /// How many bytes of debug information make an image large.
    pub(crate) large: usize,
    /// Says of each source whether it is wanted; asked once.
    pub(crate) wanted: &'c dyn Fn(&[String]) -> Vec<bool>,
}

/// The same; of a large image only the units that name a source which is chosen. Calls `step_done` when another part of
/// the bytes has been read and will hardly be read again.
///
/// # Errors
/// As [`index`](fn@index).
pub(crate) fn index_in_steps(
    bytes: &[u8],
    choice: Option<&SourceChoice<'_>>,
    step_done: &(dyn Fn() + Sync),
) -> Result<ImageIndex, IndexError> {
    /// So many sites that what is known of the code takes hundreds of MiB.
    const MANY: usize = 1 << 20;
    let elf = Elf::parse(bytes)?;
    let text = elf.text();
    let (mut shortfalls, mut of_frames) = (Shortfalls::default(), Shortfalls::default());
    let sections = DebugSections::load(&elf, &mut shortfalls);
    let mut budget = Budget::for_bytes(bytes.len().saturating_add(sections.size));
    let mut survey = Survey::of(&sections, &mut budget, &mut shortfalls, step_done)?;
    let choice = choice.filter(|choice| sections.size >= choice.large);
    let part = choice.map(|choice| chosen(&mut survey, choice, &mut budget, step_done)).transpose()?.flatten();
    let (described, frames) = rayon::join(
        || reading::units::read(survey, &text, &mut budget.share(), &mut shortfalls, step_done),
        || code::frames::read(&elf, &mut of_frames),
    );
    let mut described = described?;
    step_done();
    platform::give_back_memory();
    shortfalls.extend(&of_frames);

    let candidates = code::landmarks::candidates(&elf, &text, &mut budget, step_done)?;
    let is_part = part.is_some();
    let parts = Parts { elf: &elf, text: &text, described: &mut described, frames, candidates: &candidates, is_part };
    let Sited { code, sites, shared } = parts.sited(&mut budget, &mut shortfalls, step_done)?;
    let of_code = || {
        step_done();
        let dominance = code::implied::dominance(&sites, &code);
        let landmarks = code::landmarks::find(&candidates, &elf, &code, &text, &mut shortfalls);
        drop(code);
        (dominance, landmarks)
    };
    let of_lines = || {
        let (files, place) = used_files(described.paths.into_order(), &sites, &shared);
        let (files, digests): (Vec<_>, Vec<_>) = files.into_iter().unzip();
        let (lines, probes, also) = number_lines(&sites, &shared, &place, files.len());
        step_done();
        let of_index = (&place[..], &lines[..]);
        let functions =
            lines::functions::name(described.functions, &elf, &sites, &shared, of_index, &mut budget.share());
        drop(shared);
        functions.map(|functions| (files, digests, lines, probes, also, functions))
    };
    // At the same time, unless the memory for both would be more than all that was needed before.
    let ((dominance, landmarks), of_lines) =
        if sites.len() < MANY { rayon::join(of_code, of_lines) } else { (of_code(), of_lines()) };
    let (files, digests, lines, probes, also, (functions, owners)) = of_lines?;
    drop(sites);
    step_done();
    platform::give_back_memory();
    budget.settle()?;
    let warnings = shortfalls.into_warnings();
    let build_id = elf.build_id();
    Ok(ImageIndex {
        build_id,
        files,
        digests,
        lines,
        functions,
        owners,
        probes,
        also,
        dominance,
        landmarks,
        warnings,
        part,
    })
}

/// Leaves out of a survey what is not chosen; gives what is left, if it is not everything.
fn chosen(
    survey: &mut Survey<'_>,
    choice: &SourceChoice<'_>,
    budget: &mut Budget,
    step_done: &(dyn Fn() + Sync),
) -> Result<Option<ReadPart>, IndexError> {
    let named = survey.named(budget, step_done)?;
    let wanted = (choice.wanted)(&named.paths);
    Ok(survey.narrow(&named, &wanted).then_some(ReadPart { sources: named.paths, is_read: wanted }))
}

/// Reads no more of an image than its landmarks: of one that is not measured nothing else is wanted.
///
/// # Errors
/// As [`index`](fn@index).
pub fn landmarks(bytes: &[u8]) -> Result<ImageIndex, IndexError> {
    let elf = Elf::parse(bytes)?;
    let text = elf.text();
    let mut shortfalls = Shortfalls::default();
    let mut budget = Budget::for_bytes(bytes.len());
    let mut ranges = code::frames::read(&elf, &mut shortfalls).functions;
    ranges.extend(sited::functions_of_symbols(&elf));
    let candidates = code::landmarks::candidates(&elf, &text, &mut budget, &|| ())?;
    let code = sited::around(&candidates, ranges, &text, &mut budget)?;
    let landmarks = code::landmarks::find(&candidates, &elf, &code, &text, &mut shortfalls);
    budget.settle()?;
    let warnings = shortfalls.into_warnings();
    Ok(ImageIndex { build_id: elf.build_id(), landmarks, warnings, ..ImageIndex::default() })
}

/// How the code of an image opens files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpensFilesBy {
    /// By the GNU C library that is in it.
    GnuLibrary,
    /// By system calls of its own, in ways of which nothing is known.
    Itself,
}

/// How an image opens files; `None` if it has others do that.
pub(crate) fn opens_files_by(bytes: &[u8]) -> Option<OpensFilesBy> {
    const GO: [&str; 2] = [".go.buildinfo", ".note.go.buildid"];
    let elf = Elf::parse(bytes).ok()?;
    if GO.iter().any(|section| elf.section_data(section).is_some_and(|data| !data.is_empty())) {
        return Some(OpensFilesBy::Itself);
    }
    let is_gnu = |function: reading::elf::FunctionSymbol<'_>| function.is_named("gnu_get_libc_version");
    let has_gnu = elf.exports("gnu_get_libc_version") || elf.functions().any(is_gnu);
    has_gnu.then_some(OpensFilesBy::GnuLibrary)
}

/// Whether an image brings a leak checker along (LeakSanitizer, alone or in AddressSanitizer), or is linked to one.
pub(crate) fn has_leak_checker(bytes: &[u8]) -> bool {
    let names = ["libasan.so", "liblsan.so", "libclang_rt.asan", "libclang_rt.lsan", "__lsan_do_leak_check"];
    let holds = |section: &[u8]| names.iter().any(|name| memchr::memmem::find(section, name.as_bytes()).is_some());
    Elf::parse(bytes).is_ok_and(|elf| {
        [".dynstr", ".strtab"].iter().any(|strings| elf.section_data(strings).is_some_and(|strings| holds(&strings)))
    })
}

/// The paths that have sites, sorted, and for every path its place among them.
fn used_files(mut paths: Vec<DescribedFile>, sites: &[Site], shared: &[Told]) -> (Vec<DescribedFile>, Vec<u32>) {
    let mut used = vec![false; paths.len()];
    for file in sites.iter().map(|site| site.file).chain(shared.iter().map(|told| told.file)) {
        used[file.0 as usize] = true;
    }
    let mut order: Vec<usize> = (0..paths.len()).filter(|i| used[*i]).collect();
    order.sort_unstable_by(|a, b| paths[*a].cmp(&paths[*b]));
    let mut place = vec![u32::MAX; paths.len()];
    for (new, old) in order.iter().enumerate() {
        place[*old] = new as u32;
    }
    (order.into_iter().map(|old| std::mem::take(&mut paths[old])).collect(), place)
}

/// The lines that have sites, the sites as probes of these lines, and what else these tell, all sorted.
///
/// `shared` tells the other lines of sites, in order of address, as the sites are.
fn number_lines(
    sites: &[Site],
    shared: &[Told],
    place: &[u32],
    files: usize,
) -> (Vec<Line>, Vec<Probe>, Vec<AlsoTold>) {
    let place = |file: FileId| place[file.0 as usize] as usize;
    // The sites, and then what is shared, by number.
    let of_sites = sites.iter().map(|site| (site.file, site.line));
    let all = || of_sites.clone().chain(shared.iter().map(|told| (told.file, told.line)));
    let count = sites.len() + shared.len();
    let mut starts = vec![0; files + 1];
    all().for_each(|(file, _)| starts[place(file) + 1] += 1);
    (0..files).for_each(|file| starts[file + 1] += starts[file]);
    let (mut by_line, mut next) = (vec![0u64; count], starts.clone());
    for ((file, line), i) in all().zip(0u32..) {
        let at = &mut next[place(file)];
        // One number each, line before site, because numbers are sorted fastest.
        by_line[*at] = u64::from(line) << 32 | u64::from(i);
        *at += 1;
    }
    let lengths = starts.windows(2).map(|ends| ends[1] - ends[0]);
    let mut rest = &mut by_line[..];
    let of_files: Vec<&mut [u64]> = lengths.map(|len| rest.split_off_mut(..len).unwrap_or_default()).collect();
    of_files.into_par_iter().for_each(|of_file| of_file.par_sort_unstable());

    let mut lines: Vec<Line> = Vec::new();
    let mut number_of = vec![0u32; count];
    for key in by_line {
        let i = key as u32 as usize;
        let file = sites.get(i).map_or_else(|| shared[i - sites.len()].file, |site| site.file);
        let line = Line { file: place(file) as u32, number: (key >> 32) as u32 };
        if lines.last() != Some(&line) {
            lines.push(line);
        }
        number_of[i] = lines.len() as u32 - 1;
    }
    let (of_sites, of_shared) = number_of.split_at(sites.len());
    let probe =
        |(s, line): (&Site, &u32)| Probe { offset: s.offset, line: *line, original: s.original, straight: s.straight };
    let mut probes: Vec<Probe> = sites.iter().zip(of_sites).map(probe).collect();
    let mut at = 0;
    let site_of = |told: &Told| {
        at += sites[at..].partition_point(|site| site.address < told.address);
        sites[at].offset
    };
    let offsets: Vec<FileOffset> = shared.iter().map(site_of).collect();
    // Addresses order offsets too, unless segments are stored in another order than they are loaded.
    probes.sort_by_key(|probe| probe.offset);
    let probe_at = |offset: &FileOffset| probes.partition_point(|probe| probe.offset < *offset) as u32;
    let also = offsets.iter().zip(of_shared).map(|(offset, line)| AlsoTold { probe: probe_at(offset), line: *line });
    let mut also: Vec<AlsoTold> = also.collect();
    also.sort_unstable();
    (lines, probes, also)
}
